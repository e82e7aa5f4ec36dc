"""A line search for the strong Wolfe conditions: bracket a good step, then narrow the bracket by cubics.

After Nocedal & Wright, "Numerical Optimization", algorithms 3.5 and 3.6, with the safeguards of PyTorch's
LBFGS, so that both try the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from tinygrad_ext._core import Tensor


class Point(NamedTuple):
    """A step of a given length, and the loss, its gradient and its slope there."""

    length: float
    loss: float
    gradient: Tensor
    slope: float


def strong_wolfe(
    value: Callable[[float], tuple[float, Tensor]],
    length: float,
    direction: Tensor,
    loss: float,
    gradient: Tensor,
    slope: float,
    most: int,
    decrease: float = 1e-4,
    curvature: float = 0.9,
    smallest: float = 1e-9,
) -> tuple[float, Tensor, float, int]:
    """Find a step along `direction` that lowers the loss enough and flattens its slope enough.

    Parameters
    ----------
    value : callable
        From a step's length to the loss and its gradient [n] there.
    length : float
        The step to try first.
    direction, gradient : Tensor
        The direction [n] and the gradient [n] where it starts.
    loss, slope : float
        The loss and its slope along `direction` there.
    most : int
        How many steps to try after the first.
    decrease, curvature : float
        The constants c1 and c2 of ``loss' <= loss + c1 t slope`` and ``|slope'| <= c2 |slope|``.
    smallest : float
        A bracket narrower than this is not narrowed.

    Returns
    -------
    loss : float
    gradient : Tensor
        Both at the step that was found.
    length : float
    calls : int
        How often `value` was called.
    """
    calls = 0

    def at(length: float) -> Point:
        nonlocal calls
        calls += 1
        new_loss, new_gradient = value(length)
        return Point(length, new_loss, new_gradient, float(new_gradient.dot(direction)))

    def too_high(p: Point) -> bool:
        return p.loss > loss + decrease * p.length * slope

    start = Point(0.0, loss, gradient, slope)
    previous, new = start, at(length)
    tried, done = 0, False
    bracket = [start, new]
    while tried < most:
        if too_high(new) or (tried > 1 and new.loss >= previous.loss):
            bracket = [previous, new]
            break
        if abs(new.slope) <= -curvature * slope:
            bracket, done = [new], True
            break
        if new.slope >= 0:
            bracket = [previous, new]
            break
        low, high = new.length + 0.01 * (new.length - previous.length), new.length * 10
        previous, new = new, at(_cubic_minimum(previous, new, low, high))
        tried += 1
    if tried == most:
        bracket = [start, new]

    # The bracket holds a step that satisfies the conditions; `low` is its end with the lower loss.
    size = float(direction.abs().max())
    stalled = False
    low_at, high_at = (0, 1) if bracket[0].loss <= bracket[-1].loss else (1, 0)
    while not done and tried < most:
        least, largest = sorted(p.length for p in bracket)
        if (largest - least) * size < smallest:
            break
        length = _cubic_minimum(bracket[0], bracket[1], least, largest)
        # A step that lies near an end of the bracket for the second time, or beyond it, is moved inwards.
        margin = 0.1 * (largest - least)
        near_end = min(largest - length, length - least) < margin
        if near_end and (stalled or length >= largest or length <= least):
            length = largest - margin if abs(length - largest) < abs(length - least) else least + margin
            stalled = False
        else:
            stalled = near_end
        new = at(length)
        tried += 1
        if too_high(new) or new.loss >= bracket[low_at].loss:
            bracket[high_at] = new
            low_at, high_at = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
        else:
            if abs(new.slope) <= -curvature * slope:
                done = True
            elif new.slope * (bracket[high_at].length - bracket[low_at].length) >= 0:
                bracket[high_at] = bracket[low_at]
            bracket[low_at] = new
    best = bracket[low_at]
    return best.loss, best.gradient, best.length, calls


def _cubic_minimum(a: Point, b: Point, least: float, most: float) -> float:
    """Where the cubic through both points and slopes is lowest, within [least, most] (equation 3.59)."""
    if a.length > b.length:
        a, b = b, a
    width = b.length - a.length
    d1 = a.slope + b.slope - 3 * (b.loss - a.loss) / width if width else float("nan")
    square = d1 * d1 - a.slope * b.slope
    if not 0 <= square < math.inf:
        return (least + most) / 2.0
    d2 = math.sqrt(square)
    bottom = b.slope - a.slope + 2 * d2
    if bottom == 0:
        return (least + most) / 2.0
    return min(max(b.length - width * ((b.slope + d2 - d1) / bottom), least), most)
