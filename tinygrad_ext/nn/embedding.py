"""Tables of learned vectors that are looked up by number: `Embedding` and `EmbeddingBag`."""

from __future__ import annotations

from typing import Any

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor, dtype
from tinygrad_ext.autograd.grad_mode import no_grad
from tinygrad_ext.nn import init
from tinygrad_ext.nn.make import Device, blank
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter


class _Table(Module):
    """What both share: the table, its padding row, and the settings of a look-up."""

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        max_norm: float | None,
        norm_type: float,
        scale_grad_by_freq: bool,
        sparse: bool,
        weight: Tensor | None,
        freeze: bool,
        device: Device,
        dtype: dtype | None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if sparse:
            raise ValueError(f"{name}: sparse=True is not supported; gradients here are dense")
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ValueError(
                    f"{name}: padding_idx must be within num_embeddings {num_embeddings}, got {padding_idx}"
                )
            padding_idx %= num_embeddings
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        shape = (num_embeddings, embedding_dim)
        if weight is None:
            self.weight = blank(shape, device, dtype)
            self.reset_parameters()
        elif tuple(weight.shape) != shape:
            raise ValueError(f"{name}: expected a weight of shape {shape}, got {tuple(weight.shape)}")
        else:
            self.weight = Parameter(weight)
        if freeze:
            self.weight.requires_grad_(False)

    def reset_parameters(self) -> None:
        """Draw the table anew from the standard normal distribution; the padding row is zero."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].zero_()

    def extra_repr(self) -> str:
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        defaults = {"padding_idx": None, "max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False}
        parts += [f"{n}={getattr(self, n)}" for n, usual in defaults.items() if getattr(self, n) != usual]
        return ", ".join(parts)


class Embedding(_Table):
    """A table of vectors; the input, whole numbers of any shape, is replaced by their rows.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        How many vectors, and how long each is. Input ``[...]``, output ``[..., embedding_dim]``.
    padding_idx : int, optional
        This row starts as zeros and gets no gradient.
    max_norm : float, optional
        Rows longer than this are scaled down, in the table itself, when they are looked up.
    norm_type : float, default 2
        The p of the norm that `max_norm` bounds.
    scale_grad_by_freq : bool, default False
        Divide each row's gradient by how often it was looked up.
    sparse : bool, default False
        Must be False: gradients here are dense.
    device, dtype
        As in `Linear`.

    Attributes
    ----------
    weight : Parameter, [num_embeddings, embedding_dim]
        Standard normal at first.

    Raises
    ------
    ValueError
        If `padding_idx` is out of range, a given weight has another shape, or `sparse` is True.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        look_up = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        super().__init__(num_embeddings, embedding_dim, *look_up, _weight, _freeze, device, dtype)

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, **settings: Any) -> Embedding:
        """Return an `Embedding` with a given table, which it does not train if `freeze`.

        Parameters
        ----------
        embeddings : Tensor, [num_embeddings, embedding_dim]
            Is shared, not copied.
        freeze : bool, default True
        **settings
            `padding_idx`, `max_norm` and so on, as in the constructor.
        """
        if embeddings.ndim != 2:
            raise ValueError(f"from_pretrained: expected a table of 2 dims, got {tuple(embeddings.shape)}")
        rows, columns = embeddings.shape
        return cls(rows, columns, _weight=embeddings, _freeze=freeze, **settings)

    def forward(self, input: Tensor) -> Tensor:
        return _core.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq
        )


class EmbeddingBag(_Table):
    """The mean, sum or maximum of groups of rows of a table, without the rows themselves.

    Parameters
    ----------
    num_embeddings, embedding_dim, max_norm, norm_type, scale_grad_by_freq, sparse, padding_idx, device, dtype
        As in `Embedding`; entries equal to `padding_idx` do not count in their group.
    mode : {"mean", "sum", "max"}
    include_last_offset : bool, default False
        Whether the offsets end with the number of entries.

    Attributes
    ----------
    weight : Parameter, [num_embeddings, embedding_dim]

    Raises
    ------
    ValueError
        As `Embedding`; and for an unknown mode.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        look_up = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        super().__init__(num_embeddings, embedding_dim, *look_up, _weight, False, device, dtype)
        if mode not in ("mean", "sum", "max"):
            raise ValueError(f'EmbeddingBag: mode must be "mean", "sum" or "max", got {mode!r}')
        self.mode = mode
        self.include_last_offset = include_last_offset

    def forward(
        self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None
    ) -> Tensor:
        """Return one row per group: the rows of a 2-d input, or the parts of a 1-d one from each offset."""
        return _core.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, mode={self.mode!r}"
