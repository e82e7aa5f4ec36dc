"""What creation functions do beyond their values: dtypes, keywords, shared memory, errors."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg


@pytest.fixture
def _double():
    tg.set_default_dtype(tg.float64)
    yield
    tg.set_default_dtype(tg.float32)


def test_dtypes_follow_the_numbers():
    assert tg.full((2,), 3).dtype == tg.int64
    assert tg.full((2,), 3.0).dtype == tg.float32
    assert tg.full((2,), True).dtype == tg.bool
    assert tg.arange(3).dtype == tg.int64
    assert tg.arange(3.0).dtype == tg.arange(0, 3, 0.5).dtype == tg.float32
    assert tg.scalar_tensor(3).dtype == tg.float32
    assert tg.linspace(0, 1, 2).dtype == tg.eye(2).dtype == tg.zeros(2).dtype == tg.float32
    assert tg.arange(tg.tensor(3)).tolist() == [0, 1, 2]


@pytest.mark.usefixtures("_double")
def test_default_dtype():
    assert tg.get_default_dtype() == tg.float64
    made = [tg.zeros(2), tg.tensor(1.5), tg.tensor([]), tg.rand(2), tg.arange(0.0, 1.0), tg.full((1,), 2.0)]
    assert {t.dtype for t in made} == {tg.float64}
    assert tg.tensor([1, 2]).exp().dtype == tg.float64
    assert (tg.tensor([1, 2]) * 1.5).dtype == tg.float64
    assert tg.full((2,), 3).dtype == tg.int64
    with pytest.raises(TypeError, match="set_default_dtype"):
        tg.set_default_dtype(tg.int64)


def test_keywords_of_other_libraries():
    x = tg.zeros(2, dtype=tg.float64, device="cpu", layout=tg.strided, pin_memory=False, requires_grad=True)
    assert x.requires_grad
    assert tg.zeros(size=(2, 3)).shape == (2, 3)
    assert tg.zeros_like(x, memory_format=tg.preserve_format).shape == (2,)
    assert tg.ones(3, out=None).tolist() == [1, 1, 1]
    assert x.new_full(size=(1,), fill_value=7).dtype == tg.float64


def test_like_keeps_the_order_of_memory():
    x = tg.zeros(3, 4).t()
    assert tg.ones_like(x).stride() == x.stride()
    assert tg.rand_like(x).stride() == x.stride()
    assert tg.ones_like(x, memory_format=tg.contiguous_format).stride() == (3, 1)


def test_arange_is_exact_in_integers():
    big = 2**62
    assert tg.arange(big, big + 3).tolist() == [big, big + 1, big + 2]
    assert tg.arange(-(2**63), -(2**63) + 2).tolist() == [-(2**63), -(2**63) + 1]
    assert tg.arange(2**63 - 2, 2**63 - 1).tolist() == [2**63 - 2]
    assert tg.arange(0.5, 5.5, dtype=tg.int64).tolist() == [0, 1, 2, 3, 4]
    assert tg.arange(0, 10, 2.5, dtype=tg.int32).tolist() == [0, 2, 4, 6]
    assert tg.linspace(0, 7, 4, dtype=tg.int64).tolist() == [0, 2, 4, 7]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: tg.zeros(), TypeError, "zeros.*size"),
        (lambda: tg.zeros(2.0), TypeError, "zeros.*size"),
        (lambda: tg.zeros((2,), 3), TypeError, "zeros.*size"),
        (lambda: tg.zeros(-1), RuntimeError, "zeros"),
        (lambda: tg.zeros(2**40, 2**40), RuntimeError, "zeros"),
        (lambda: tg.zeros(*[1] * 9), (RuntimeError, ValueError), "dim"),
        (lambda: tg.zeros(2, device="cuda"), RuntimeError, "zeros.*'cpu'"),
        (lambda: tg.zeros(2, layout="sparse_coo"), RuntimeError, "zeros.*layout"),
        (lambda: tg.zeros(2, pin_memory=True), RuntimeError, "zeros.*pin_memory"),
        (lambda: tg.zeros(2, dtype="complex64"), TypeError, "zeros.*dtype"),
        (lambda: tg.zeros(2, out=tg.zeros(2)), TypeError, "zeros.*out"),
        (lambda: tg.ones(2, dtype=tg.int64, requires_grad=True), RuntimeError, "ones"),
        (lambda: tg.full((2,), 1j), TypeError, "full.*fill_value"),
        (lambda: tg.full((2,), "a"), TypeError, "full.*fill_value"),
        (lambda: tg.full((2,), 256, dtype=tg.uint8), RuntimeError, "full.*256"),
        (lambda: tg.full((2,), 1e300, dtype=tg.float32), RuntimeError, "full"),
        (lambda: tg.full((2,), 2**70), ValueError, "full.*fill_value"),
        (lambda: tg.full((2,), float("nan"), dtype=tg.int64), RuntimeError, "full"),
        (lambda: tg.arange(), TypeError, "arange.*end"),
        (lambda: tg.arange(0, 3, 0), RuntimeError, "arange.*step"),
        (lambda: tg.arange(0, 3, -1), RuntimeError, "arange.*step"),
        (lambda: tg.arange(0, float("inf")), RuntimeError, "arange"),
        (
            lambda: tg.arange(0, 2**62, dtype=tg.float32),
            (RuntimeError, MemoryError),
            "memory|addressed|overflow",
        ),
        (lambda: tg.arange(3, dtype=tg.bool), RuntimeError, "arange.*bool"),
        (lambda: tg.arange(0, 3, 0.5, dtype=tg.int64), RuntimeError, "arange.*step"),
        (lambda: tg.linspace(0, 1, -1), RuntimeError, "linspace.*steps"),
        (lambda: tg.linspace(0, 1, 2**62), (RuntimeError, MemoryError), "memory|addressed|overflow"),
        (lambda: tg.eye(-1), RuntimeError, "eye"),
        (lambda: tg.tril_indices(-1, 2), RuntimeError, "tril_indices"),
        (lambda: tg.tril_indices(2, 2, dtype=tg.float32), RuntimeError, "tril_indices"),
        (lambda: tg.tril_indices(2**40, 2**40), RuntimeError, "tril_indices"),
        (lambda: tg.hann_window(-1), RuntimeError, "hann_window"),
        (lambda: tg.hann_window(3, dtype=tg.int64), RuntimeError, "hann_window"),
        (lambda: tg.tensor(), TypeError, "tensor.*data"),
        (lambda: tg.tensor([1], foo=2), TypeError, "tensor.*foo"),
        (lambda: tg.from_numpy([1]), TypeError, "from_numpy"),
        (lambda: tg.asarray([1], copy=False), ValueError, "asarray"),
        (lambda: tg.frombuffer(b"", dtype=tg.uint8), ValueError, "frombuffer"),
        (lambda: tg.frombuffer(b"abc", dtype=tg.int32), ValueError, "frombuffer"),
        (lambda: tg.frombuffer(b"abcd", dtype=tg.int32, count=2), ValueError, "frombuffer"),
        (lambda: tg.frombuffer(b"abcd", dtype=tg.uint8, offset=4), ValueError, "frombuffer"),
        (lambda: tg.frombuffer(3, dtype=tg.uint8), TypeError, "frombuffer"),
        (lambda: tg.from_dlpack([1]), TypeError, "from_dlpack"),
        (lambda: tg.set_num_threads("x"), TypeError, "set_num_threads.*'n'"),
        (lambda: tg.get_num_threads(1), TypeError, "get_num_threads"),
        (lambda: tg.result_type(1), TypeError, "result_type.*'tensor2'"),
    ],
)
def test_errors_name_function_and_argument(call, error, text):
    with pytest.raises(error, match=text) as caught:
        call()
    assert "incompatible" not in str(caught.value)


def test_shared_memory():
    a = np.zeros(3)
    for make in (tg.from_numpy, tg.as_tensor, tg.asarray):
        make(a)[0] += 1
    assert a[0] == 3
    tg.asarray(a, copy=True)[0] = 9
    assert a[0] == 3
    buffer = bytearray(8)
    x = tg.frombuffer(buffer, dtype=tg.int32)
    x[1] = 1
    assert bytes(buffer) == b"\0\0\0\0\1\0\0\0"
    with pytest.raises(BufferError):
        buffer.append(0)
    del x
    buffer.append(0)


def test_asarray_has_no_history():
    x = tg.ones(2, requires_grad=True)
    y = tg.asarray(x)
    assert not y.requires_grad
    y[0] = 5
    assert x.tolist() == [5, 1]
    assert tg.asarray([1.0], requires_grad=True).requires_grad
    plain = tg.ones(2)
    assert tg.asarray(plain, requires_grad=True).requires_grad
    assert not plain.requires_grad
