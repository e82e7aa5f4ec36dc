"""Comparing commits: the statistics on turns made up for it, worktrees in a repository made for it."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

pytest.importorskip("scipy")
pytest.importorskip("tqdm")

from bench import builds, compare
from bench.case import Case
from bench.significance import holm, interval, judge, rounds_needed, signed_rank


def turns(slowdown: float, cases: int = 30, rounds: int = 31, seed: int = 0) -> dict[str, list[float]]:
    """Ratios with 3 % of noise; one in twenty turns is an outlier, as on a machine with other work."""
    random = np.random.default_rng(seed)
    made = {}
    for i in range(cases):
        noise = random.normal(0, 0.03, rounds) + random.choice([0, 0.5, -0.5], rounds, p=[0.95, 0.025, 0.025])
        made[f"case {i}"] = list(slowdown * np.exp(noise))
    return made


def test_ten_percent_are_seen():
    assert [v.word for v in judge(turns(1.1), 0.01, 0.03)] == ["slower"] * 30
    assert [v.word for v in judge(turns(1 / 1.1), 0.01, 0.03)] == ["faster"] * 30


def test_noise_is_not():
    for seed in range(10):
        assert {v.word for v in judge(turns(1.0, seed=seed), 0.01, 0.03)} == {"same"}


def test_the_threshold():
    """Without noise 2 % are significant and still not worth a word."""
    exact = {"case": [1.02 + i * 1e-5 for i in range(21)]}
    (verdict,) = judge(exact, 0.01, 0.03)
    assert verdict.word == "same"
    assert verdict.p < 1e-5
    assert judge(exact, 0.01, 0.015)[0].word == "slower"


def test_one_slow_case_among_many():
    mixed = {**turns(1.0), "slow": turns(1.15, cases=1, seed=5)["case 0"]}
    assert [v.label for v in judge(mixed, 0.01, 0.03) if v.word == "slower"] == ["slow"]


def test_signed_rank():
    """All n ratios above 1: the exact two-sided p is 2 / 2^n."""
    assert signed_rank([1.1 + i / 100 for i in range(10)]) == pytest.approx(2 / 2**10)
    assert signed_rank([1.0] * 9) == 1.0


def test_holm_by_hand():
    """0.01 x 4; 0.02 x 3; 0.03 x 2, and no less than the one before; 0.04 x 1 likewise."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(("n", "k"), [(3, 0), (6, 0), (9, 1), (15, 3), (21, 5)])
def test_interval(n, k):
    """The order statistics that tables of the sign test's interval name, at 95 %."""
    from scipy.stats import binom

    values = np.random.default_rng(n).permutation(n).astype(float)
    assert interval(list(values)) == (k, n - 1 - k)
    if n >= 6:
        assert 1 - 2 * binom.cdf(k, n, 0.5) >= 0.95
        assert 1 - 2 * binom.cdf(k + 1, n, 0.5) < 0.95


def test_rounds_needed():
    """The fewest rounds can be significant: with one less they could not."""
    for cases in (1, 10, 200):
        n = rounds_needed(cases, 0.01)
        assert cases * 2 / 2**n < 0.01 <= cases * 2 / 2 ** (n - 2)


class Fakes:
    """Builds that answer with given results and times."""

    def __init__(self, **builds):
        self.builds, self.asked = builds, []

    def ask(self, which, kind, label="", argument=None):
        self.asked.append((which, kind))
        result, seconds = self.builds[which]
        if kind == "check":
            return ("ok", [np.array(result)]) if result else ("failed", "ValueError: no")
        return "ok", seconds


def test_results_come_first(monkeypatch):
    """Then turns, and who begins changes; a build that disagrees or fails is not timed, and named."""
    monkeypatch.setattr(compare, "REST", 0)
    case = Case("g", "n", {})
    fakes = Fakes(BASE=([1.0], 1e-3), HEAD=([1.0], 2e-3))
    found = compare.turns(case, fakes, 4, 0.0)
    assert found["HEAD"].turns == [2e-3] * 4
    assert fakes.asked[:2] == [("BASE", "check"), ("HEAD", "check")]
    assert [which for which, _ in fakes.asked[2:]] == ["HEAD", "BASE", "BASE", "HEAD"] * 2
    for wrong, problem in (([1.5], "disagrees: result 0 by 5.0e-01"), ([], "failed: ValueError: no")):
        fakes = Fakes(BASE=([1.0], 1.0), HEAD=(wrong, 1.0))
        assert compare.turns(case, fakes, 4, 0.0)["HEAD"].problem.startswith(problem)
        assert {kind for _, kind in fakes.asked} == {"check"}


@pytest.fixture
def repository(tmp_path):
    """A repository of one commit, on a branch of its own name."""
    root = tmp_path / "repository"
    root.mkdir()
    (root / "file").write_text("text")
    name = ["-c", "user.name=n", "-c", "user.email=e@example.invalid"]
    for arguments in (["init", "-q", "-b", "trunk"], ["add", "file"], [*name, "commit", "-qm", "message"]):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    return root


def test_worktrees_are_removed(repository):
    """Also when what runs in them is interrupted."""
    commit = builds.resolve("trunk", repository)
    assert builds.resolve(commit[:8], repository) == commit

    def interrupted() -> None:
        with builds.worktree(commit, repository) as tree:
            seen.append(tree)
            assert (tree / "file").read_text() == "text"
            raise KeyboardInterrupt

    seen = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not seen[0].parent.exists()
    assert len(builds.git("worktree", "list", root=repository).splitlines()) == 1


def test_unknown_commits(repository):
    with pytest.raises(LookupError, match=r"no commit 'nonsense' in repository; .* trunk"):
        builds.resolve("nonsense", repository)
    with pytest.raises(LookupError, match="no commit '--all'"):
        builds.resolve("--all", repository)


def test_a_commit_that_does_not_build(repository, tmp_path, monkeypatch):
    """The end of its log is in the message; nothing is left behind."""
    monkeypatch.setattr(builds, "ROOT", repository)
    monkeypatch.setattr(builds.worktree.__wrapped__, "__defaults__", (repository,))
    with pytest.raises(builds.BuildError, match="does not build"):
        builds.built(builds.resolve("trunk", repository), tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []
