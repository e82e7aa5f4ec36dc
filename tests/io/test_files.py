"""`save` and `load`: round trips, PyTorch's reader and writer, damage, and a kill at any moment."""

from __future__ import annotations

import json
import math
import os
import pickle
import struct
import subprocess
import sys
from collections import Counter, OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import tinygrad_ext as tg
from tinygrad_ext import nn

pytest.importorskip("safetensors")

CHECKPOINT = {
    "model": OrderedDict(weight=tg.arange(6.0).reshape(2, 3).T, bias=tg.zeros(0, 3)),
    "optimizer": {"state": {0: {"step": 3, "mean": tg.ones(2, dtype=tg.float64)}}, "betas": (0.9, 0.999)},
    "generator": tg.Generator().manual_seed(3).get_state(),
    "flags": [True, None, tg.tensor(False), "text é\n", 2**70],
    "floats": [math.inf, -math.inf, 0.1, -0.0, 5e-324],
    "milestones": Counter([3, 3, 8]),
    "$odd": {"$tensor": 1, "": 2},
    "scalar": tg.tensor(2.5),
    "ints": tg.tensor([2**62, -1]),
}


def same(a, b):
    """Equal in structure, types and bits; an OrderedDict counts as a dict."""
    if isinstance(a, tg.Tensor):
        assert isinstance(b, tg.Tensor)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.numpy(), b.numpy(), strict=True)
    elif isinstance(a, dict):
        assert type(b) is (Counter if isinstance(a, Counter) else dict)
        assert list(a) == list(b)
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert type(a) is type(b)
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        assert repr(a) == repr(b)


def test_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    tg.save(CHECKPOINT, path)
    same(CHECKPOINT, tg.load(path))
    assert os.listdir(tmp_path) == [path.name]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 3) | st.sampled_from(["$tensor", "$"]), inner)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40)
@given(value=VALUES)
def test_any_structure(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    value = {"it": value, "at": [tg.ones(1)], "at.0": tg.zeros(2)}
    tg.save(value, path)
    same(value, tg.load(path))


def test_single_things(tmp_path):
    for value in (tg.arange(3), 3, "text", [], {}, (tg.ones(1), tg.ones(2)), {"__metadata__": tg.ones(1)}):
        tg.save(value, tmp_path / "x")
        same(value, tg.load(tmp_path / "x"))


def test_loaded_tensors_are_plain_and_writable(tmp_path):
    tg.save({"p": nn.Parameter(tg.ones(2))}, tmp_path / "x")
    p = tg.load(tmp_path / "x")["p"]
    assert type(p) is tg.Tensor
    assert not p.requires_grad
    assert p.add_(1).tolist() == [2, 2]


def test_the_file_is_as_its_format_says(tmp_path):
    """A state dict is a plain file: header size, JSON header, bytes (huggingface.co/docs/safetensors)."""
    tg.save({"a": tg.tensor([1.0, 2.0]), "b": tg.tensor([[7]])}, tmp_path / "x")
    data = (tmp_path / "x").read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    assert header.keys() == {"a", "b"}
    begin, end = header["a"]["data_offsets"]
    assert header["a"]["dtype"] == "F32"
    assert struct.unpack("<2f", data[8 + size + begin : 8 + size + end]) == (1.0, 2.0)


def test_pytorch_reads_and_writes(tmp_path):
    torch = pytest.importorskip("torch")
    peer = pytest.importorskip("safetensors.torch")
    model, path = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1)), tmp_path / "model.safetensors"
    tg.save(model.state_dict(), path)
    other = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 1))
    other.load_state_dict(peer.load_file(path))
    for name, value in other.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), model.state_dict()[name].numpy(), strict=True)
    values = torch.tensor([1.0, -2.5, 3.140625, float("inf"), 1e-30])
    kinds = ["bfloat16", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]
    theirs = {kind: values.nan_to_num(posinf=9).to(getattr(torch, kind)) for kind in kinds}
    theirs["infinite"] = values.to(torch.bfloat16)
    peer.save_file(theirs, path, {"format": "pt"})
    ours = tg.load(path)
    widened = {"float16": "float32", "int8": "int32", "int16": "int32"}
    for name, value in theirs.items():
        kind = "bfloat16" if name == "infinite" else name
        wide = widened.get(kind, kind)
        assert ours[name].dtype == getattr(tg, wide)
        assert ours[name].tolist() == value.to(getattr(torch, wide)).tolist()
    peer.save_file({"narrow": values.to(torch.float8_e4m3fn)}, path)
    with pytest.raises(ValueError, match=r"model\.safetensors: narrow: elements of type F8_E4M3"):
        tg.load(path)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"model": {"w": np.ones(2)}}, r"model\.w: .*numpy\.ndarray"),
        ([1, {2, 3}], r"1: .*builtins\.set"),
        (object(), r"the object: .*builtins\.object"),
        (nn.Linear(1, 1), "Linear"),
        ({(1, object()): 2}, "a key"),
    ],
)
def test_what_cannot_be_saved(tmp_path, value, named):
    with pytest.raises(TypeError, match=f"save: .*{named}"):
        tg.save(value, tmp_path / "x")
    assert os.listdir(tmp_path) == []


def whole_file(tmp_path):
    tg.save({"weight": tg.arange(100.0), "bias": tg.ones(3)}, tmp_path / "whole")
    return (tmp_path / "whole").read_bytes()


DAMAGE = {
    "empty": (lambda b: b"", "expected 8 bytes .* found 0"),
    "short": (lambda b: b[:7], "found 7"),
    "header cut": (lambda b: b[:60], "size of a header within the file's 60 bytes"),
    "data cut": (lambda b: b[:-1], r"expected (\d+) bytes, found \d+"),
    "more": (lambda b: b + b"0", r"expected (\d+) bytes, found \d+"),
    "text": (lambda b: b"<html>404 not found</html>", "3c 68 74 6d"),
    "no JSON": (lambda b: b[:8] + b"x" + b[9:], "at byte 8: expected a header of .* JSON"),
    "list": (lambda b: struct.pack("<Q", 2) + b"[]", "at byte 8|not a whole"),
    "zip": (lambda b: b"PK\3\4" + b, r"ZIP.*save_file"),
    "pickle": (lambda b: pickle.dumps({"a": 1}, 4), "a pickle"),
    "structure": (lambda b: b, None),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_files(tmp_path, name):
    change, seen = DAMAGE[name]
    path = tmp_path / "broken.safetensors"
    if name == "structure":
        tg.save({"a": [tg.ones(1)]}, path)
        path.write_bytes(path.read_bytes().replace(b"a.0", b"a.1", 1))
        seen = "structure is damaged"
    else:
        path.write_bytes(change(whole_file(tmp_path)))
    with pytest.raises(ValueError, match=rf"broken\.safetensors: .*{seen}"):
        tg.load(path)


def test_every_truncation_is_refused(tmp_path):
    data, path = whole_file(tmp_path), tmp_path / "x"
    for size in range(0, len(data), 7):
        path.write_bytes(data[:size])
        with pytest.raises(ValueError, match="expected"):
            tg.load(path)


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        tg.load(tmp_path / "none")
    with pytest.raises(OSError, match="none"):
        tg.save({}, tmp_path / "none" / "x")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x"
    tg.save({"a": 1}, path)

    def fail(*_):
        raise OSError("disk on fire")

    for name in "replace", "fsync":
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(OSError, match="fire"):
                tg.save({"a": 2}, path)
        assert tg.load(path) == {"a": 1}
        assert os.listdir(tmp_path) == ["x"]


def test_links_and_rights_stay(tmp_path):
    path, link = tmp_path / "x", tmp_path / "link"
    link.symlink_to(path)
    tg.save({"a": 1}, link)
    assert link.is_symlink()
    assert tg.load(path) == {"a": 1}
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


KILLING = """
import os, random, signal, sys, time
import tinygrad_ext as tg
path = sys.argv[1]
def state(k): return {"k": k, "tensors": [tg.full((50_000,), float(k)), tg.full((3,), k)]}
tg.save(state(0), path)
random.seed(1)
for _ in range(25):
    started, tell = os.pipe()
    child = os.fork()
    if child == 0:
        k = tg.load(path)["k"]
        while True:
            k += 1
            tg.save(state(k), path)
            os.write(tell, b".")
    os.read(started, 1)
    time.sleep(random.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(started)
    os.close(tell)
    found = tg.load(path)
    for t in found["tensors"]:
        assert (t == found["k"]).all(), found["k"]
print(found["k"])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", KILLING, str(tmp_path / "x")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) >= 25
