"""Elementwise activations as modules; any shape, which stays. Softmax and its kin are in softmax.py."""

from __future__ import annotations

from typing import ClassVar

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor, dtype
from tinygrad_ext.nn import init
from tinygrad_ext.nn.make import Device, blank
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter


class _Activation(Module):
    """An activation: its repr shows the settings named in `shown`, and `inplace` where it is set."""

    shown: ClassVar[tuple[str, ...]] = ()
    inplace = False

    def extra_repr(self) -> str:
        parts = [f"{name}={getattr(self, name)}" for name in self.shown]
        return ", ".join([*parts, *["inplace=True"] * self.inplace])


class _Inplace(_Activation):
    """An activation without settings that can write over its input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class ReLU(_Inplace):
    """``max(x, 0)``, elementwise; any shape.

    Parameters
    ----------
    inplace : bool, default False
        Write the result over the input.
    """

    def forward(self, input: Tensor) -> Tensor:
        return _core.relu(input, self.inplace)


class ReLU6(_Inplace):
    """``min(max(x, 0), 6)`` (Krizhevsky, 2010). `inplace` as in `ReLU`."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.relu6(input, self.inplace)


class SELU(_Inplace):
    """``scale (max(x, 0) + min(alpha (exp(x) - 1), 0))`` with the constants that keep mean 0 and variance 1.

    Klambauer et al., Self-Normalizing Neural Networks, 2017. `inplace` as in `ReLU`.
    """

    def forward(self, input: Tensor) -> Tensor:
        return _core.selu(input, self.inplace)


class SiLU(_Inplace):
    """``x sigmoid(x)``, also called swish (Elfwing et al., 2017). `inplace` as in `ReLU`."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.silu(input, self.inplace)


class Mish(_Inplace):
    """``x tanh(log(1 + exp(x)))`` (Misra, 2019). `inplace` as in `ReLU`."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.mish(input, self.inplace)


class Hardsigmoid(_Inplace):
    """``min(max(x + 3, 0), 6) / 6``. `inplace` as in `ReLU`."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.hardsigmoid(input, self.inplace)


class Hardswish(_Inplace):
    """``x min(max(x + 3, 0), 6) / 6`` (Howard et al., 2019). `inplace` as in `ReLU`."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.hardswish(input, self.inplace)


class Tanh(_Activation):
    """The hyperbolic tangent, elementwise; any shape."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.tanh(input)


class Sigmoid(_Activation):
    """``1 / (1 + exp(-x))``, elementwise; any shape."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.sigmoid(input)


class LogSigmoid(_Activation):
    """``log(1 / (1 + exp(-x)))``, without overflow."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.logsigmoid(input)


class Softsign(_Activation):
    """``x / (1 + |x|)``."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.softsign(input)


class Tanhshrink(_Activation):
    """``x - tanh(x)``."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.tanhshrink(input)


class Hardtanh(_Activation):
    """``min(max(x, min_val), max_val)``.

    Parameters
    ----------
    min_val, max_val : float
        ValueError unless the first is smaller.
    inplace : bool, default False
    """

    shown = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        if min_val >= max_val:
            raise ValueError(f"Hardtanh: min_val must be below max_val, got {min_val} and {max_val}")
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, input: Tensor) -> Tensor:
        return _core.hardtanh(input, self.min_val, self.max_val, self.inplace)


class LeakyReLU(_Activation):
    """``x`` where positive, ``negative_slope x`` elsewhere."""

    shown = ("negative_slope",)

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        return _core.leaky_relu(input, self.negative_slope, self.inplace)


class ELU(_Activation):
    """``x`` where positive, ``alpha (exp(x) - 1)`` elsewhere (Clevert et al., 2015)."""

    shown = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        return _core.elu(input, self.alpha, self.inplace)


class CELU(ELU):
    """``x`` where positive, ``alpha (exp(x / alpha) - 1)`` elsewhere (Barron, 2017)."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.celu(input, self.alpha, self.inplace)


class GELU(_Activation):
    """``x Phi(x)`` with the normal distribution function Phi (Hendrycks & Gimpel, 2016).

    Parameters
    ----------
    approximate : {"none", "tanh"}
        "tanh" for ``x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³))) / 2``.

    Raises
    ------
    ValueError
        If it is neither.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        if approximate not in ("none", "tanh"):
            raise ValueError(f'GELU: approximate must be "none" or "tanh", got {approximate!r}')
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return _core.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softplus(_Activation):
    """``log(1 + exp(beta x)) / beta``; x itself where ``beta x`` exceeds `threshold`."""

    shown = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        return _core.softplus(input, self.beta, self.threshold)


class Softshrink(_Activation):
    """x moved towards 0 by `lambd`, which is not negative; 0 where that would cross it."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return _core.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardshrink(Softshrink):
    """x where ``|x| > lambd``, 0 elsewhere."""

    def forward(self, input: Tensor) -> Tensor:
        return _core.hardshrink(input, self.lambd)


class Threshold(_Activation):
    """x where ``x > threshold``, `value` elsewhere."""

    shown = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        return _core.threshold(input, self.threshold, self.value, self.inplace)


class RReLU(_Activation):
    """A leaky ReLU whose slope is drawn anew for each negative entry while training (Xu et al., 2015).

    Parameters
    ----------
    lower, upper : float
        The slope is uniform between them, and their mean in evaluation mode.
    inplace : bool, default False
    """

    shown = ("lower", "upper")

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        return _core.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class PReLU(_Activation):
    """A leaky ReLU whose slope is learned (He et al., 2015).

    Parameters
    ----------
    num_parameters : int, default 1
        One slope for all, or one for each channel, the second dimension of the input.
    init : float, default 0.25
        The slope at first.
    device, dtype
        As in `Linear`.

    Attributes
    ----------
    weight : Parameter, [num_parameters]
        Weight decay should leave it out: it would pull the slopes to 0.
    """

    shown = ("num_parameters",)
    weight: Parameter

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = blank((num_parameters,), device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the slopes to `init`."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return _core.prelu(input, self.weight)
