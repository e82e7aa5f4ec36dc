"""The statistics of `compare`: what paired turns of two builds say about a slowdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

METHOD = (
    "Ratios are HEAD's time over BASE's in the same round. A case is slower (or faster) if Wilcoxon's "
    "signed-rank test on the logarithms of the ratios, two-sided, gives p < {alpha:g} after Holm's "
    "correction over all cases, and the median ratio is beyond {threshold:.0%}. Intervals hold the median "
    "with at least 95 %, by order statistics."
)


@dataclass(frozen=True)
class Verdict:
    """What the turns of a case say: median ratio, its interval, corrected p, and slower, faster or same."""

    label: str
    ratio: float
    low: float
    high: float
    p: float
    word: str


def signed_rank(ratios: Sequence[float]) -> float:
    """The two-sided p value of Wilcoxon's test that log ratios lie around 0 (Wilcoxon, 1945); SciPy's."""
    from scipy.stats import wilcoxon

    logs = np.log(ratios)
    return float(wilcoxon(logs).pvalue) if np.any(logs != 0) else 1.0


def interval(ratios: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The narrowest pair of order statistics, as far from each end, that holds the median so surely.

    The number of values below the median is binomial with p = 1/2 whatever they are distributed as (David and
    Nagaraja, Order Statistics, section 7.1). Few values give the least and the greatest.
    """
    n, ordered = len(ratios), sorted(ratios)
    below = [math.comb(n, k) / 2**n for k in range(n + 1)]
    k = 0
    while k + 1 < (n + 1) // 2 and 1 - 2 * sum(below[: k + 2]) >= confidence:
        k += 1
    return ordered[k], ordered[n - 1 - k]


def holm(p_values: Sequence[float]) -> list[float]:
    """p values corrected for their number, in their order (Holm, 1979).

    The least is multiplied by n, the next by n - 1, and so on; none is less than the one before, none
    above 1.
    """
    n, corrected, greatest = len(p_values), [1.0] * len(p_values), 0.0
    for rank, i in enumerate(np.argsort(p_values, kind="stable")):
        greatest = max(greatest, min(1.0, (n - rank) * p_values[i]))
        corrected[i] = greatest
    return corrected


def judge(ratios: dict[str, Sequence[float]], alpha: float, threshold: float) -> list[Verdict]:
    """A verdict for each label."""
    p_values = holm([signed_rank(each) for each in ratios.values()])
    found = []
    for (label, each), p in zip(ratios.items(), p_values, strict=True):
        ratio, word = float(np.median(each)), "same"
        if p < alpha and ratio > 1 + threshold:
            word = "slower"
        elif p < alpha and ratio < 1 / (1 + threshold):
            word = "faster"
        found.append(Verdict(label, ratio, *interval(each), p, word))
    return found


def rounds_needed(cases: int, alpha: float) -> int:
    """The fewest rounds in which every turn on one side of 1 is significant after the correction: 2/2^n."""
    return math.ceil(math.log2(2 * max(1, cases) / alpha)) + 1
