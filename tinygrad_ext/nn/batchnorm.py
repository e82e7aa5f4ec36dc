"""Normalisation with statistics per channel, kept over the training: batch and instance normalisation."""

from __future__ import annotations

import warnings
from typing import ClassVar

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor, dtype, int64, ones, tensor, zeros
from tinygrad_ext.nn import init
from tinygrad_ext.nn.make import Device, blank
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter


class _ChannelNorm(Module):
    """What batch and instance normalisation share: weight, bias and running statistics per channel."""

    dims: ClassVar[tuple[int, ...]]  # the numbers of dimensions an input may have
    layout: ClassVar[str]
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        shape = (num_features,)
        self.register_parameter("weight", blank(shape, device, dtype) if affine else None)
        self.register_parameter("bias", blank(shape, device, dtype) if affine and bias else None)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(shape, dtype=dtype, device=device) if tracked else None)
        self.register_buffer("running_var", ones(shape, dtype=dtype, device=device) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0, dtype=int64) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the running statistics: mean 0, variance 1, no batches seen."""
        if self.running_mean is not None and self.running_var is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Forget the statistics, set the weight to 1 and the bias to 0."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check(self, input: Tensor) -> None:
        if input.ndim not in self.dims:
            raise ValueError(f"{type(self).__name__}: expected {self.layout}, got {tuple(input.shape)}")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_ChannelNorm):
    """Batch normalisation over any number of dimensions."""

    def forward(self, input: Tensor) -> Tensor:
        self._check(input)
        share = 0.0 if self.momentum is None else self.momentum
        mean, var, training = self.running_mean, self.running_var, self.training
        count = self.num_batches_tracked if training and self.track_running_stats else None
        if count is not None and self.momentum is None:  # a plain mean over all batches
            share = 1.0 / (count.item() + 1)
        if training and not self.track_running_stats:
            mean = var = None
        statistics = mean, var, self.weight, self.bias, training or mean is None
        output = _core.batch_norm(input, *statistics, share, self.eps)
        if count is not None:
            count.add_(1)
        return output


class BatchNorm1d(_BatchNorm):
    """`BatchNorm2d` of features [N, C] or sequences [N, C, L]; parameters, attributes and errors as there."""

    dims, layout = (2, 3), "[N, C] or [N, C, L]"


class BatchNorm2d(_BatchNorm):
    """Each channel of images [N, C, H, W] brought to mean 0 and variance 1 over the batch, then scaled.

    ``(x - mean) / sqrt(var + eps) * weight + bias``. In evaluation mode the statistics are those
    gathered while training (Ioffe & Szegedy, 2015).

    Parameters
    ----------
    num_features : int
        The number of channels C.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float or None, default 0.1
        The share of the new batch in the running statistics; None for a plain mean over all batches.
    affine : bool, default True
        Whether there are a weight and a bias.
    track_running_stats : bool, default True
        Without it the batch's statistics serve in evaluation mode, too.
    device, dtype
        As in `Linear`.
    bias : bool, default True
        Whether there is a bias, if `affine`.

    Attributes
    ----------
    weight, bias : Parameter, [C], or None
        1 and 0 at first.
    running_mean, running_var : Tensor, [C], or None
        Buffers; the variance is the unbiased one.
    num_batches_tracked : Tensor, int64, or None

    Raises
    ------
    ValueError
        From a call, if the input has another number of dimensions, or one value per channel in training.
    """

    dims, layout = (4,), "[N, C, H, W]"


class _InstanceNorm(_ChannelNorm):
    """Instance normalisation over any number of dimensions."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Device = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check(input)
        alone = input.ndim == self.dims[0]
        channels = input.shape[0 if alone else 1]
        if channels != self.num_features:
            message = (
                f"{type(self).__name__}: made for {self.num_features} channels, got {tuple(input.shape)}"
            )
            if self.affine:
                raise ValueError(message)
            warnings.warn(message, stacklevel=2)
        output = _core.instance_norm(
            input.unsqueeze(0) if alone else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return output.squeeze(0) if alone else output


class InstanceNorm1d(_InstanceNorm):
    """`InstanceNorm2d` of sequences [N, C, L] or [C, L]; parameters, attributes and errors as there."""

    dims, layout = (2, 3), "[N, C, L] or [C, L]"


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each image [N, C, H, W] or [C, H, W] brought to mean 0 and variance 1.

    Ulyanov et al., 2016. Parameters and attributes as `BatchNorm2d`, but by default without weight, bias and
    running statistics: an image is normalised by its own.

    Raises
    ------
    ValueError
        From a call, if the input has another number of dimensions, or, when `affine`, of channels.
    """

    dims, layout = (3, 4), "[N, C, H, W] or [C, H, W]"
