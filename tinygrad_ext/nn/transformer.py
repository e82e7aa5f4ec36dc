"""The transformer of Vaswani et al., Attention Is All You Need, 2017: its layers, stacks and the whole."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from typing import ClassVar, TypeAlias

from tinygrad_ext._core import Tensor, dtype, full, gelu, relu, triu
from tinygrad_ext.nn import init
from tinygrad_ext.nn.attention import MultiheadAttention
from tinygrad_ext.nn.containers import ModuleList
from tinygrad_ext.nn.dropout import Dropout
from tinygrad_ext.nn.linear import Linear
from tinygrad_ext.nn.make import Device
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.norm import LayerNorm

Activation: TypeAlias = str | Callable[[Tensor], Tensor]


def _activation(owner: str, given: Activation) -> Callable[[Tensor], Tensor]:
    if not isinstance(given, str):
        return given
    if given not in ("relu", "gelu"):
        raise ValueError(f'{owner}: activation must be "relu", "gelu" or a function, got {given!r}')
    return relu if given == "relu" else gelu


class _Layer(Module):
    """Attention, then a network of two linear layers: what a layer of encoder and decoder is made of."""

    attentions: ClassVar[tuple[str, ...]]
    self_attn: MultiheadAttention
    multihead_attn: MultiheadAttention

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.activation = _activation(type(self).__name__, activation)
        self.norm_first = norm_first
        # The order of all these is PyTorch's: the draws and the state dict follow it.
        for name in self.attentions:
            attention = MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
            )
            self.register_module(name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        parts = range(1, len(self.attentions) + 2)
        for part in parts:
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
            self.register_module(f"norm{part}", norm)
        for part in parts:
            self.register_module(f"dropout{part}", Dropout(dropout))

    def _residual(self, x: Tensor, *parts: Callable[[Tensor], Tensor]) -> Tensor:
        """Add each part's result to its input, after dropout, normalised before or after."""
        for number, part in enumerate(parts, 1):
            norm, drop = getattr(self, f"norm{number}"), getattr(self, f"dropout{number}")
            x = x + drop(part(norm(x))) if self.norm_first else norm(x + drop(part(x)))
        return x

    def _feed(self, x: Tensor) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))  # type: ignore[no-any-return]


class TransformerEncoderLayer(_Layer):
    """Self-attention and a network of two linear layers, each with a residual connection and `LayerNorm`.

    Parameters
    ----------
    d_model, nhead : int
        The size of each position, and the number of heads, which must divide it.
    dim_feedforward : int, default 2048
        The size between the two linear layers.
    dropout : float, default 0.1
    activation : {"relu", "gelu"} or callable
    layer_norm_eps : float, default 1e-5
    batch_first : bool, default False
        Whether sequences are ``[N, L, d_model]`` and not ``[L, N, d_model]``.
    norm_first : bool, default False
        Normalise before attention and network instead of after (Xiong et al., 2020).
    bias : bool, default True
    device, dtype
        As in `Linear`.

    Raises
    ------
    ValueError
        If a size is out of range or the activation unknown.
    """

    attentions = ("self_attn",)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Return the sequences `src` after the layer; masks as in `MultiheadAttention.forward`."""
        masks = src_key_padding_mask, False, src_mask, True, is_causal
        return self._residual(src, lambda x: self.self_attn(x, x, x, *masks)[0], self._feed)


class TransformerDecoderLayer(_Layer):
    """As `TransformerEncoderLayer`, with attention to the encoder's output between its two parts.

    Parameters and errors as there.
    """

    attentions = ("self_attn", "multihead_attn")

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the sequences `tgt` after the layer; `memory` is the encoder's output."""

        own = tgt_key_padding_mask, False, tgt_mask, True, tgt_is_causal
        other = memory_key_padding_mask, False, memory_mask, True, memory_is_causal
        return self._residual(
            tgt,
            lambda x: self.self_attn(x, x, x, *own)[0],
            lambda x: self.multihead_attn(x, memory, memory, *other)[0],
            self._feed,
        )


class _Stack(Module):
    """Copies of a layer, and what normalises their output."""

    norm: Module | None

    def __init__(self, layer: Module, num_layers: int, norm: Module | None) -> None:
        super().__init__()
        self.layers = ModuleList(deepcopy(layer) for _ in range(num_layers))
        self.num_layers = num_layers
        self.register_module("norm", norm)

    def _normed(self, x: Tensor) -> Tensor:
        return x if self.norm is None else self.norm(x)


class TransformerEncoder(_Stack):
    """Copies of an encoder layer one after the other.

    Parameters
    ----------
    encoder_layer : TransformerEncoderLayer
        Is copied with its weights: the copies start equal.
    num_layers : int
    norm : Module, optional
        Applied to the output.
    enable_nested_tensor, mask_check : bool
        PyTorch's arguments; they change nothing here.
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__(encoder_layer, num_layers, norm)

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """Return the sequences `src` after all layers; masks as in `MultiheadAttention.forward`."""
        x = src
        for layer in self.layers:
            x = layer(x, mask, src_key_padding_mask, bool(is_causal))
        return self._normed(x)


class TransformerDecoder(_Stack):
    """Copies of a decoder layer one after the other; parameters as `TransformerEncoder`."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the sequences `tgt` after all layers; `memory` is the encoder's output."""
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask
        x = tgt
        for layer in self.layers:
            x = layer(x, memory, *masks, bool(tgt_is_causal), memory_is_causal)
        return self._normed(x)


class Transformer(Module):
    """Encoder and decoder.

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias
        As in `TransformerEncoderLayer`.
    num_encoder_layers, num_decoder_layers : int, default 6
    custom_encoder, custom_decoder : Module, optional
        Used instead.
    device, dtype
        As in `Linear`.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        shape = d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps
        options = batch_first, norm_first, bias, device, dtype

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)

        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*shape, *options), num_encoder_layers, norm()
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*shape, *options), num_decoder_layers, norm()
        )
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return `tgt` decoded with `src` encoded; masks as in `MultiheadAttention.forward`.

        Raises
        ------
        RuntimeError
            If batches or sizes do not match.
        """
        batch = 0 if self.batch_first else 1
        shapes = tuple(src.shape), tuple(tgt.shape)
        if src.ndim == 3 and (tgt.ndim != 3 or shapes[0][batch] != shapes[1][batch]):
            raise RuntimeError(f"Transformer: batches do not match, got src {shapes[0]}, tgt {shapes[1]}")
        if shapes[0][-1] != self.d_model or shapes[1][-1] != self.d_model:
            raise RuntimeError(
                f"Transformer: expected {self.d_model} features, got src {shapes[0]}, tgt {shapes[1]}"
            )
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask
        return self.decoder(tgt, memory, *masks, tgt_is_causal, memory_is_causal)  # type: ignore[no-any-return]

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Device = None, dtype: dtype | None = None) -> Tensor:
        """Return the causal mask [sz, sz]: -inf where a key comes after the query, 0 elsewhere."""
        return triu(full((sz, sz), -math.inf, dtype=dtype, device=device), 1)
