"""Training that goes wrong: Ctrl-C, values that are not finite, labels and arguments that are not right."""

from __future__ import annotations

import math
import os
import signal

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn
from tinygrad_ext.data import Subset, TensorDataset
from tinygrad_ext.train import NonFiniteError, evaluate, fit

# ---- Ctrl-C ----------------------------------------------------------------------------------------------


def test_an_interrupt_keeps_the_model(classifier, tmp_path, data):
    pytest.importorskip("safetensors")
    model, calls = classifier(), []
    before = signal.getsignal(signal.SIGINT)

    def transform(x):
        calls.append(1)
        if len(calls) == 10:
            os.kill(os.getpid(), signal.SIGINT)
        return x

    first = {name: value.clone() for name, value in model.state_dict().items()}
    history = fit(model, data, batch_size=8, transform=transform, progress=False, checkpoint=tmp_path)
    assert history.stopped == "interrupted"
    assert len(history) == 1
    assert len(calls) == 10
    assert signal.getsignal(signal.SIGINT) is before
    assert not np.array_equal(model[0].weight.detach().numpy(), first["0.weight"].numpy())
    assert len(tg.load(tmp_path / "last.safetensors")["history"]) == 1


def test_a_second_interrupt_is_one(classifier, data):
    def transform(x):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        return x

    with pytest.raises(KeyboardInterrupt):
        fit(classifier(), data, transform=transform, progress=False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# ---- values that are not finite --------------------------------------------------------------------------


class Bad(nn.Module):
    """Gives NaN at the second step, where dropout of the same draw let the value through."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return x if self.calls < 2 else (x - 1e30) * 1e30


def test_the_layer_is_named(data):
    model = nn.Sequential(nn.Linear(5, 3), nn.Sequential(nn.Dropout(0.5), Bad()), nn.Identity())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    named = (
        r"loss is nan at step 2 \(epoch 1\): the first came out of module '1\.1', Bad, with -inf at \[0, 0\]"
    )
    with pytest.raises(NonFiniteError, match=named) as caught:
        fit(model, data, batch_size=8, optimizer=tg.optim.SGD(model.parameters(), lr=0.0), progress=False)
    assert (caught.value.epoch, caught.value.step, caught.value.source) == (1, 2, "1.1")
    assert len(caught.value.history) == 0
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name].numpy())


class Inverse(nn.Module):
    def forward(self, x):
        return 1 / x


@pytest.mark.parametrize("seed", range(6))
def test_the_search_draws_the_same_again(seed):
    """Dropout at one value of one feature: infinite as soon as it is dropped, and not before."""
    model = nn.Sequential(nn.Identity(), nn.Dropout(0.5), Inverse())
    loader = [(tg.ones(1, 1), tg.ones(1, 1))] * 50
    optimizer = tg.optim.SGD([nn.Parameter(tg.ones(1))], lr=0.1)
    tg.manual_seed(seed)
    with pytest.raises(NonFiniteError, match="module '2', Inverse, with inf"):
        fit(
            model,
            iter(loader),
            optimizer=optimizer,
            loss=lambda o, t: (o * t).sum().requires_grad_(),
            progress=False,
        )


def test_a_parameter_an_input_or_the_loss_is_named(classifier, data):
    x, y = data
    model = classifier()
    with tg.no_grad():
        model[4].weight[1, 2] = math.inf
    with pytest.raises(NonFiniteError, match=r"'4\.weight' holds inf at \[1, 2\]") as caught:
        fit(model, data, progress=False)
    assert caught.value.source == "4.weight"
    dirty = x.clone()
    dirty[3, 1] = math.nan
    with pytest.raises(
        NonFiniteError, match=r"step 1 .*input 0 of the batch holds nan at \[\d+, 1\] of shape"
    ):
        fit(classifier(), (dirty, y), batch_size=50, progress=False)
    with pytest.raises(NonFiniteError, match="it is the loss function"):
        fit(classifier(), data, loss=lambda o, t: (o.sum() * 0).log(), progress=False)


def test_too_large_a_rate_is_found_out(data):
    x, _ = data
    model = nn.Linear(5, 1)
    optimizer = tg.optim.SGD(model.parameters(), lr=1e12)
    with pytest.raises(NonFiniteError, match="fit: the loss is"):
        fit(model, (x, x[:, :1].contiguous()), optimizer=optimizer, epochs=30, progress=False)


def test_the_search_leaves_buffers_and_draws(data):
    model = nn.Sequential(nn.BatchNorm1d(5), nn.Dropout(0.5), nn.Linear(5, 3), Bad())
    model[3].calls = 1
    with pytest.raises(NonFiniteError, match="module '3'"):
        fit(model, data, batch_size=50, progress=False)
    assert model[0].num_batches_tracked.item() == 1
    assert not any(module.__dict__.get("_hooked") for module in model.modules())


# ---- wrong arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "kind", "named"),
    [
        ({"epochs": 0}, ValueError, "epochs.*0"),
        ({"batch_size": 0}, ValueError, "batch_size.*0"),
        ({"patience": 0}, ValueError, "patience"),
        ({"data": (tg.zeros(0, 5), tg.zeros(0, dtype=tg.int64))}, ValueError, "data is empty"),
        ({"data": []}, ValueError, "data is empty"),
        ({"data": (v for v in ())}, ValueError, "data is empty: no batch"),
        ({"data": 3}, TypeError, "got int"),
        ({"data": [tg.ones(5)]}, TypeError, "inputs and, last, the target, got Tensor"),
        ({"validation": []}, ValueError, "empty"),
        ({"resume": "nowhere"}, FileNotFoundError, "nowhere"),
    ],
)
def test_refusals(classifier, data, settings, kind, named):
    if "resume" in settings:
        pytest.importorskip("safetensors")
    with pytest.raises(kind, match=named):
        fit(classifier(), **{"data": data, "progress": False, **settings})
    with pytest.raises(ValueError, match="no batch came in epoch 2; an iterator"):
        fit(classifier(), iter([data]), epochs=2, progress=False)
    with pytest.raises(ValueError, match="evaluate: the data is empty"):
        evaluate(classifier(), [])


def test_a_label_outside_of_the_classes_is_named(classifier, data):
    x, y = data
    wrong = y.clone()
    wrong[37] = 3
    with pytest.raises(IndexError, match=r"label 3 of sample 37 is not one of the model's 3 classes, 0 to 2"):
        fit(classifier(), (x, wrong), batch_size=8, progress=False)
    part = Subset(TensorDataset(x, wrong), [5, 37])
    with pytest.raises(IndexError, match=r"label 3 of sample 1 is not one of"):
        fit(classifier(), part, progress=False)
    with pytest.raises(IndexError, match=r"step 1 \(epoch 1\).*target 3 at position 37"):
        fit(classifier(), iter([(x, wrong)]), progress=False)
