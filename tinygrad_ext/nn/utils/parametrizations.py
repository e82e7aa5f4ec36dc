"""Ready parametrizations: `weight_norm`."""

from __future__ import annotations

from tinygrad_ext._core import Tensor
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.utils.parametrize import register_parametrization
from tinygrad_ext.nn.utils.weight_norm import direction, lengths


class _WeightNorm(Module):
    """A weight from its lengths and a tensor that gives the directions."""

    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim
        self.whole = dim is None

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return direction(weight_g, weight_v, None if self.whole else self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The lengths of a weight, and the weight."""
        return lengths(weight, None if self.whole else self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Let a weight be ``g v / |v|``, lengths g and directions v trained apart (Salimans & Kingma, 2016).

    g and v are ``original0`` and ``original1`` of ``module.parametrizations``.

    Parameters
    ----------
    module : Module
    name : str, default "weight"
    dim : int or None, default 0
        There is one length for each index along this dimension; None for one length in all.

    Returns
    -------
    Module
        The module; `parametrize.remove_parametrizations` takes it back.
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
