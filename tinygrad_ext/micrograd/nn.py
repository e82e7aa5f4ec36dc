"""Neurons, layers and multi-layer perceptrons of single numbers, as in the `micrograd` package.

Initial weights are drawn from Python's `random` in the same order, so that a seed gives the same model.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TypeAlias, cast

from tinygrad_ext._core import weighted_sum
from tinygrad_ext.micrograd.engine import Value

__all__ = ["MLP", "Layer", "Module", "Neuron"]

Inputs: TypeAlias = Iterable["Value | float"]


class Module:
    """What has parameters."""

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0

    def parameters(self) -> list[Value]:
        """Every weight and bias, in a fixed order; none here."""
        return []


class Neuron(Module):
    """``relu(w[0] * x[0] + w[1] * x[1] + ... + b)``, or the sum itself.

    Parameters
    ----------
    nin : int
        The number of inputs. Their weights start uniformly distributed between -1 and 1, the bias at 0.
    nonlin : bool
        Whether the sum goes through ``relu``.
    """

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0)
        self.nonlin = nonlin

    def __call__(self, x: Inputs) -> Value:
        """The neuron's output for `nin` inputs."""
        act = weighted_sum(self.w, x, self.b)  # sum((wi * xi for wi, xi in zip(w, x)), b), value for value
        return act.relu() if self.nonlin else act

    def parameters(self) -> list[Value]:
        """The weights, then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """`nout` neurons that read the same `nin` inputs; ``nonlin`` is passed on to them."""

    def __init__(self, nin: int, nout: int, **kwargs: bool) -> None:
        self.neurons = [Neuron(nin, **kwargs) for _ in range(nout)]

    def __call__(self, x: Inputs | Value) -> Value | list[Value]:
        """The neurons' outputs; a single one as it is, not in a list."""
        inputs = [x] if isinstance(x, Value) else list(x)
        out = [neuron(inputs) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        """Those of the neurons, one after the other."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """Layers one after the other, the last of them linear.

    Parameters
    ----------
    nin : int
        The number of inputs.
    nouts : list of int
        The number of neurons of each layer.
    """

    def __init__(self, nin: int, nouts: list[int]) -> None:
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [
            Layer(n, m, nonlin=i != last) for i, (n, m) in enumerate(zip(sizes, nouts, strict=False))
        ]

    def __call__(self, x: Inputs) -> Value | list[Value]:
        """The last layer's output: a Value where it has one neuron, else a list."""
        out: Inputs | Value = x
        for layer in self.layers:
            out = layer(out)
        return cast("Value | list[Value]", out)

    def parameters(self) -> list[Value]:
        """Those of the layers, one after the other."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"
