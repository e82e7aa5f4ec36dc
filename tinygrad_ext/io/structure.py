"""Nested containers of tensors as a flat dict of tensors and a JSON text, and back.

In the JSON, lists, dicts with str keys, strings, numbers, true, false and null stand for themselves, and for
the rest a dict with one key: ``$tensor`` (a name), ``$tuple`` (a list), ``$dict`` (a list of pairs),
``$counter`` (the same, a `Counter`) and ``$float`` (one that JSON has no number for).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_ext._core import Tensor


def flatten(value: Any) -> tuple[dict[str, Tensor], str | None]:
    """Return the tensors by name, and the JSON; None for a plain dict from names to tensors.

    Raises
    ------
    TypeError
        If there is something else in `value`; names its place and type.
    """
    if isinstance(value, Mapping) and all(_is_name(k) and isinstance(v, Tensor) for k, v in value.items()):
        return dict(value), None
    tensors: dict[str, Tensor] = {}
    tree = _encode(value, "", tensors)
    return tensors, json.dumps(tree, allow_nan=False, separators=(",", ":"))


def restore(tensors: Mapping[str, Tensor], text: str) -> Any:
    """Return what `flatten` was given.

    Raises
    ------
    ValueError
        If the text is not one that `flatten` made for these tensors.
    """
    try:
        return _decode(json.loads(text), tensors)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the record of its structure is damaged: {type(error).__name__}: {error}") from None


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and key != "__metadata__"  # which safetensors keeps for itself


def _encode(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        name = path or "tensor"
        while name in tensors or not _is_name(name):  # {"a.b": t, "a": {"b": t}}
            name += "'"
        tensors[name] = value
        return {"$tensor": name}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, list | tuple):
        items = [_encode(item, _join(path, at), tensors) for at, item in enumerate(value)]
        return items if isinstance(value, list) else {"$tuple": items}
    if isinstance(value, Mapping):
        pairs = [
            [_encode(key, _join(path, "a key"), tensors), _encode(item, _join(path, key), tensors)]
            for key, item in value.items()
        ]
        kind = "$counter" if isinstance(value, Counter) else "$dict"
        plain = kind == "$dict" and all(isinstance(key, str) and not key.startswith("$") for key in value)
        return dict(pairs) if plain else {kind: pairs}
    raise TypeError(
        f"save: {path or 'the object'}: expected tensors, numbers, strings, None, or dicts, lists and tuples "
        f"of them, got {type(value).__module__}.{type(value).__name__}"
    )


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _decode(tree: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(tree, list):
        return [_decode(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if len(tree) == 1:
        ((kind, content),) = tree.items()
        if kind == "$tensor":
            return tensors[content]
        if kind == "$float":
            return float(content)
        if kind == "$tuple":
            return tuple(_decode(item, tensors) for item in content)
        if kind in ("$dict", "$counter"):
            pairs = {_decode(key, tensors): _decode(item, tensors) for key, item in content}
            return Counter(pairs) if kind == "$counter" else pairs
    return {key: _decode(item, tensors) for key, item in tree.items()}
