"""Graphs drawn: the lecture's own functions on tensors, and the library's own, whose text Graphviz reads."""

from __future__ import annotations

import re
import shutil
import stat
import sys

import pytest

import tinygrad_ext as tg
from tinygrad_ext import micrograd, viz
from tinygrad_ext.micrograd.engine import Value
from tinygrad_ext.viz import draw_dot, trace


def neuron(leaf):
    """The lecture's neuron of two inputs."""
    x1, x2 = leaf(2.0, "x1"), leaf(0.0, "x2")
    w1, w2 = leaf(-3.0, "w1"), leaf(1.0, "w2")
    b = leaf(6.8813735870195432, "b")
    n = x1 * w1 + x2 * w2 + b
    n.label = "n"
    o = n.tanh()
    o.label = "o"
    return o


def tensor_leaf(number, label):
    return tg.Tensor(number, requires_grad=True, dtype=tg.float64, label=label)


def value_leaf(number, label):
    return Value(number, label=label)


def lecture_trace(root):
    """As the lecture's users have it."""
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def lecture_draw_dot(root):
    """As the lecture's users have it."""
    graphviz = pytest.importorskip("graphviz")
    dot = graphviz.Digraph(format="svg", graph_attr={"rankdir": "LR"})
    nodes, edges = lecture_trace(root)
    for n in nodes:
        uid = str(id(n))
        label = "{ %s | data %.4f | grad %.4f }" % (n.label, n.data, n.grad)  # noqa: UP031
        dot.node(name=uid, label=label, shape="record")
        if n._op:
            dot.node(name=uid + n._op, label=n._op)
            dot.edge(uid + n._op, uid)
    for n1, n2 in edges:
        dot.edge(str(id(n1)), str(id(n2)) + n2._op)
    return dot


def test_the_lectures_functions_on_values():
    o = neuron(value_leaf)
    assert lecture_trace(o) == trace(o)
    before = lecture_draw_dot(o).source
    assert "{ x1 | data 2.0000 | grad 0.0000 }" in before
    o.backward()
    assert "{ x1 | data 2.0000 | grad -1.5000 }" in lecture_draw_dot(o).source


def test_the_lectures_functions_on_tensors():
    """Tensors keep an interior gradient where they are asked to; the text then is the values'."""
    o = neuron(tensor_leaf)
    nodes, edges = lecture_trace(o)
    assert (len(nodes), len(edges)) == (10, 9)
    for t in nodes:
        t.retain_grad()
    o.backward()
    value = neuron(value_leaf)
    value.backward()

    def boxes(root):
        return sorted(re.findall(r"\{ .* \}", lecture_draw_dot(root).source))

    assert boxes(o) == boxes(value)
    assert "{ x1 | data 2.0000 | grad -1.5000 }" in boxes(o)


def test_trace_is_the_lectures_on_any_graph():
    a = Value(2.0)
    for root in (a, a + a, (a * a - 1) / a, sum(micrograd.nn.MLP(2, [3, 2])([a, a]))):
        assert trace(root) == lecture_trace(root)
    x = tensor_leaf(2.0, "x")
    nodes, edges = trace(x * x + x)
    assert (len(nodes), len(edges)) == (3, 3)


def test_text_of_values():
    """The whole text, once; operands in the order they were written."""
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a * b
    c.label = "c"
    c.backward()
    assert draw_dot(c).source.splitlines() == [
        "digraph {",
        "  graph [rankdir=LR]",
        '  n0 [label="{ a | data 2.0000 | grad -3.0000 }", shape=record]',
        '  n1 [label="{ b | data -3.0000 | grad 2.0000 }", shape=record]',
        '  n2 [label="{ c | data -6.0000 | grad 1.0000 }", shape=record]',
        '  n2_op [label="*", shape=ellipse, width=0.5, height=0.5]',
        "  n2_op -> n2",
        "  n0 -> n2_op",
        "  n1 -> n2_op",
        "}",
    ]
    assert "rankdir=TB" in str(draw_dot(c, rankdir="TB"))
    assert draw_dot(a + a).source.count("->") == 2


def test_text_of_tensors():
    x = tg.ones(4, 3)
    w = tg.Tensor([[1.0, 2.0, 3.0]] * 2, requires_grad=True, label="w")
    loss = (x @ w.T).relu().mean()
    loss.label = "loss"
    text = draw_dot(loss).source
    assert '"{ w | (2, 3) float32 }"' in text
    assert '"{ loss | () float32 | data 6.0000 }"' in text
    assert '"{  | (4, 2) float32 }"' in text
    for op in ("matmul", "relu", "mean"):
        assert f'[label="{op}", shape=ellipse' in text
    o = neuron(tensor_leaf)
    o.backward()
    assert '"{ x1 | () float64 | data 2.0000 | grad -1.5000 }"' in draw_dot(o).source
    assert '"{ i | (1,) int64 | data 3.0000 }"' in draw_dot(tg.Tensor([3], label="i")).source


def test_text_is_the_same_each_time():
    def text():
        random_graph = Value(1.0)
        for i in range(20):
            random_graph = (random_graph * i + random_graph).tanh()
        return draw_dot(random_graph).source

    assert text() == text()


def test_labels_are_escaped():
    v = Value(1.0, label='{a|b} <c> "d" \\e\nf')
    out = Value(1.0, (v,), 'say "hi"')
    text = draw_dot(out).source
    assert r'"{ \{a\|b\} \<c\> \"d\" \\e\nf | data 1.0000 | grad 0.0000 }"' in text
    assert r'[label="say \"hi\"",' in text
    assert len(text.splitlines()) == 8


def test_too_many_nodes():
    v = Value(0.0)
    for _ in range(600):
        v = v + 1.0
    with pytest.raises(ValueError, match=r"1,201 nodes, more than max_nodes=1000.*raise max_nodes"):
        draw_dot(v)
    assert draw_dot(v, max_nodes=1201).nodes == 1201
    t = tg.ones((), requires_grad=True)
    for _ in range(1200):
        t = t.exp()
    with pytest.raises(ValueError, match="1,201 nodes"):
        draw_dot(t)
    x = Value(1.0)
    for _ in range(999_999):
        x = x * x
    with pytest.raises(ValueError, match="1,000,000 nodes"):
        draw_dot(x)
    del x, v


@pytest.mark.parametrize("wrong", [3.0, None, [Value(1.0)], "v"])
def test_refused(wrong):
    for function in (draw_dot, trace):
        with pytest.raises(TypeError, match=f"Value or a Tensor, got {type(wrong).__name__}"):
            function(wrong)
    with pytest.raises(ValueError, match="rankdir must be 'LR' or 'TB', got 'RL'"):
        draw_dot(Value(1.0), rankdir="RL")


def test_names():
    assert tg.viz.draw_dot is micrograd.draw_dot is draw_dot
    assert micrograd.trace is trace
    assert repr(draw_dot(Value(1.0))) == (
        "<graph of 1 nodes: .source is its DOT text, .render(path) makes a picture>"
    )
    assert isinstance(draw_dot(Value(1.0)), viz.Graph)


@pytest.fixture
def no_program(tmp_path, monkeypatch):
    """A machine without Graphviz."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A program in the place of Graphviz's dot, which says how it was called and repeats what it read."""
    pytest.importorskip("graphviz")
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "dot"
    script.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "if '-Tbad' in sys.argv: sys.exit('Format: \"bad\" not recognized')\n"
        "print(' '.join(sys.argv[1:]))\nprint(sys.stdin.read())\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


def test_without_the_program(no_program, tmp_path):
    pytest.importorskip("graphviz")
    graph = draw_dot(Value(1.0))
    assert graph._repr_svg_() is None
    with pytest.raises(RuntimeError, match=r"the Graphviz program `dot`.*\.source"):
        graph.render(tmp_path / "graph.png")
    assert list(tmp_path.iterdir()) == []


def test_without_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    graph = draw_dot(Value(1.0))
    assert graph.source.startswith("digraph {")
    assert graph._repr_svg_() is None
    with pytest.raises(ImportError, match=r"pip install 'tinygrad_ext\[viz\]'"):
        graph.render(tmp_path / "graph.png")
    for name in ("graph.dot", "graph.gv"):
        assert graph.render(tmp_path / name) == str(tmp_path / name)
        assert (tmp_path / name).read_text() == graph.source


def test_rendering(program, tmp_path):
    """The suffix is the format that the program is asked for, and the file is what it gave."""
    graph = draw_dot(Value(1.0, label="é"))
    for name, kind, written in (
        ("graph.png", "png", "graph.png"),
        ("graph.PDF", "pdf", "graph.PDF"),
        ("graph", "svg", "graph.svg"),
    ):
        path = graph.render(tmp_path / name)
        assert path == str(tmp_path / written)
        first, _, rest = (tmp_path / written).read_text().partition("\n")
        assert f"-T{kind}" in first.split()
        assert rest.strip() == graph.source.strip()
    assert draw_dot(Value(1.0), format="png").render(tmp_path / "other").endswith("other.png")
    assert "-Tsvg" in graph._repr_svg_()
    with pytest.raises(RuntimeError, match="could not make 'bad'"):
        graph.render(tmp_path / "graph.bad")


@pytest.mark.skipif(not shutil.which("dot"), reason="the Graphviz program is not installed")
def test_graphviz_reads_it(tmp_path):
    pytest.importorskip("graphviz")
    svg = draw_dot(neuron(value_leaf))._repr_svg_()
    assert svg.count("<g ") >= 10 + 5 + 14
    assert draw_dot(neuron(tensor_leaf)).render(tmp_path / "graph.png")
    assert (tmp_path / "graph.png").read_bytes()[:4] == b"\x89PNG"
