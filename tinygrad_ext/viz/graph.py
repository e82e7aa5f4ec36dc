"""The recorded graph as a picture: boxes for values or tensors, circles for operations, from left to right.

The text is in Graphviz's language DOT (https://graphviz.org/doc/info/lang.html). It is made without any
library; turning it into a picture takes the `graphviz` package and the Graphviz program.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from tinygrad_ext._core import Tensor, Value

__all__ = ["Graph", "draw_dot", "trace"]

Item: TypeAlias = "Value | Tensor"


def _parents(item: Item) -> tuple[Item, ...]:
    """What `item` was computed from, each once, in the order it was written."""
    operands = item._prev if isinstance(item, Tensor) else item._children
    return tuple({id(p): p for p in operands}.values())


def _ordered(root: Item, at_most: int | None = None) -> list[Item]:
    """All of the graph, each item after those it was computed from; without recursion."""
    if not isinstance(root, (Value, Tensor)):
        raise TypeError(f"a graph is that of a Value or a Tensor, got {type(root).__name__}")
    order: list[Item] = []
    seen = {id(root)}
    todo = [(root, iter(_parents(root)))]
    while todo:
        if at_most is not None and len(seen) > at_most:
            raise ValueError(
                f"draw_dot(): this graph has {_count(root):,} nodes, more than max_nodes={at_most}; "
                "draw a part of it, or raise max_nodes"
            )
        item, parents = todo[-1]
        parent = next(parents, None)
        if parent is None:
            order.append(item)
            todo.pop()
        elif id(parent) not in seen:
            seen.add(id(parent))
            todo.append((parent, iter(_parents(parent))))
    return order


def _count(root: Item) -> int:
    """How many items the graph has."""
    if isinstance(root, Value):
        return root._count()
    seen, todo = {root}, [root]
    while todo:
        fresh = {t for t in todo.pop()._prev if t not in seen}
        seen |= fresh
        todo += fresh
    return len(seen)


def trace(root: Item) -> tuple[set[Item], set[tuple[Item, Item]]]:
    """The graph below a value, as in micrograd's notebook.

    Parameters
    ----------
    root : Value or Tensor
        The result whose graph is wanted.

    Returns
    -------
    nodes : set
        Every value or tensor in it, `root` included.
    edges : set of pairs
        ``(operand, result)`` for each operand of each result.
    """
    nodes = _ordered(root)
    return set(nodes), {(parent, item) for item in nodes for parent in _parents(item)}


def _quoted(text: str, special: str = "") -> str:
    """Text inside a label; in records braces, bars and angles have a meaning of their own."""
    for c in '\\"' + special:
        text = text.replace(c, "\\" + c)
    return text.replace("\n", "\\n")


def _fields(item: Item) -> list[str]:
    """What the box of an item shows."""
    if isinstance(item, Value):
        return [item.label, f"data {item.data:.4f}", f"grad {item.grad:.4f}"]
    fields = [item.label, f"{tuple(item.shape)} {item.dtype.name}"]
    if item.numel() == 1:
        fields.append(f"data {item.item():.4f}")
        if item.grad is not None:
            fields.append(f"grad {item.grad.item():.4f}")
    return fields


class Graph:
    """A graph as DOT text, which shows itself in notebooks and renders itself into files.

    Attributes
    ----------
    source : str
        The DOT text.
    nodes : int
        The number of boxes.
    format : str
        That of pictures, where no other is asked for.
    """

    def __init__(self, source: str, nodes: int, format: str = "svg") -> None:
        self.source = source
        self.nodes = nodes
        self.format = format

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"<graph of {self.nodes} nodes: .source is its DOT text, .render(path) makes a picture>"

    def pipe(self, format: str | None = None) -> bytes:
        """The picture as bytes.

        Parameters
        ----------
        format : str, optional
            One of Graphviz's, such as "svg", "png", "pdf"; what `draw_dot` was given where left out.

        Raises
        ------
        ImportError
            Without the `graphviz` package.
        RuntimeError
            Without the Graphviz program, or where it refuses the format.
        """
        try:
            graphviz = import_module("graphviz")
        except ImportError as error:
            raise ImportError(
                "pictures of graphs need the graphviz package: pip install 'tinygrad_ext[viz]'; "
                "the DOT text is in .source"
            ) from error
        wanted = format or self.format
        try:
            return bytes(graphviz.Source(self.source).pipe(format=wanted))
        except graphviz.ExecutableNotFound as error:
            raise RuntimeError(
                "pictures of graphs need the Graphviz program `dot` (https://graphviz.org/download, or your "
                "system's package graphviz); the DOT text is in .source"
            ) from error
        except (graphviz.CalledProcessError, ValueError) as error:
            raise RuntimeError(f"Graphviz could not make {wanted!r} of this graph: {error}") from error

    def render(self, path: str | os.PathLike[str]) -> str:
        """Write a file, in the format that its suffix names.

        Parameters
        ----------
        path : str or path
            "graph.png", "graph.svg", "graph.pdf" and so on; without a suffix that of `draw_dot`'s format is
            added. ".dot" and ".gv" hold the DOT text and need no Graphviz.

        Returns
        -------
        str
            The path that was written.
        """
        target = Path(path)
        if not target.suffix:
            target = target.with_suffix("." + self.format)
        format = target.suffix[1:].lower()
        if format in ("dot", "gv"):
            target.write_text(self.source, encoding="utf-8")
        else:
            target.write_bytes(self.pipe(format))
        return str(target)

    def _repr_svg_(self) -> str | None:
        # A notebook shows the text where there is no Graphviz.
        try:
            return self.pipe("svg").decode()
        except (ImportError, RuntimeError):
            return None


def draw_dot(root: Item, format: str = "svg", rankdir: str = "LR", max_nodes: int = 1000) -> Graph:
    """Draw the graph that ends in `root`, as in micrograd's notebook.

    A value's box shows label, data and gradient; a tensor's label, shape and dtype, and of one element its
    data and gradient too.

    Parameters
    ----------
    root : Value or Tensor
        The result whose graph is drawn.
    format : str
        The format of `render` for paths without a suffix: "svg", "png", "pdf" and so on.
    rankdir : str
        "LR", from left to right, or "TB", from top to bottom.
    max_nodes : int
        The largest number of boxes. Graphviz takes minutes for some thousands.

    Returns
    -------
    Graph
        Shown as a picture in a notebook; ``.source`` is its DOT text, ``.render("graph.png")`` a file.

    Raises
    ------
    ValueError
        Where the graph has more than `max_nodes` values, or `rankdir` is neither "LR" nor "TB".
    """
    if rankdir not in ("LR", "TB"):
        raise ValueError(f"draw_dot(): rankdir must be 'LR' or 'TB', got {rankdir!r}")
    items = _ordered(root, max_nodes)
    number = {id(item): i for i, item in enumerate(items)}
    lines = ["digraph {", f"  graph [rankdir={rankdir}]"]
    for i, item in enumerate(items):
        label = " | ".join(_quoted(field, "{}|<>") for field in _fields(item))
        lines.append(f'  n{i} [label="{{ {label} }}", shape=record]')
        if item._op:
            lines.append(f'  n{i}_op [label="{_quoted(item._op)}", shape=ellipse, width=0.5, height=0.5]')
            lines.append(f"  n{i}_op -> n{i}")
    for i, item in enumerate(items):
        end = f"n{i}_op" if item._op else f"n{i}"
        lines += [f"  n{number[id(parent)]} -> {end}" for parent in _parents(item)]
    return Graph("\n".join([*lines, "}", ""]), len(items), format)
