"""`MultiheadAttention`: every position asks all others, in several ways at once."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor, cat, dtype, linear, zeros, zeros_like
from tinygrad_ext.nn import init
from tinygrad_ext.nn.linear import Linear
from tinygrad_ext.nn.make import Device, blank
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter


class MultiheadAttention(Module):
    """``softmax(q kᵀ / sqrt(head size)) v`` in several heads, between projections (Vaswani et al., 2017).

    Parameters
    ----------
    embed_dim, num_heads : int
        The size of queries and outputs, and into how many heads it is split, which must divide it.
    dropout : float, default 0
        The probability of dropping an attention weight while training.
    bias : bool, default True
        Whether the projections have biases.
    add_bias_kv : bool, default False
        Adds a learned key and value to the sequences.
    add_zero_attn : bool, default False
        Adds a key and value of zeros.
    kdim, vdim : int, optional
        The sizes of keys and values, `embed_dim` by default.
    batch_first : bool, default False
        Whether sequences are ``[N, L, E]`` and not ``[L, N, E]``.
    device, dtype
        As in `Linear`.

    Attributes
    ----------
    in_proj_weight : Parameter, [3 embed_dim, embed_dim], or None
        For queries, keys and values, one below the other; if their sizes differ, there are instead
        ``q_proj_weight``, ``k_proj_weight``, ``v_proj_weight``, [embed_dim, size]. Xavier uniform at first.
    in_proj_bias : Parameter, [3 embed_dim], or None
        0 at first.
    out_proj : Linear
    bias_k, bias_v : Parameter, [1, 1, embed_dim], or None

    Raises
    ------
    ValueError
        If a size is not positive or `num_heads` does not divide `embed_dim`.
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ValueError(
                "MultiheadAttention: embed_dim must be a positive multiple of num_heads, got "
                f"{embed_dim} and {num_heads}"
            )
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.head_dim = embed_dim // num_heads
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        packed = self.kdim == self.vdim == embed_dim
        apart = {"q": embed_dim, "k": self.kdim, "v": self.vdim}
        whole = blank((3 * embed_dim, embed_dim), device, dtype) if packed else None
        self.register_parameter("in_proj_weight", whole)
        for name, size in apart.items():
            weight = None if packed else blank((embed_dim, size), device, dtype)
            self.register_parameter(f"{name}_proj_weight", weight)
        self.register_parameter("in_proj_bias", blank((3 * embed_dim,), device, dtype) if bias else None)
        self.out_proj = Linear(embed_dim, embed_dim, bias, device, dtype)
        shape = (1, 1, embed_dim)
        self.bias_k = blank(shape, device, dtype) if add_bias_kv else None
        self.bias_v = blank(shape, device, dtype) if add_bias_kv else None
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            weight = getattr(self, name)
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None and self.out_proj.bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend from each query to all keys.

        Parameters
        ----------
        query : Tensor, [L, N, embed_dim], [N, L, embed_dim] if `batch_first`, or [L, embed_dim]
        key, value : Tensor
            The same with S for L and `kdim`, `vdim` for the size.
        key_padding_mask : Tensor, [N, S] or [S], optional
            True, or a number that is added to the scores, for keys that are padding.
        need_weights : bool, default True
            Whether to return the weights, too, which takes longer.
        attn_mask : Tensor, [L, S] or [N num_heads, L, S], optional
            True, or a number that is added to the scores, for pairs that must not see each other.
        average_attn_weights : bool, default True
            Whether the weights returned are the mean over the heads.
        is_causal : bool, default False
            Says that `attn_mask`, which must be given, is the causal one.

        Returns
        -------
        Tensor
            Shaped as the query.
        Tensor or None
            The weights [N, L, S], or [N, num_heads, L, S] for each head; without N as the query.

        Raises
        ------
        RuntimeError
            If the shapes do not fit each other, or `is_causal` comes without a mask.
        """
        alone = self._check(query, key, value, attn_mask, is_causal)
        if alone:  # to [N, L, E]
            query, key, value = query.unsqueeze(0), key.unsqueeze(0), value.unsqueeze(0)
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        elif not self.batch_first:
            query, key, value = query.transpose(0, 1), key.transpose(0, 1), value.transpose(0, 1)
        batch, length = query.shape[:2]
        q, k, v = self._projected(query, key, value)
        is_causal = is_causal and key_padding_mask is None and not need_weights  # the operation masks then
        shape = batch, length, key.shape[1]
        mask = None if is_causal else self._mask(attn_mask, key_padding_mask, *shape, q.dtype)
        k, v, mask = self._lengthened(k, v, mask)
        dropout = self.dropout if self.training else 0.0
        weights = None
        if need_weights:
            scores = (q * math.sqrt(1.0 / self.head_dim)) @ k.transpose(-2, -1)
            weights = _core.softmax(scores if mask is None else scores + mask, -1)
            weights = _core.dropout(weights, dropout) if dropout else weights
            output = weights @ v
        else:
            output = _core.scaled_dot_product_attention(q, k, v, mask, dropout, is_causal)
        # Laid out in memory as in PyTorch, [L, N, E], so that a dropout after it draws the same.
        output = self.out_proj(output.permute(2, 0, 1, 3).reshape((length, batch, self.embed_dim)))
        if weights is not None and average_attn_weights:
            weights = weights.mean(1)
        if alone:
            return output.squeeze(1), None if weights is None else weights.squeeze(0)
        return output.transpose(0, 1) if self.batch_first else output, weights

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        """Queries, keys and values of every head: [N, heads, L or S, head size]."""
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        matrices: Any = self.q_proj_weight, self.k_proj_weight, self.v_proj_weight
        if self.in_proj_weight is not None:
            matrices = self.in_proj_weight.chunk(3)  # and not the products, which are larger
        heads = (self.num_heads, self.head_dim)
        return [
            linear(x, w, b).unflatten(-1, heads).transpose(1, 2)
            for x, w, b in zip((query, key, value), matrices, biases, strict=True)
        ]

    def _mask(
        self,
        attn_mask: Tensor | None,
        key_padding_mask: Tensor | None,
        batch: int,
        length: int,
        keys: int,
        kind: dtype,
    ) -> Tensor | None:
        """Both masks as one that is added to the scores: [N or 1, heads or 1, L or 1, S]."""
        mask = None
        if attn_mask is not None:
            wanted: list[tuple[int, ...]] = [(length, keys), (batch * self.num_heads, length, keys)]
            if tuple(attn_mask.shape) not in wanted:
                raise RuntimeError(
                    f"MultiheadAttention: expected attn_mask of {wanted[0]} or {wanted[1]}, "
                    f"got {tuple(attn_mask.shape)}"
                )
            mask = _added(attn_mask, kind)
            mask = mask if mask.ndim == 2 else mask.unflatten(0, (batch, self.num_heads))
        if key_padding_mask is not None:
            if tuple(key_padding_mask.shape) != (batch, keys):
                raise RuntimeError(
                    f"MultiheadAttention: expected key_padding_mask of {(batch, keys)}, "
                    f"got {tuple(key_padding_mask.shape)}"
                )
            padding = _added(key_padding_mask, kind).reshape((batch, 1, 1, keys))
            mask = padding if mask is None else mask + padding
        return mask

    def _lengthened(self, k: Tensor, v: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
        """Keys, values and mask with what `add_bias_kv` and `add_zero_attn` add at the end."""
        batch = k.shape[0]
        if self.bias_k is not None and self.bias_v is not None:
            shape = (1, self.num_heads, 1, self.head_dim)
            size = (batch, *shape[1:])
            k = cat((k, self.bias_k.reshape(shape).expand(size)), 2)
            v = cat((v, self.bias_v.reshape(shape).expand(size)), 2)
            mask = None if mask is None else _core.pad(mask, (0, 1))
        if self.add_zero_attn:
            zero = zeros((batch, self.num_heads, 1, self.head_dim), dtype=k.dtype)
            k, v = cat((k, zero), 2), cat((v, zero), 2)
            mask = None if mask is None else _core.pad(mask, (0, 1))
        return k, v, mask

    def _check(
        self, query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None, is_causal: bool
    ) -> bool:
        """Whether there is no batch; raises if the shapes do not fit each other."""
        shapes = [tuple(x.shape) for x in (query, key, value)]
        seen = f"got query {shapes[0]}, key {shapes[1]}, value {shapes[2]}"
        if query.ndim not in (2, 3) or not query.ndim == key.ndim == value.ndim:
            raise RuntimeError(f"MultiheadAttention: expected all in 2 or all in 3 dimensions, {seen}")
        sizes = self.embed_dim, self.kdim, self.vdim
        if tuple(shape[-1] for shape in shapes) != sizes:
            raise RuntimeError(f"MultiheadAttention: expected last dimensions of {sizes}, {seen}")
        batch = 0 if self.batch_first else 1
        if shapes[1][:-1] != shapes[2][:-1] or (query.ndim == 3 and shapes[0][batch] != shapes[1][batch]):
            raise RuntimeError(f"MultiheadAttention: lengths or batches do not match, {seen}")
        if is_causal and attn_mask is None:
            raise RuntimeError("MultiheadAttention: is_causal=True needs the causal mask as attn_mask, too")
        return query.ndim == 2


def _added(mask: Tensor, kind: dtype) -> Tensor:
    """A mask as numbers that are added to scores: -inf for True."""
    if mask.is_floating_point():
        return mask.to(kind)
    if mask.dtype is not _core.bool:
        raise RuntimeError(f"MultiheadAttention: a mask must be bool or floating point, got {mask.dtype}")
    return zeros_like(mask, dtype=kind).masked_fill(mask, -math.inf)
