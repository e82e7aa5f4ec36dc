"""What is recorded: calls counted by hand, bytes, nesting, times that add up; and that nothing upsets it."""

from __future__ import annotations

import gc
import threading

import pytest

import tinygrad_ext as tg
from tinygrad_ext.profiler import record_function


def rows(p, **settings):
    return {row.name: row for row in p.key_averages(**settings)}


def named(p, name):
    return [event for event in p.events() if event.name == name]


def program(steps=1):
    """Per step: one mul, one exp, one sum; backward their three rules, of which exp's and mul's multiply."""
    x = tg.ones(3, 4, requires_grad=True)
    for _ in range(steps):
        (x * 2.0).exp().sum().backward()


def test_calls_are_exact():
    with tg.profile() as p:
        program(steps=5)
    found = rows(p)
    assert {name: (found[name].calls, found[name].backward_calls) for name in ("mul", "exp", "sum")} == {
        "mul": (5, 10),  # its own rule, within which it multiplies, and the multiplication in exp's
        "exp": (5, 5),
        "sum": (5, 5),
    }
    assert (found["backward"].calls, found["backward"].backward_calls) == (0, 5)
    assert len(named(p, "mul")) == 5 + 10
    assert len(named(p, "mul backward")) == 5
    assert found["exp"].count == 10


def test_functions_that_are_no_operations_are_left_out():
    with tg.profile() as p:
        tg.is_grad_enabled()
        tg.get_num_threads()
        program()
    assert {"is_grad_enabled", "get_num_threads"}.isdisjoint(event.name for event in p.events())
    (whole,) = named(p, "backward")
    assert (whole.kind, whole.depth) == ("engine", 0)


def test_phases_are_apart():
    with tg.profile() as p:
        program()
    found = rows(p)
    assert found["exp"].forward_time > 0
    assert found["exp"].backward_time > 0
    assert found["exp"].total_time == found["exp"].forward_time + found["exp"].backward_time
    assert found["backward"].forward_time == 0
    assert {event.phase for event in named(p, "exp backward")} == {"backward"}
    assert {event.phase for event in named(p, "exp")} == {"forward"}


def test_a_rule_is_around_what_it_runs():
    with tg.profile() as p:
        program()
    events = p.events()
    around = {}
    stack = []
    for event in events:
        stack = stack[: event.depth]
        around.setdefault(event.name, []).append([outer.name for outer in stack])
        stack.append(event)
    assert around["exp backward"] == [["backward"]]
    assert ["backward", "exp backward"] in around["mul"]
    assert ["backward", "mul backward"] in around["mul"]


def test_self_times_add_up():
    with tg.profile() as p:
        program(steps=20)
    events = p.events()
    outer = sum(event.duration for event in events if event.depth == 0)
    assert sum(event.self_time for event in events) == pytest.approx(outer, rel=1e-9)
    assert sum(row.self_time for row in p.key_averages()) <= p.duration
    assert outer <= p.duration
    assert all(event.self_time >= 0 for event in events)
    assert all(0 <= event.start <= event.start + event.duration <= p.duration + 1e-6 for event in events)


@pytest.mark.parametrize(
    ("run", "name", "size"),
    [
        (lambda a, b: a + b, "add", (12 + 4 + 12) * 4),
        (lambda a, b: a.double().sum(), "sum", (12 + 1) * 8),
        (lambda a, b: a @ b, "matmul", (12 + 4 + 3) * 4),
        (lambda a, b: a.reshape(2, 6), "reshape", 0),
        (lambda a, b: a.t(), "transpose", 0),
        (lambda a, b: a[1:], "slice", 0),
        (lambda a, b: a.t().contiguous(), "contiguous", 2 * 12 * 4),
        (lambda a, b: a.add_(b), "add_", (12 + 4 + 12) * 4),
        (lambda a, b: a.copy_(b), "copy_", (4 + 12) * 4),
        (lambda a, b: a > b, "gt", (12 + 4) * 4 + 12),
        (lambda a, b: tg.cat([a, a, a]), "cat", 2 * 3 * 12 * 4),
        (lambda a, b: tg.zeros(5), "zeros", 5 * 4),
    ],
)
def test_bytes(run, name, size):
    a, b = tg.ones(3, 4), tg.ones(4)
    with tg.profile() as p:
        run(a, b)
    assert rows(p)[name].bytes == size


def test_bytes_of_an_optimizer():
    """Adam reads a gradient and reads and writes the parameter and its two averages."""
    x = tg.ones(100, requires_grad=True)
    optimizer = tg.optim.Adam([x])
    x.sum().backward()
    with tg.profile() as p:
        optimizer.step()
    assert rows(p)["adam"].bytes == (1 + 3 * 2) * 100 * 4


def test_what_is_made_of_others_counts_once():
    """addbmm is addmm of reshaped operands; the work is the product's, and both rows show it."""
    c, a, b = tg.ones(2, 4), tg.ones(5, 2, 3), tg.ones(5, 3, 4)
    with tg.profile() as p:
        tg.addbmm(c, a, b)
    found = rows(p)
    assert found["addbmm"].flops == found["addmm"].flops == 2 * 4 * (2 * 15 + 1)
    assert sum(event.flops for event in p.events()) == 2 * 4 * (2 * 15 + 1)


def test_a_label_is_a_row():
    @record_function("outer")
    def again(n):
        x = tg.ones(2).exp()
        return x if n == 0 else again(n - 1)

    with tg.profile() as p:
        again(2)
        with record_function("block"):
            tg.ones(2).log()
    found = rows(p)
    assert found["outer"].calls == 1  # the two inner ones are inside it
    assert len(named(p, "outer")) == 3
    assert found["block"].calls == 1
    assert found["block"].total_time >= found["log"].total_time
    assert found["block"].self_time < found["block"].total_time
    assert [event.depth for event in named(p, "log")] == [1]


def test_a_label_around_backward_has_both_phases():
    with tg.profile() as p, record_function("step"):
        program()
    found = rows(p)
    assert found["step"].backward_time == found["backward"].backward_time
    assert found["step"].forward_time > 0
    (event,) = named(p, "step")
    assert found["step"].total_time == pytest.approx(event.duration)


def test_labels_may_cross():
    with tg.profile() as p:
        a, b = record_function("a"), record_function("b")
        a.__enter__()
        b.__enter__()
        a.__exit__(None, None, None)  # b ends with it
        tg.ones(2).exp()
        b.__exit__(None, None, None)
    assert [event.depth for event in named(p, "exp")] == [0]
    a, b = named(p, "a")[0], named(p, "b")[0]
    assert a.start + a.duration == pytest.approx(b.start + b.duration)


def test_a_label_outside_of_a_profile_does_nothing():
    with record_function("nobody looks"):
        assert tg.ones(2).sum().item() == 2
    with tg.profile() as p:
        pass
    assert p.events() == []
    with pytest.raises(TypeError, match="record_function: the name must be a str, got int"):
        record_function(3)


def test_an_exception_leaves_everything_in_order():
    p = tg.profile()
    a, b = tg.ones(2), tg.ones(3)
    with pytest.raises(RuntimeError, match="add"), p:
        a + b
    assert [event.name for event in p.events()][-1] == "add"
    assert named(p, "add")[0].duration > 0
    with tg.profile() as p:
        with pytest.raises(RuntimeError):
            tg.ones(2) + tg.ones(3)
        tg.ones(2).exp()
    assert [event.depth for event in named(p, "exp")] == [0]


def test_an_exception_in_backward():
    x = tg.ones(2, requires_grad=True)
    y = x * 1.0
    z = y.exp()

    def fails(grad):
        raise KeyError("hook")

    y.register_hook(fails)
    with tg.profile() as p:
        with pytest.raises(KeyError):
            z.sum().backward()
        tg.ones(2).log()
    assert named(p, "log")[0].phase == "forward"
    assert named(p, "log")[0].depth == 0


def test_one_profile_at_a_time():
    with tg.profile() as p:
        with pytest.raises(RuntimeError, match="a profile is being taken already"), tg.profile():
            pass
        tg.ones(2).exp()
    assert len(named(p, "exp")) == 1
    with pytest.raises(RuntimeError, match="no profile is being taken"):
        p.stop()
    assert len(named(p, "exp")) == 1


def test_results_come_after_the_end():
    p = tg.profile()
    with pytest.raises(RuntimeError, match="before stop"):
        p.table()
    assert repr(p) == str(p) == "<profile: without results>"
    p.start()
    with pytest.raises(RuntimeError, match="before stop"):
        p.events()
    p.stop()
    assert p.events() == []
    assert "outside of operations" in str(p)


def test_a_profile_can_be_taken_twice():
    p = tg.profile()
    for _ in range(2):
        with p:
            tg.ones(2).exp()
        tg.ones(2).log()  # unseen
        assert [event.name for event in p.events()].count("exp") == 1
        assert not named(p, "log")


def test_old_graphs_belong_to_no_module():
    model = tg.nn.Linear(2, 2)
    with tg.profile():
        y = model(tg.ones(1, 2)).sum()
    with tg.profile() as p:
        y.backward()
    assert {event.module for event in p.events()} == {"(outside of modules)"}


def test_threads():
    def work():
        for _ in range(50):
            program()

    threads = [threading.Thread(target=work, name=f"worker {i}") for i in range(4)]
    with tg.profile() as p:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tg.ones(2).log()
    found = rows(p)
    assert found["exp"].calls == found["exp"].backward_calls == 200
    assert found["log"].calls == 1
    by_thread = {}
    for event in p.events():
        by_thread.setdefault(event.thread, []).append(event.name)
    assert len(by_thread) == 5
    (main,) = (names for names in by_thread.values() if "log" in names)
    assert "exp" not in main


def test_a_thread_may_outlive_the_profile():
    begun, ended = threading.Event(), threading.Event()

    def work():
        with record_function("long"):
            tg.ones(2).exp()
            begun.set()
            ended.wait()
        tg.ones(2).log()

    thread = threading.Thread(target=work)
    with tg.profile() as p:
        thread.start()
        begun.wait()
    with tg.profile() as later:
        ended.set()
        thread.join()
    assert named(p, "long")[0].duration > 0
    assert not named(later, "long")
    assert [event.depth for event in named(later, "log")] == [0]


def test_a_profile_may_end_inside_backward():
    p = tg.profile()
    x = tg.ones(2, requires_grad=True)
    y = x * 2.0
    y.register_hook(lambda grad: p.stop())
    p.start()
    y.exp().sum().backward()
    assert x.grad.tolist() == pytest.approx([2 * 7.38905609893065] * 2, rel=1e-6)
    assert named(p, "exp backward")
    assert not named(p, "mul backward")
    (whole,) = named(p, "backward")
    assert whole.start + whole.duration <= p.duration + 1e-6


def test_create_graph():
    x = tg.ones(3, requires_grad=True)
    with tg.profile() as p:
        (g,) = tg.autograd.grad((x**3).sum(), x, create_graph=True)
        g.sum().backward()
    assert x.grad.tolist() == [6.0] * 3
    found = rows(p)
    assert found["grad"].backward_calls == found["backward"].backward_calls == 1
    assert len(named(p, "pow backward")) >= 2


def test_backward_inside_backward():
    """As checkpointing does: the forward is run again inside the rule, and differentiated there."""

    class Again(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.exp()

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            with tg.enable_grad():
                x = x.detach().requires_grad_()
                x.exp().backward(dy)
            return x.grad

    x = tg.ones(3, requires_grad=True)
    with tg.profile() as p:
        Again.apply(x).sum().backward()
    assert x.grad.tolist() == pytest.approx([2.718281828459045] * 3, rel=1e-6)
    found = rows(p)
    assert (found["exp"].calls, found["exp"].backward_calls) == (1, 2)
    assert found["backward"].backward_calls == 1  # the inner one is inside it
    assert len(named(p, "backward")) == 2
    assert found["Again"].backward_calls == 1
    inner = sum(event.self_time for event in p.events() if event.phase == "backward")
    assert inner == pytest.approx(found["backward"].backward_time)


def test_only_so_many_events():
    with tg.profile(max_events=10) as p:
        for _ in range(25):
            tg.ones(2)
        with tg.profiler.record_function("late"):
            program()
    assert len(p.events()) == 10
    assert "only the first 10 events were recorded; " in p.table()
    with pytest.raises(ValueError, match="max_events must be at least 1, got 0"):
        tg.profile(max_events=0)
    with tg.profile() as p:
        program()
    assert "only the first" not in p.table()


def test_peak_memory():
    with tg.profile(profile_memory=True) as p:
        a = tg.ones(1000, 1000)
        del a
        gc.collect()
    assert 4_000_000 <= p.peak_memory < 100_000_000
    assert "in use by tensors" in p.table()
    with tg.profile() as p:
        pass
    assert p.peak_memory is None
