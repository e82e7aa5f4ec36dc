"""The table and the trace file."""

from __future__ import annotations

import gzip
import json
import threading

import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn


@pytest.fixture
def p():
    """Two steps of a small network, a label, a second thread."""
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    with tg.profile(record_shapes=True) as profile:
        for _ in range(2):
            with tg.profiler.record_function("step"):
                optimizer.zero_grad()
                model(tg.ones(3, 4)).sum().backward()
                optimizer.step()
        thread = threading.Thread(target=lambda: tg.ones(2).exp(), name="other")
        thread.start()
        thread.join()
    return profile


def body(table):
    """The rows, between the second and the third rule."""
    lines = table.splitlines()
    rules = [i for i, line in enumerate(lines) if set(line) == {"-"}]
    return lines[rules[1] + 1 : rules[2]]


def test_table(p):
    lines = p.table().splitlines()
    assert lines[0] == lines[2] == "-" * len(lines[0])
    columns = ["name", "calls", "forward", "backward", "self %", "total", "average", "GFLOP", "bytes", "GB/s"]
    assert all(name in lines[1] for name in columns)
    linear = next(line for line in lines if line.startswith("linear "))
    assert linear.split()[1:3] == ["4", "4"]
    assert "in all" in lines[-1]
    assert "Python and idle" in lines[-1]
    assert str(p) == p.table()
    assert not any(line != line.rstrip() for line in lines)


def test_order(p):
    averages = p.key_averages()
    for key in ("self_time", "total_time", "forward_time", "backward_time", "average_time", "flops", "bytes"):
        values = {row.name: getattr(row, key) for row in averages}
        order = [values[line.split("  ")[0].strip()] for line in body(averages.table(sort_by=key))]
        assert order == sorted(values.values(), reverse=True)
    names = [line.split()[0] for line in body(averages.table(sort_by="name"))]
    assert names == sorted(names)
    assert body(averages.table("cpu_time_total")) == body(averages.table("total_time"))
    assert body(p.table(group_by="module", sort_by=None))[0].startswith("(outside of modules)")


def test_unknown_names(p):
    with pytest.raises(ValueError, match=r"no sort_by='speed'; known are self_time, total_time"):
        p.table(sort_by="speed")
    with pytest.raises(ValueError, match=r"no group_by='layer'; known are op, module"):
        p.table(group_by="layer")
    with pytest.raises(ValueError, match="needs profile"):
        p.key_averages(group_by_input_shape=True, group_by="module")


def test_row_limit(p):
    rows = len(p.key_averages())
    assert len(body(p.table(row_limit=-1))) == rows
    limited = body(p.table(row_limit=3))
    assert limited[3:] == [f"... and {rows - 3} more"]


def test_rows_by_shape(p):
    rows = [row for row in p.key_averages(group_by_input_shape=True) if row.name == "linear" and row.calls]
    assert [row.input_shapes for row in rows] == [((3, 4), (8, 4), (8,)), ((3, 8), (2, 8), (2,))]
    assert [row.calls for row in rows] == [2, 2]
    assert "linear [3, 4], [8, 4], [8]" in p.key_averages(group_by_input_shape=True).table()


def test_shapes_are_kept_where_asked_for():
    with tg.profile() as p:
        tg.ones(2, 3).exp()
    assert all(event.input_shapes == [] for event in p.events())
    with pytest.raises(ValueError, match="group_by_input_shape needs profile"):
        p.key_averages(group_by_input_shape=True)
    with tg.profile(record_shapes=True) as p:
        tg.nn.functional.linear(tg.ones(2, 3), tg.ones(4, 3))
    assert p.events()[-1].input_shapes == [(2, 3), (4, 3), None]


def test_pytorchs_names(p):
    row = next(row for row in p.key_averages() if row.name == "linear")
    assert row.key == "linear"
    assert row.count == 8
    assert row.cpu_time_total == row.total_time * 1e6
    assert row.self_cpu_time_total == row.self_time * 1e6
    assert row.cpu_time == pytest.approx(row.cpu_time_total / 8)


@pytest.mark.parametrize("name", ["trace.json", "trace.json.gz"])
def test_trace(p, tmp_path, name):
    path = tmp_path / name
    p.export_chrome_trace(path)
    with gzip.open(path, "rt") if name.endswith("gz") else open(path) as file:
        trace = json.load(file)
    events = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    expected = p.events()
    assert [event["name"] for event in events] == [event.name for event in expected]
    for event, other in zip(events, expected, strict=True):
        assert event["ts"] == pytest.approx(other.start * 1e6)
        assert event["dur"] == pytest.approx(other.duration * 1e6)
        assert event["cat"] == f"{other.kind},{other.phase}"
    linear = next(event for event in events if event["name"] == "linear")
    assert linear["args"] == {
        "module": "Sequential.0 (Linear)",
        "flops": 3 * 8 * 9,
        "bytes": 4 * (12 + 32 + 8 + 24),
        "input shapes": [[3, 4], [8, 4], [8]],
    }
    names = [e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "thread_name"]
    assert len(names) == 2
    assert "MainThread" in names


def test_trace_nests(p, tmp_path):
    """On each thread an event is inside another or apart from it, never half of each."""
    p.export_chrome_trace(tmp_path / "trace.json")
    trace = json.loads((tmp_path / "trace.json").read_text())
    stacks = {}
    for event in (event for event in trace["traceEvents"] if event["ph"] == "X"):
        stack = stacks.setdefault(event["tid"], [])
        begin, end = event["ts"], event["ts"] + event["dur"]
        while stack and stack[-1] <= begin:
            stack.pop()
        assert not stack or end <= stack[-1] + 1e-6
        stack.append(end)
    assert len(stacks) == 2
