"""bfloat16: storage rounded to the nearest, arithmetic in float32."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest
from bfloats import RNG, array, make, rounded

import tinygrad_ext as tg
from tinygrad_ext.nn import functional as F

PATTERNS = np.arange(1 << 16, dtype=np.uint32)


# --- the type


def test_every_pattern_widens_exactly():
    wide = (PATTERNS << 16).view(np.float32)
    t = tg.from_numpy(PATTERNS.astype(np.uint16).view(np.uint8)).view(tg.bfloat16)
    assert t.dtype == tg.bfloat16
    assert t.shape == (1 << 16,)
    np.testing.assert_array_equal(
        t.float().numpy().view(np.uint32)[~np.isnan(wide)], PATTERNS[~np.isnan(wide)] << 16
    )
    assert np.isnan(t.float().numpy()[np.isnan(wide)]).all()
    back = t.float().bfloat16().view(tg.uint8).numpy().view(np.uint16)
    np.testing.assert_array_equal(back[~np.isnan(wide)], PATTERNS[~np.isnan(wide)])
    assert np.isnan((back[np.isnan(wide)].astype(np.uint32) << 16).view(np.float32)).all()


def test_rounding_of_random_bits():
    bits = RNG.integers(0, 1 << 32, 1 << 16, dtype=np.uint32)
    halves = (PATTERNS << 16) | 0x8000  # the ties
    for values in (bits.view(np.float32), halves.view(np.float32), (halves + 1).view(np.float32)):
        got = tg.from_numpy(values.copy()).bfloat16().float().numpy()
        nan = np.isnan(values)
        assert np.isnan(got[nan]).all()
        np.testing.assert_array_equal(got[~nan].astype(np.float64), rounded(values[~nan]))


def test_conversions_equal_pytorch():
    torch = pytest.importorskip("torch")
    values = RNG.integers(0, 1 << 32, 5000, dtype=np.uint32).view(np.float32)
    values = values[~np.isnan(values)]
    ours, theirs = tg.tensor(values).bfloat16(), torch.tensor(values).bfloat16()
    np.testing.assert_array_equal(ours.float().numpy(), theirs.float().numpy())
    for dtype in ("float64", "int64", "int32", "uint8", "bool"):
        source = np.arange(-300, 300, 7) if dtype != "uint8" else np.arange(256)
        whole = torch.tensor(source).to(getattr(torch, dtype))
        mine = tg.tensor(source).to(getattr(tg, dtype))
        assert mine.bfloat16().tolist() == whole.bfloat16().tolist()
        assert mine.bfloat16().to(getattr(tg, dtype)).tolist() == whole.bfloat16().to(whole.dtype).tolist()
    assert tg.tensor([1 + 2**-8, 1e300, 0.1], dtype=tg.float64).bfloat16().tolist() == [
        1,
        float("inf"),
        0.10009765625,
    ]


def test_face():
    t = tg.tensor([1.0, 2.5, -3.0], dtype=tg.bfloat16)
    assert repr(tg.bfloat16) == "tinygrad_ext.bfloat16"
    assert (tg.bfloat16.name, tg.bfloat16.itemsize, tg.bfloat16.is_floating_point) == ("bfloat16", 2, True)
    assert (t.element_size(), t.nbytes, t.is_floating_point(), t.is_signed()) == (2, 6, True, True)
    assert t.type() == "tinygrad_ext.BFloat16Tensor"
    assert repr(t) == "tensor([ 1.0000,  2.5000, -3.0000], dtype=tinygrad_ext.bfloat16)"
    assert t.tolist() == [1.0, 2.5, -3.0]
    assert t[1].item() == float(t[1]) == 2.5
    assert int(t[1]) == 2
    assert bool(t[0])
    assert t.bfloat16() is t
    assert t.to("bfloat16") is t
    assert tg.tensor([1, 2]).type_as(t).dtype == tg.bfloat16
    for make_one in (
        lambda: tg.zeros(2, dtype=tg.bfloat16),
        lambda: tg.ones(2, dtype="bfloat16"),
        lambda: tg.full((2,), 1.5, dtype=tg.bfloat16),
        lambda: tg.arange(2.0, dtype=tg.bfloat16),
        lambda: tg.linspace(0, 1, 2, dtype=tg.bfloat16),
        lambda: tg.rand(2, dtype=tg.bfloat16),
        lambda: tg.eye(2, dtype=tg.bfloat16),
        lambda: tg.zeros_like(t),
        lambda: tg.randn_like(t),
        lambda: t.new_ones(2),
        lambda: t.new_tensor([1, 2]),
        lambda: tg.ones(2).sum(dtype=tg.bfloat16),
        lambda: tg.asarray(t),
        lambda: tg.Tensor([1.0], dtype=tg.bfloat16),
    ):
        assert make_one().dtype == tg.bfloat16
    leaf = tg.randn(3, dtype=tg.bfloat16, requires_grad=True)
    assert leaf.is_leaf
    assert leaf.requires_grad


def test_what_numpy_lacks():
    t = tg.ones(3, dtype=tg.bfloat16)
    for call in (t.numpy, lambda: np.asarray(t), lambda: memoryview(t), lambda: tg.bfloat16.numpy):
        with pytest.raises(TypeError, match=r"float\(\) first"):
            call()
    with pytest.raises(TypeError, match="float32 and float64"):
        tg.set_default_dtype(tg.bfloat16)


def test_copies_pickle_files(tmp_path):
    t, values = make(3, 4)
    for other in (
        pickle.loads(pickle.dumps(t)),
        copy.deepcopy(t),
        copy.deepcopy(t.t()).t(),
        t.clone(),
        t.t().contiguous().t(),
        tg.from_dlpack(t),
    ):
        assert other.dtype == tg.bfloat16
        np.testing.assert_array_equal(array(other), values)
    pytest.importorskip("safetensors")
    tg.save({"t": t, "none": t[:0], "one": t[0, 0], "wide": t.float()}, tmp_path / "x")
    back = tg.load(tmp_path / "x")
    assert [back[k].dtype for k in ("t", "none", "one", "wide")] == [tg.bfloat16] * 3 + [tg.float32]
    np.testing.assert_array_equal(array(back["t"]), values)
    assert back["none"].shape == (0, 4)
    assert back["one"].item() == values[0, 0]


def test_exchange_with_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    t, values = make(3, 4)
    theirs = torch.from_dlpack(t)
    assert theirs.dtype == torch.bfloat16
    assert theirs.tolist() == values.tolist()
    ours = tg.from_dlpack(theirs)
    assert ours.data_ptr() == t.data_ptr()
    peer = pytest.importorskip("safetensors.torch")
    tg.save({"t": t}, tmp_path / "x")
    assert torch.equal(peer.load_file(tmp_path / "x")["t"], theirs)
    peer.save_file({"t": theirs.contiguous()}, tmp_path / "y")
    assert tg.load(tmp_path / "y")["t"].tolist() == values.tolist()


@pytest.mark.parametrize("name", ["add", "mul", "truediv", "where", "cat"])
def test_promotion_equals_pytorch(name):
    torch = pytest.importorskip("torch")
    kinds = ["bfloat16", "float32", "float64", "int64", "int32", "uint8", "bool"]
    operands = [*itertools.product(kinds, ((), (2,))), True, 2, 2.5]

    def operand(lib, kind):
        return lib.ones(kind[1], dtype=getattr(lib, kind[0])) if isinstance(kind, tuple) else kind

    def run(lib, a, b):
        if name == "where":
            return lib.where(lib.tensor([True, False]), a, b)
        if name == "cat":
            return lib.cat([a, b])
        return {"add": lambda: a + b, "mul": lambda: a * b, "truediv": lambda: a / b}[name]()

    for a, b in itertools.product(operands, operands):
        if not any(isinstance(k, tuple) and k[0] == "bfloat16" for k in (a, b)):
            continue
        if name == "cat" and not all(isinstance(k, tuple) and k[1] for k in (a, b)):
            continue
        wanted = run(torch, operand(torch, a), operand(torch, b))
        got = run(tg, operand(tg, a), operand(tg, b))
        assert str(got.dtype).split(".")[1] == str(wanted.dtype).split(".")[1], (a, b)
        assert got.shape == wanted.shape
        assert got.tolist() == wanted.tolist()


# --- bytes that move


def test_views_and_moves():
    t, v = make(4, 6)
    for f, g in [
        (lambda x: x[1:, ::2], lambda x: x[1:, ::2]),
        (lambda x: x.t(), lambda x: x.T),
        (lambda x: x.reshape(2, 12), lambda x: x.reshape(2, 12)),
        (lambda x: x.t().reshape(-1), lambda x: x.T.reshape(-1)),
        (lambda x: x[tg.tensor([3, 0, 3])], lambda x: x[[3, 0, 3]]),
        (lambda x: x[:, tg.tensor([5, 1])], lambda x: x[:, [5, 1]]),
        (lambda x: x[x > 0], lambda x: x[x > 0]),
        (lambda x: tg.cat([x, x.t().contiguous().t()]), lambda x: np.concatenate([x, x])),
        (lambda x: tg.stack([x, x], 1), lambda x: np.stack([x, x], 1)),
        (lambda x: x.expand(2, 4, 6).clone(), lambda x: np.broadcast_to(x, (2, 4, 6))),
        (lambda x: x.flip(0), lambda x: x[::-1]),
        (lambda x: x.index_select(1, tg.tensor([2])), lambda x: x[:, [2]]),
        (lambda x: x.gather(0, tg.tensor([[1] * 6])), lambda x: x[[1]]),
        (lambda x: x.masked_select(x < 0), lambda x: x[x < 0]),
        (lambda x: x.diagonal(), lambda x: np.diagonal(x)),
        (lambda x: x.permute(1, 0).unsqueeze(0), lambda x: x.T[None]),
        (lambda x: x.unfold(1, 2, 3), lambda x: x.reshape(4, 2, 3)[:, :, :2]),
        (lambda x: x.split(2, 1)[1], lambda x: x[:, 2:4]),
        (lambda x: x.masked_fill(x > 0, 2.0), lambda x: np.where(x > 0, 2, x)),
    ]:
        got = f(t)
        assert got.dtype == tg.bfloat16
        np.testing.assert_array_equal(array(got), g(v))
    big, values = make(300, 400)  # beyond one thread and one tile
    np.testing.assert_array_equal(array(big.t().clone()), values.T)
    small, few = make(2, 3, 2)
    np.testing.assert_array_equal(array(small.permute(2, 0, 1).clone()), few.transpose(2, 0, 1))


def test_writes():
    t, v = make(4, 5)
    v = v.copy()
    t[1] = 2.0
    v[1] = 2
    t[:, 2] = tg.tensor([1, 2, 3, 4])
    v[:, 2] = [1, 2, 3, 4]
    t[tg.tensor([0, 3])] = tg.tensor(0.1)
    v[[0, 3]] = rounded(0.1)
    t[t > 1] = -1.0
    v[v > 1] = -1
    np.testing.assert_array_equal(array(t), v)
    view = t[2]
    view += 1
    view.mul_(0.3)
    v[2] = rounded(rounded(v[2] + 1) * np.float32(0.3))
    np.testing.assert_array_equal(array(t), v)
    t.t().add_(tg.ones(4, dtype=tg.bfloat16), alpha=2)
    v = rounded(v + 2)
    np.testing.assert_array_equal(array(t), v)
    t.relu_()
    np.testing.assert_array_equal(array(t), np.maximum(v, 0))
    F.relu(t, inplace=True).clamp_(max=1).fill_(3).zero_()
    assert not t.any()
    t.normal_()
    assert t.dtype == tg.bfloat16
    assert t.std() > 0
    whole = tg.ones(3, dtype=tg.int64)
    with pytest.raises(RuntimeError, match="result of dtype bfloat16"):
        whole += tg.ones(3, dtype=tg.bfloat16)
    wide = tg.ones(3)
    wide += tg.ones(3, dtype=tg.bfloat16)
    assert wide.tolist() == [2, 2, 2]
    assert wide.dtype == tg.float32


# --- everything else, through float32


@pytest.mark.parametrize(
    "f",
    [
        lambda m, x, y: m.exp(x),
        lambda m, x, y: x * y + x / (y * y + 1) - y,
        lambda m, x, y: -x,
        lambda m, x, y: abs(x) ** 1.5,
        lambda m, x, y: x.sum(0),
        lambda m, x, y: x.mean(),
        lambda m, x, y: x.max(1).values,
        lambda m, x, y: m.maximum(x, y),
        lambda m, x, y: m.softmax(x, 1),
        lambda m, x, y: x.std(0),
        lambda m, x, y: x.cumsum(1),
        lambda m, x, y: m.nn.functional.gelu(x),
        lambda m, x, y: m.nn.functional.layer_norm(x, (5,)),
        lambda m, x, y: m.nn.functional.mse_loss(x, y),
        lambda m, x, y: x.sort(1)[0],
        lambda m, x, y: m.where(x > y, x, y),
        lambda m, x, y: x.norm(),
        lambda m, x, y: x[m.tensor([0, 2, 0])] * y[:3],
        lambda m, x, y: m.cat([x, y]).reshape(-1)[3:].sum(),
    ],
)
def test_operations_and_gradients_beside_pytorch(f):
    """Each operation computes in float32 and rounds once: two results differ by that rounding at most."""
    torch = pytest.importorskip("torch")
    _, a = make(4, 5)
    _, b = make(4, 5)
    ours = [tg.tensor(v.tolist(), dtype=tg.bfloat16, requires_grad=True) for v in (a, b)]
    theirs = [torch.tensor(v, dtype=torch.bfloat16, requires_grad=True) for v in (a, b)]
    y, z = f(tg, *ours), f(torch, *theirs)
    assert str(y.dtype).split(".")[1] == str(z.dtype).split(".")[1] == "bfloat16"
    size = max(1.0, z.abs().max().item())
    np.testing.assert_allclose(array(y), z.detach().double().numpy(), rtol=2**-6, atol=2**-6 * size)
    y.sum().backward()
    z.sum().backward()
    for p, q in zip(ours, theirs, strict=True):
        assert (p.grad is None) == (q.grad is None)
        if q.grad is not None:
            assert p.grad.dtype == tg.bfloat16
            size = max(1.0, q.grad.abs().max().item())
            np.testing.assert_allclose(array(p.grad), q.grad.double().numpy(), rtol=2**-5, atol=2**-5 * size)


def test_one_operation_rounds_once():
    x, v = make(1000)
    np.testing.assert_array_equal(array(x + x[0]), rounded(np.float32(v) + np.float32(v[0])))
    np.testing.assert_array_equal(array(x * x), rounded(np.float32(v) ** 2))
    total = array(x.abs().sum())
    assert abs(total - np.abs(v).sum()) <= 2**-8 * np.abs(v).sum() * 1.001
    assert x.sum(dtype=tg.float32).dtype == tg.float32
    assert (x > 0).dtype == tg.bool
    assert x.argmax().item() == v.argmax()
    assert tg.equal(x, x.float().bfloat16())


def test_mixed_results():
    x, y = tg.ones(3, dtype=tg.bfloat16), tg.ones(3)
    assert tg.atan2(x, y).dtype == tg.float32
    assert (x + np.ones(3, np.float32)).dtype == tg.float32
    assert (x * np.float32(2)).dtype == tg.bfloat16
    assert tg.atan2(x, y[0]).dtype == tg.bfloat16
    assert tg.result_type(x, 1.0) == tg.bfloat16
    assert tg.promote_types(tg.bfloat16, tg.float32) == tg.float32
    assert tg.can_cast(tg.float32, tg.bfloat16)
    with pytest.raises(RuntimeError, match="dtypes bfloat16 and float32 differ"):
        x @ y


def test_gradients_accumulate_and_second_order():
    x = tg.tensor([1.5, -2.0], dtype=tg.bfloat16, requires_grad=True)
    (x * x).sum().backward()
    (x * x).sum().backward()
    assert x.grad.dtype == tg.bfloat16
    assert x.grad.tolist() == [6, -8]
    y = (x * x * x).sum()
    (g,) = tg.autograd.grad(y, x, create_graph=True)
    (h,) = tg.autograd.grad(g.sum(), x)
    assert h.dtype == tg.bfloat16
    assert h.tolist() == [9, -12]
    z = x * 2
    z.retain_grad()
    z[0] = 5.0
    z.add_(1).sum().backward()
    assert x.grad.tolist() == [6, -6]


def test_gradients_of_views():
    for f in (
        lambda x: x[1:, ::2],
        lambda x: x.t()[2],
        lambda x: x.expand(3, 4, 6),
        lambda x: x[tg.tensor([1, 1, 0])],
        lambda x: x.diagonal(1),
        lambda x: x.as_strided((2, 2), (1, 2)),
        lambda x: tg.stack(x.unbind(1)[:2]),
        lambda x: x.index_select(0, tg.tensor([2, 2])),
        lambda x: F.embedding(tg.tensor([[0, 2], [2, 2]]), x, padding_idx=0),
        lambda x: x.squeeze().flatten().unflatten(0, (2, 12)),
        lambda x: x.clone().contiguous().view(tg.Size((3, 8)))[0],
        lambda x: x.masked_select(tg.ones(4, 6, dtype=tg.bool)),
    ):
        grads = []
        for dtype in (tg.bfloat16, tg.float32):
            x = tg.arange(24.0).reshape(4, 6).to(dtype).requires_grad_()
            f(x).sum().backward()
            assert x.grad.dtype == dtype
            grads.append(x.grad.tolist())
        assert grads[0] == grads[1]


# --- products
