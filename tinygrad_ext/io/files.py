"""`save` and `load`: safetensors files, written whole or not at all."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import os
import stat
from operator import itemgetter
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_ext._core import Tensor, bfloat16, from_numpy
from tinygrad_ext._tensor import from_bits, to_bits
from tinygrad_ext.io.structure import flatten, restore

# What the elements of others' files become here; bfloat16 is read by its bits.
_TYPES = {
    "F64": ("<f8", np.float64),
    "F32": ("<f4", np.float32),
    "F16": ("<f2", np.float32),
    "I64": ("<i8", np.int64),
    "U32": ("<u4", np.int64),
    "I32": ("<i4", np.int32),
    "U16": ("<u2", np.int32),
    "I16": ("<i2", np.int32),
    "I8": ("|i1", np.int32),
    "U8": ("|u1", np.uint8),
    "BOOL": ("|b1", np.bool_),
}
_KEY = "tinygrad_ext"  # of the structure in the file's metadata
_numbers = itertools.count()


def save(obj: Any, f: str | os.PathLike[str]) -> None:
    """Save tensors, a state dict or a checkpoint to a safetensors file.

    The file is written beside its place, made safe on the disk and then moved there: at any moment,
    whatever happens, `f` is the old file or the new one. A dict from names to tensors becomes a plain file,
    which every reader of safetensors reads, PyTorch's too.

    Parameters
    ----------
    obj : Tensor, number, str, None, or dict, list or tuple of these, nested as you like
        For example ``{"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}``.
    f : path
        The file; its directory must exist.

    Raises
    ------
    TypeError
        If there is anything else in `obj`; names its place and type.
    OSError
        If the file cannot be written; an older one is then as it was.
    ImportError
        If the library safetensors is not installed.

    Examples
    --------
    >>> tg.save(model.state_dict(), "model.safetensors")  # doctest: +SKIP
    >>> model.load_state_dict(tg.load("model.safetensors"))  # doctest: +SKIP
    """
    library = _library()
    tensors, structure = flatten(obj)
    arrays = {name: np.asarray(to_bits(tensor), order="C") for name, tensor in tensors.items()}
    entries = {
        name: _entry(library, "bfloat16" if tensors[name].dtype == bfloat16 else array.dtype.name, array)
        for name, array in arrays.items()
    }
    path = os.path.realpath(f)
    folder = os.path.dirname(path)
    beside = os.path.join(folder, f".{os.path.basename(path)}.{os.getpid()}-{next(_numbers)}.part")
    try:
        with open(beside, "xb") as file:  # the library's own would be for its owner's eyes only
            mode = os.fstat(file.fileno()).st_mode
        try:
            library.serialize_file(entries, beside, None if structure is None else {_KEY: structure})
        except library.SafetensorError as error:
            raise OSError(f"save: {os.fspath(f)}: {error}") from None
        os.chmod(beside, stat.S_IMODE(mode))
        _sync(beside)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    _sync(folder)


def load(f: str | os.PathLike[str]) -> Any:
    """Load what `save` saved, or any safetensors file as a dict from names to tensors.

    Parameters
    ----------
    f : path

    Returns
    -------
    The saved object. Tensors have neither gradient nor history. float16 of other writers becomes float32,
    without loss; small integers int32, uint32 int64.

    Raises
    ------
    ValueError
        If the file is truncated, damaged, not a safetensors file, or has elements of another type; names the
        file, what was expected and what was found. Pickles, such as `torch.save` writes, are never read.
    OSError
        If the file cannot be opened.
    ImportError
        If the library safetensors is not installed.
    """
    library = _library()
    with open(f, "rb") as file:
        data = file.read()
    try:
        entries = library.deserialize(data)
    except library.SafetensorError as error:
        raise ValueError(f"{os.fspath(f)}: not a whole safetensors file: {_seen(data) or error}") from None
    try:
        tensors = {name: _tensor(name, entry) for name, entry in sorted(entries, key=itemgetter(0))}
        structure = _header(data).get("__metadata__", {}).get(_KEY)
        return tensors if structure is None else restore(tensors, structure)
    except ValueError as error:
        raise ValueError(f"{os.fspath(f)}: {error}") from None


def _tensor(name: str, entry: dict[str, Any]) -> Tensor:
    kind, shape, data = entry["dtype"], entry["shape"], entry["data"]
    array: npt.NDArray[Any]
    if kind == "BF16":
        return from_bits(np.frombuffer(data, "<u2").astype(np.uint16).reshape(shape))
    if kind in _TYPES:
        stored, wanted = _TYPES[kind]
        array = np.frombuffer(data, stored).astype(wanted, copy=False)
    else:
        known = ", ".join(["BF16", *_TYPES])
        raise ValueError(f"{name}: elements of type {kind}; those that can be read are {known}")
    return from_numpy(array.reshape(shape) if array.flags.writeable else array.reshape(shape).copy())


def _entry(library: ModuleType, kind: str, array: npt.NDArray[Any]) -> Any:
    """Describe an array as the library's serialize_file wants it, now or in older versions."""
    if not hasattr(library, "TensorSpec"):
        return {"dtype": kind, "shape": array.shape, "data": array.tobytes()}
    return library.TensorSpec(
        dtype=kind, shape=array.shape, data_ptr=array.ctypes.data, data_len=array.nbytes
    )


def _header(data: bytes) -> dict[str, Any]:
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size])  # type: ignore[no-any-return]


def _seen(data: bytes) -> str:
    """What is wrong with a file, from its bytes."""
    if data[:4] == b"PK\x03\x04" or (data[:1] == b"\x80" and data[1:2] in (b"\2", b"\3", b"\4", b"\5")):
        kind = "a ZIP archive" if data[:1] == b"P" else "a pickle"
        return (
            f"found {kind}, as torch.save and pickle write; such files can run code when they are read. In "
            "PyTorch, write the state dict with safetensors.torch.save_file"
        )
    if len(data) < 8:
        return f"expected 8 bytes of header size, found {len(data)} bytes in all"
    size = int.from_bytes(data[:8], "little")
    if size > len(data) - 8:
        return (
            f"at byte 0: expected the size of a header within the file's {len(data)} bytes, found "
            f"{data[:8].hex(' ')}, that is {size}"
        )
    try:
        ends = [entry["data_offsets"][1] for name, entry in _header(data).items() if name != "__metadata__"]
    except (ValueError, LookupError, TypeError, AttributeError):
        return f"at byte 8: expected a header of {size} bytes of JSON, found {data[8:24]!r}"
    whole = 8 + size + max(ends, default=0)
    return f"expected {whole} bytes, found {len(data)}" if whole != len(data) else ""


def _sync(path: str) -> None:
    """Wait until a file, or a directory's entries, are on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _library() -> ModuleType:
    try:
        importlib.import_module("safetensors.numpy")
        return importlib.import_module("safetensors")
    except ImportError:
        raise ImportError(
            "save and load need the library safetensors: pip install 'tinygrad_ext[train]'"
        ) from None
