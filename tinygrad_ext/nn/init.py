"""Initial values for parameters, written in place without being recorded.

Every function returns the tensor it was given. Those that draw take a `generator`, the global one by default,
and give PyTorch's values for a seed.
"""

from __future__ import annotations

import math
import warnings

from tinygrad_ext import _core
from tinygrad_ext._core import Generator, Tensor, empty, empty_like, linalg_qr, randperm, where
from tinygrad_ext.autograd.grad_mode import no_grad

_LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from the uniform distribution on [a, b)."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with draws from the normal distribution."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with draws from the normal distribution, those outside [a, b] drawn again.

    Where more than 0.3 of the distribution lies inside, values outside are replaced by new draws; else draws
    from the uniform distribution are accepted with a probability that follows the normal density.

    Warns
    -----
    UserWarning
        If `mean` is more than two `std` outside [a, b]: the values are then near one end.
    """

    def below(x: float) -> float:
        return (1.0 + math.erf((x - mean) / std / math.sqrt(2.0))) / 2.0

    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            f"trunc_normal_: mean {mean} is more than two std {std} outside [{a}, {b}]", stacklevel=2
        )
    with no_grad():
        if below(b) - below(a) > 0.3:
            low, high = (tensor.new_tensor(bound).item() for bound in (a, b))
            tensor.normal_(mean, std, generator=generator)
            while (outside := (tensor < low) | (tensor > high)).any():
                again = empty_like(tensor).normal_(mean, std, generator=generator)
                tensor.copy_(where(outside, again, tensor))
            return tensor
        peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
        drawn, chance, pending = empty_like(tensor), empty_like(tensor), None
        while pending is None or pending.any():
            drawn.uniform_(a, b, generator=generator)
            tensor.copy_(drawn if pending is None else where(pending, drawn, tensor))
            drawn.sub_(mean).div_(std).pow_(2).mul_(-0.5).sub_(peak)
            refused = chance.uniform_(generator=generator).log_() > drawn
            pending = refused if pending is None else pending & refused
        return tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    with no_grad():
        return tensor.fill_(val)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1."""
    return constant_(tensor, 1.0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill with the identity matrix; ValueError unless there are two dimensions."""
    _need(tensor, "eye_", tensor.ndim == 2, "2 dimensions")
    with no_grad():
        return tensor.copy_(_core.eye(*tensor.shape, dtype=tensor.dtype))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the kernels of a convolution so that it passes as many channels on as it can.

    Parameters
    ----------
    tensor : Tensor, [out, in, ...] with one to three sizes of a window
    groups : int
        Each group of channels is passed on.

    Raises
    ------
    ValueError
        If the tensor has another number of dimensions, or `groups` does not divide `out`.
    """
    _need(tensor, "dirac_", tensor.ndim in (3, 4, 5), "3, 4 or 5 dimensions")
    outputs, inputs, *window = tensor.shape
    _need(tensor, "dirac_", outputs % groups == 0, f"a first dimension divisible by groups={groups}")
    centre = tuple(size // 2 for size in window)
    share = outputs // groups
    with no_grad():
        tensor.zero_()
        for group in range(groups):
            for channel in range(min(share, inputs)):
                tensor[(group * share + channel, channel, *centre)] = 1
    return tensor


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor by which weights must grow to make up for what an activation takes away.

    Parameters
    ----------
    nonlinearity : str
        "linear", "conv2d" and the like, "sigmoid", "tanh", "relu", "leaky_relu" or "selu".
    param : float, optional
        For "leaky_relu" its negative slope, by default 0.01.

    Raises
    ------
    ValueError
        If the name is none of these, or the slope is no number.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"calculate_gain: the negative slope must be a number, got {slope!r}")
        return math.sqrt(2.0 / (1 + slope**2))
    gains = dict.fromkeys(_LINEAR, 1.0) | {
        "sigmoid": 1.0,
        "tanh": 5.0 / 3,
        "relu": math.sqrt(2.0),
        "selu": 0.75,
    }
    if nonlinearity not in gains:
        raise ValueError(
            f"calculate_gain: unknown nonlinearity {nonlinearity!r}; known: leaky_relu, {', '.join(gains)}"
        )
    return gains[nonlinearity]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill uniformly so that the variance is ``gain² 2 / (fan_in + fan_out)`` (Glorot & Bengio, 2010).

    Parameters
    ----------
    tensor : Tensor, [out, in, ...]
    gain : float
        See `calculate_gain`.
    generator : Generator, optional

    Raises
    ------
    ValueError
        If the tensor has fewer than two dimensions.
    """
    fan_in, fan_out = _fans(tensor)
    bound = math.sqrt(3.0) * (gain * math.sqrt(2.0 / (fan_in + fan_out)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill normally with the variance of `xavier_uniform_`; parameters and errors as there."""
    fan_in, fan_out = _fans(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / (fan_in + fan_out)), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill uniformly so that the variance is ``gain² / fan`` (He et al., 2015).

    Parameters
    ----------
    tensor : Tensor, [out, in, ...]
    a : float
        The negative slope of the leaky ReLU that follows; 0 for a plain ReLU.
    mode : {"fan_in", "fan_out"}
        Whether the variance of activations or that of gradients is kept.
    nonlinearity : str
        See `calculate_gain`.
    generator : Generator, optional

    Raises
    ------
    ValueError
        If the tensor has fewer than two dimensions, or a name is unknown.
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator) if tensor.numel() else tensor


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill normally with the variance of `kaiming_uniform_`; parameters and errors as there."""
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return normal_(tensor, 0.0, std, generator) if tensor.numel() else tensor


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with a random matrix whose rows, or columns if they are fewer, are orthogonal (Saxe et al., 2013).

    Parameters
    ----------
    tensor : Tensor, [rows, ...]
        Dimensions after the first count as one.
    gain : float
        Their length.
    generator : Generator, optional

    Raises
    ------
    ValueError
        If the tensor has fewer than two dimensions.
    """
    _need(tensor, "orthogonal_", tensor.ndim >= 2, "at least 2 dimensions")
    if not tensor.numel():
        return tensor
    rows = tensor.shape[0]
    columns = tensor.numel() // rows
    with no_grad():
        drawn = empty((rows, columns), dtype=tensor.dtype).normal_(0, 1, generator=generator)
        q, r = linalg_qr(drawn if rows >= columns else drawn.t())
        # The signs make the distribution uniform: Mezzadri, How to generate random matrices, 2007.
        q = q * r.diagonal().sign()
        tensor.copy_((q if rows >= columns else q.t()).reshape(tensor.shape))
        return tensor.mul_(gain)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill normally with a standard deviation, a share `sparsity` of each column zero (Martens, 2010).

    ValueError unless there are two dimensions. Which entries are zero comes from the global generator.
    """
    _need(tensor, "sparse_", tensor.ndim == 2, "2 dimensions")
    rows, columns = tensor.shape
    with no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            tensor[randperm(rows)[: math.ceil(sparsity * rows)], column] = 0
    return tensor


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f'mode must be "fan_in" or "fan_out", got {mode!r}')
    fan = _fans(tensor)[0 if mode == "fan_in" else 1]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan) if fan else 0.0


def _fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs feed one output, and how many outputs one input feeds, kernel positions counted."""
    if tensor.ndim < 2:
        raise ValueError(f"fan in and fan out need at least 2 dimensions, got shape {tuple(tensor.shape)}")
    outputs, inputs, *window = tensor.shape
    return inputs * math.prod(window), outputs * math.prod(window)


def _need(tensor: Tensor, function: str, met: bool, what: str) -> None:
    if not met:
        raise ValueError(f"{function}: expected {what}, got shape {tuple(tensor.shape)}")
