"""Attention and transformers, with every mask and layout."""

from __future__ import annotations

from case import A

from modules.row import row

LONG, SHORT = A(3, 2, 4), A(2, 2, 4)  # [L, N, E]
PADDING = ((False, False, True), (False, False, False))


def attend(name, settings, *inputs, **options):
    """Attention of queries to keys and values; `options` of the call, masks as functions of the library."""

    def call(lib, module, *x):
        given = {key: value(lib) if callable(value) else value for key, value in options.items()}
        q, k, v = x if len(x) == 3 else (x[0], x[-1], x[-1])
        return module(q, k, v, **given)

    draws = "dropout" if "dropout" in settings else "normal" if "add_bias_kv" in settings else "uniform"
    return row(
        f"MultiheadAttention {name}".strip(),
        lambda nn: nn.MultiheadAttention(4, 2, **settings),
        *inputs,
        call=call,
        draws=draws,
    )


def causal(lib, size=3):
    return lib.nn.Transformer.generate_square_subsequent_mask(size)


def boolean(lib):
    return causal(lib) < 0


def padding(lib):
    return lib.tensor(PADDING)


def per_head(lib):
    return lib.arange(36).reshape(4, 3, 3) / 36


def encode(lib, module, x):
    return module(x, causal(lib), is_causal=True)


def encode_padded(lib, module, x):
    return module(x, boolean(lib), padding(lib))


def decode(lib, module, x, memory):
    return module(x, memory, tgt_mask=causal(lib), tgt_is_causal=True)


def decode_padded(lib, module, x, memory):
    return module(x, memory, tgt_key_padding_mask=padding(lib), memory_mask=causal(lib)[:, :2])


LAYER = {"d_model": 4, "nhead": 2, "dim_feedforward": 3, "dropout": 0.0}
ROWS = (
    attend("", {}, LONG),
    attend("to others", {}, LONG, SHORT),
    attend("of one", {}, A(3, 4)),
    attend("of heads", {"bias": False}, LONG, average_attn_weights=False),
    attend("without weights", {}, LONG, need_weights=False),
    attend("batch first", {"batch_first": True}, A(2, 3, 4), A(2, 2, 4), need_weights=False),
    attend("of sizes", {"kdim": 2, "vdim": 3}, LONG, A(2, 2, 2), A(2, 2, 3)),
    attend("with dropout", {"dropout": 0.4}, LONG),
    attend("with dropout, without weights", {"dropout": 0.4}, LONG, need_weights=False),
    attend(
        "with a bias for keys",
        {"add_bias_kv": True, "add_zero_attn": True},
        LONG,
        attn_mask=causal,
        key_padding_mask=padding,
    ),
    attend("with a zero key", {"add_zero_attn": True}, LONG, need_weights=False),
    attend("causal", {}, LONG, attn_mask=causal, is_causal=True),
    attend("causal without weights", {}, LONG, attn_mask=causal, is_causal=True, need_weights=False),
    attend("boolean mask", {}, LONG, attn_mask=boolean),
    attend("padded", {}, LONG, key_padding_mask=padding, need_weights=False),
    attend("padded and masked", {}, LONG, key_padding_mask=padding, attn_mask=boolean),
    attend("mask per head", {}, LONG, attn_mask=per_head),
    attend("mask per head, without weights", {}, LONG, attn_mask=per_head, need_weights=False),
    row("TransformerEncoderLayer", lambda nn: nn.TransformerEncoderLayer(**LAYER), LONG),
    row(
        "TransformerEncoderLayer causal",
        lambda nn: nn.TransformerEncoderLayer(**LAYER, norm_first=True, activation="gelu", batch_first=True),
        A(2, 3, 4),
        call=encode,
    ),
    row(
        "TransformerEncoderLayer padded",
        lambda nn: nn.TransformerEncoderLayer(**LAYER, bias=False),
        LONG,
        call=encode_padded,
    ),
    row(
        "TransformerEncoderLayer with dropout",
        lambda nn: nn.TransformerEncoderLayer(4, 2, 3, 0.3, batch_first=True),
        A(2, 3, 4),
        draws="dropout",
    ),
    row("TransformerDecoderLayer", lambda nn: nn.TransformerDecoderLayer(**LAYER), LONG, SHORT),
    row(
        "TransformerDecoderLayer causal",
        lambda nn: nn.TransformerDecoderLayer(**LAYER, norm_first=True, batch_first=True),
        A(2, 3, 4),
        A(2, 2, 4),
        call=decode,
    ),
    row(
        "TransformerDecoderLayer padded",
        lambda nn: nn.TransformerDecoderLayer(4, 2, 3, 0.3),
        LONG,
        SHORT,
        call=decode_padded,
        draws="dropout",
    ),
    row(
        "TransformerEncoder",
        lambda nn: nn.TransformerEncoder(
            nn.TransformerEncoderLayer(**LAYER), 2, nn.LayerNorm(4), enable_nested_tensor=False
        ),
        LONG,
        call=encode_padded,
    ),
    row(
        "TransformerDecoder",
        lambda nn: nn.TransformerDecoder(nn.TransformerDecoderLayer(**LAYER), 2),
        LONG,
        SHORT,
        call=decode,
    ),
    row(
        "Transformer",
        lambda nn: nn.Transformer(4, 2, 1, 1, 3, 0.0, batch_first=True),
        A(2, 3, 4),
        A(2, 3, 4),
        call=lambda lib, module, x, y: module(x, y, tgt_mask=causal(lib)),
    ),
)
