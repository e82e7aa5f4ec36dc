"""The benchmark suite: its words for bad input, its report of peers that fail, its statistics."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import faulty
import numpy as np
import pytest

import bench
from bench import measure as measuring, startup
from bench.__main__ import main
from bench.case import Case, numbers, steps
from bench.cases import chosen, every
from bench.libraries import LIBRARIES, PEERS
from bench.measure import Measured, Outcome, Processes, check, disagreement, measure


def take(label, processes):
    return measure(faulty.CASES[label], processes, rounds=2, seconds=1e-4, peaks=False)


@pytest.fixture(scope="module")
def processes():
    with Processes(1, source="faulty") as found:
        yield found


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("right", ""),
        ("slightly off", "disagrees: result 1 by 1.0e-03 of its largest value, 1e-04 allowed"),
        ("other shape", "disagrees: shapes [(4,), (3,)], expected [(4,), (2,)]"),
        ("not a number", "disagrees: result 1 by nan of its largest value, 1e-04 allowed"),
        ("unprepared", "failed: ValueError: no way to do it"),
        ("later", "failed: ZeroDivisionError: division by zero"),
        ("dying", "failed: its process died"),
    ],
)
def test_a_peer_that_fails_is_reported_and_the_others_are_measured(processes, name, problem):
    found = take(f"peer {name}", processes)
    ours, peer = found.outcomes["tinygrad_ext"], found.outcomes["numpy"]
    assert peer.problem == problem
    assert len(peer.turns) == (0 if problem else 2)
    assert not ours.problem
    assert len(ours.turns) == 2
    assert found.best_peer == (None if problem else "numpy")


def test_a_peer_that_hangs_is_ended(processes, monkeypatch):
    processes.start("numpy")
    monkeypatch.setattr(measuring, "PATIENCE", 1.0)
    state, value = processes.ask("numpy", "check", "peer hanging")
    assert (state, value) == ("failed", "no answer within 1 s")
    assert "numpy" not in processes.running


def test_a_peer_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(measuring, "installed", lambda name: name != "numpy")
    with Processes(1, source="faulty") as processes:
        assert take("peer right", processes).outcomes["numpy"].problem == "not installed"


def test_peers_are_measured_where_this_library_fails(processes):
    found = take("ours dying", processes)
    assert found.outcomes["tinygrad_ext"].problem == "failed: its process died"
    assert len(found.outcomes["numpy"].turns) == 2
    assert found.best_peer is None


def test_what_is_compared_is_the_work_from_its_beginning(processes):
    for _ in range(2):  # the second time, both have counted on meanwhile, neither as far as the other
        assert take("peer counting", processes).outcomes["numpy"].problem == ""
        state, value = processes.ask("numpy", "check", "peer counting")
        assert state == "ok"
        assert value[0].tolist() == [1.0]


def test_unknown_cases_and_peers_are_answered_with_the_known(monkeypatch, capsys):
    with pytest.raises(LookupError, match=r"no case 'sgem8'; the groups are sgemm, .*training.*startup"):
        chosen(["sgemm", "sgem8"])

    monkeypatch.setattr("sys.argv", ["bench", "run", "lenett"])
    assert main() == 2
    assert "no case 'lenett'; the groups are sgemm" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["bench", "run", "sgemm", "--peers", "tensorflow"])
    with pytest.raises(SystemExit, match="2"):
        main()
    said = capsys.readouterr().err
    assert all(peer in said for peer in ("tensorflow", *PEERS))


@pytest.mark.parametrize("built", [True, False])
def test_a_source_tree_hides_the_installed_library_only_if_it_is_built(monkeypatch, tmp_path, built):
    (tmp_path / "tinygrad_ext").mkdir()
    if built:
        (tmp_path / "tinygrad_ext" / f"_core{EXTENSION_SUFFIXES[0]}").touch()
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    tests = str(tmp_path / "tests")
    want = [tests, str(tmp_path), "/site"] if built else [tests, "/site", str(tmp_path)]
    assert bench.arrange([str(tmp_path), "/site", tests]) == want


def test_installed_size_is_that_of_the_files(monkeypatch, tmp_path):
    """A package of 1000 bytes that is nowhere installed, with what a source tree of this library needs."""
    folder = tmp_path / "loose"
    (folder / "__pycache__").mkdir(parents=True)
    for name, size in {"__init__.py": 0, "data.bin": 1000, "__pycache__/x.pyc": 77}.items():
        (folder / name).write_bytes(bytes(size))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(LIBRARIES, "loose", ("loose", "nowhere-installed"))
    monkeypatch.setattr(startup, "SOURCE_NEEDS", ())
    assert startup.installed_size("loose") == 1000
    assert startup.installed_size("numpy") > sum(
        file.stat().st_size for file in Path(np.__file__).parent.rglob("*.so")
    )


def test_import_time_is_that_of_a_fresh_interpreter(monkeypatch):
    monkeypatch.setitem(startup.STATEMENTS, "numpy", "import time; time.sleep(0.5)")
    assert 0.3 < startup.import_time("numpy") < 10
    monkeypatch.setitem(startup.STATEMENTS, "numpy", "import nothing_of_this_name")
    with Processes(1) as processes:
        assert processes.ask("numpy", "import") == (
            "failed",
            "RuntimeError: ModuleNotFoundError: No module named 'nothing_of_this_name'",
        )


def test_cases_are_sound():
    cases = list(every().values())
    assert len({case.label for case in cases}) == len(cases)
    for case in cases:
        assert set(case.makers) <= set(LIBRARIES), case.label
        assert "tinygrad_ext" in case.makers, case.label
        assert case.peers, case.label
        assert not case.rival or case.rival in case.makers, case.label
    assert [case.label for case in chosen(["LeNet"])] == [
        "training LeNet b64 Adam",
        "peak memory LeNet b64 Adam",
    ]
    assert {case.group for case in chosen(["training"])} == {"training"}


def test_statistics():
    case = Case("group", "name", {}, rival="torch")
    turns = {
        "tinygrad_ext": [1.0, 2.0, 4.0, 2.0],
        "torch": [3.0, 8.0, 4.0, 6.0],
        "numpy": [0.5, 1.0, 2.0, 1.0],
    }
    outcomes = {name: Outcome(found) for name, found in turns.items()}
    outcomes["jax"] = Outcome(problem="not installed")
    found = Measured(case, outcomes)
    assert outcomes["tinygrad_ext"].median == 2.0
    assert outcomes["tinygrad_ext"].quartiles == (1.75, 2.5)
    assert found.ratio("torch") == 3.0  # of 3, 4, 1, 3, each of neighbouring turns
    assert found.ratio_quartiles("torch") == (2.5, 3.25)
    assert found.ratio("numpy") == 0.5
    assert np.isnan(found.ratio("jax"))
    assert found.best_peer == "numpy"
    assert found.rival == "torch"
    assert Measured(Case("group", "name", {}, rival="jax"), outcomes).rival is None


def test_disagreement_is_a_part_of_the_largest_value():
    case = Case("group", "name", {}, tolerance=0.01)
    assert disagreement(case, [np.array([100.0, 0.9])], [np.array([100.0, 0.0])]) == ""
    assert disagreement(case, [np.array([100.0, 1.1])], [np.array([100.0, 0.0])]).startswith("disagrees")


def test_steps_are_compared_by_first_gradients_and_three_losses():
    state = [0.0]

    def run():
        state[0] += 1
        return state[0]

    found = numbers(steps(run, lambda: [10 * state[0]]).compared())
    assert [float(a) for a in found] == [1, 10, 2, 3]


AGREE = {
    "training MLP 784-16-16-10 b1 SGD": ("numpy", "autograd"),
    "training MLP 784-128-64-10 b64 Adam": ("numpy", "autograd", "jax"),
    "training names MLP b32": ("autograd", "jax"),
    "training LeNet b64 Adam": ("jax",),
    "micrograd MLP 3-4-4-1 of tensors": ("micrograd",),
    "micrograd a + b x1000": ("micrograd",),
}


@pytest.fixture(scope="module")
def libraries():
    with Processes(1) as found:
        yield found


@pytest.mark.parametrize(
    ("label", "peer"), [(label, peer) for label, peers in AGREE.items() for peer in peers]
)
def test_steps_in_other_idioms_agree(libraries, label, peer):
    """Their losses and gradients against ours, which other tests compare with PyTorch."""
    outcomes = {name: Outcome() for name in ("tinygrad_ext", peer)}
    check(every()[label], libraries, outcomes)
    if outcomes[peer].problem == "not installed":
        pytest.skip(f"{peer} is not installed")
    assert {name: outcome.problem for name, outcome in outcomes.items()} == dict.fromkeys(outcomes, "")
