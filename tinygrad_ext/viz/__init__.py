"""Pictures: graphs of values and tensors."""

from tinygrad_ext.viz.graph import Graph, draw_dot, trace

__all__ = ["Graph", "draw_dot", "trace"]
