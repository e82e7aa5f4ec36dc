"""`fit` against a loop written out; history, best weights, stopping early, logs, faults."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn
from tinygrad_ext.data import DataLoader, IterableDataset, TensorDataset
from tinygrad_ext.train import evaluate, fit, mean_absolute_error, r2_score


def same_weights(a, b):
    for name, value in a.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), b.state_dict()[name].numpy(), err_msg=name)


def test_equals_a_loop_written_out(classifier, data):
    x, y = data
    model, other = classifier(), classifier()
    history = fit(model, data, epochs=3, batch_size=8, progress=False)

    tg.manual_seed(4)
    classifier()
    losses, rights = [], []
    optimizer = tg.optim.Adam(other.parameters())
    for _ in range(3):
        total, right = 0.0, 0
        for a, b in DataLoader(TensorDataset(x, y), 8, shuffle=True):
            output = other(a)
            loss = nn.functional.cross_entropy(output, b)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(b)
            right += (output.detach().numpy().argmax(1) == b.numpy()).sum()
        losses.append(total / 50)
        rights.append(right / 50)
    same_weights(model, other)
    assert history["loss"] == pytest.approx(losses, rel=1e-12)
    assert history["accuracy"] == pytest.approx(rights, rel=1e-12)
    assert history.stopped == "finished"
    assert model.training


class Twice(tg.optim.SGD):
    """Looks at each batch twice, as LBFGS does."""

    def step(self, closure=None):
        super().step(closure)
        return super().step(closure)


def test_an_optimizer_may_look_twice(data):
    x, y = data
    model, other = (nn.Linear(5, 3) for _ in range(2))
    other.load_state_dict(model.state_dict())
    history = fit(
        model, data, optimizer=Twice(model.parameters(), lr=0.1), batch_size=50, epochs=3, progress=False
    )
    loader = DataLoader(TensorDataset(x, y), 50)
    plain = tg.optim.SGD(other.parameters(), lr=0.1)
    other_history = fit(other, loader, optimizer=plain, epochs=6, progress=False)
    assert history["loss"] == pytest.approx(other_history["loss"][::2], rel=1e-5)


def test_learns_the_digits():
    train, validation, test = tg.data.digits()
    tg.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)).eval()
    optimizer = tg.optim.Adam(model.parameters(), lr=3e-3)
    history = fit(model, train, optimizer=optimizer, validation=validation, epochs=8, progress=False)
    assert history["val_accuracy"][-1] > 0.95
    assert evaluate(model, test)["accuracy"] > 0.91
    assert not model.training


def test_regression_and_metrics_of_the_whole(data):
    x, _ = data
    y = (x[:, :1] * 2 - 1).contiguous()
    model = nn.Linear(5, 1)
    history = fit(
        model,
        TensorDataset(x, y),
        validation=(x, y),
        metrics={"r2": r2_score, "mae": mean_absolute_error},
        optimizer=tg.optim.SGD(model.parameters(), lr=0.1),
        epochs=5,
        progress=False,
    )
    with tg.no_grad():
        output = model(x).numpy().astype(np.float64)
    target = y.numpy().astype(np.float64)
    r2 = 1 - ((target - output) ** 2).sum() / ((target - target.mean()) ** 2).sum()
    assert history["val_r2"][-1] == pytest.approx(r2, rel=1e-9)
    assert history["val_mae"][-1] == pytest.approx(np.abs(target - output).mean(), rel=1e-9)
    assert evaluate(model, (x, y), metrics=[r2_score], batch_size=7)["r2_score"] == pytest.approx(
        r2, rel=1e-6
    )
    assert "accuracy" not in history.names()


def test_evaluation_is_in_evaluation_mode(classifier, data):
    """Dropout passes everything, batch norm uses its running means, and every module's mode comes back."""
    model = classifier().train()
    model[3].eval()
    result = evaluate(model, data, batch_size=7)
    assert [module.training for module in model.modules()] == [True, True, True, True, False, True]
    model.eval()
    expected = nn.functional.cross_entropy(model(data[0]), data[1]).item()
    assert result["loss"] == pytest.approx(expected, rel=1e-6)


class Schedule:
    """Divides the rate by ten at each step; keeps count."""

    def __init__(self, optimizer):
        self.optimizer, self.count = optimizer, 0

    def step(self):
        self.count += 1
        self.optimizer.param_groups[0]["lr"] /= 10

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]


class Plateau(Schedule):
    def step(self, value):
        self.seen = value


Plateau.__name__ = "ReduceLROnPlateau"


def test_scheduler(classifier, data):
    model = classifier()
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    history = fit(model, data, optimizer=optimizer, scheduler=Schedule(optimizer), epochs=3, progress=False)
    assert history["lr"] == pytest.approx([0.1, 0.01, 0.001])
    plateau = Plateau(optimizer)
    history = fit(model, data, optimizer=optimizer, scheduler=plateau, epochs=1, progress=False)
    assert plateau.seen == history["loss"][0]


@pytest.mark.parametrize("own", [False, True])
def test_resuming_equals_not_stopping(classifier, tmp_path, data, own):
    """Weights, running means, Adam's state, schedule, order, dropout: all the same bits."""
    pytest.importorskip("safetensors")

    def parts():
        model = classifier()
        optimizer = tg.optim.Adam(model.parameters(), lr=0.01)
        generator = tg.Generator().manual_seed(3) if own else None
        loader = DataLoader(TensorDataset(*data), 8, shuffle=True, generator=generator)
        return model, loader, {"optimizer": optimizer, "scheduler": Schedule(optimizer)}

    model, loader, settings = parts()
    whole = fit(model, loader, validation=data, epochs=5, progress=False, **settings)

    half, loader, settings = parts()
    fit(half, loader, validation=data, epochs=2, progress=False, checkpoint=tmp_path, **settings)
    tg.manual_seed(99)
    other, loader, others = parts()
    tg.manual_seed(98)
    rest = fit(other, loader, validation=data, epochs=5, progress=False, resume=tmp_path, **others)
    same_weights(model, other)
    assert others["scheduler"].count == 5
    for name in ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "lr"):
        assert rest[name] == whole[name]
    again = fit(other, loader, epochs=5, progress=False, resume=tmp_path / "best.safetensors", **others)
    assert len(again) == 5


def test_a_checkpoint_of_something_else(classifier, tmp_path, data):
    pytest.importorskip("safetensors")
    fit(classifier(), data, epochs=1, progress=False, checkpoint=tmp_path)
    with pytest.raises(RuntimeError, match="load_state_dict"):
        fit(nn.Linear(5, 3), data, resume=tmp_path)
    model = classifier()
    optimizer = tg.optim.Adam(model.parameters())
    with pytest.raises(ValueError, match=r"last\.safetensors.*none where scheduler"):
        fit(model, data, optimizer=optimizer, scheduler=Schedule(optimizer), resume=tmp_path)
    tg.save(model.state_dict(), tmp_path / "weights")
    with pytest.raises(ValueError, match=r"weights: expected a checkpoint"):
        fit(model, data, resume=tmp_path / "weights")


def test_stopping_early_and_the_best_weights(classifier, tmp_path, data):
    """From the fourth epoch on the loss is made to rise: the best epoch is not the last one."""
    pytest.importorskip("safetensors")
    model = classifier()
    optimizer = tg.optim.SGD(model.parameters(), lr=0.05)
    seen = []

    def worse(history):
        seen.append({name: value.clone() for name, value in model.state_dict().items()})
        if len(history) >= 4:
            optimizer.param_groups[0]["maximize"] = True

    history = fit(
        model,
        data,
        validation=data,
        optimizer=optimizer,
        epochs=50,
        patience=3,
        restore_best=True,
        checkpoint=tmp_path,
        on_epoch=worse,
        progress=False,
    )
    best = int(np.argmin(history["val_loss"]))
    assert history.best["epoch"] == best + 1
    assert len(history) == best + 4 < 50
    assert history.stopped == "early stopping"
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), seen[best][name].numpy())
        saved = tg.load(tmp_path / "best.safetensors")["model"][name]
        np.testing.assert_array_equal(saved.numpy(), seen[best][name].numpy())
    # Later, too, the best weights are found: beside the checkpoint.
    other = classifier()
    fit(other, data, validation=data, optimizer=tg.optim.SGD(other.parameters(), lr=0.0), restore_best=True,
        epochs=len(history) + 1, resume=tmp_path, progress=False)  # fmt: skip
    same_weights(other, model)


def test_monitor_and_on_epoch(classifier, data):
    history = fit(
        classifier(), data, epochs=9, monitor="accuracy", progress=False, on_epoch=lambda h: len(h) == 4
    )
    assert history.stopped == "stopped by on_epoch"
    assert history.best["accuracy"] == max(history["accuracy"])
    with pytest.raises(ValueError, match=r"monitor 'val_loss' is none of loss, accuracy"):
        fit(classifier(), data, epochs=1, monitor="val_loss", progress=False)


def test_transform_is_for_training_only(classifier, data):
    seen = []

    def transform(x):
        seen.append(len(x))
        return x + 100

    history = fit(
        classifier(), data, epochs=1, batch_size=25, transform=transform, validation=data, progress=False
    )
    assert seen == [25, 25]
    assert history["val_loss"][0] < 5


class Twins(nn.Module):
    """A model of two inputs."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(5, 3)

    def forward(self, a, b):
        return self.linear(a) + self.linear(b)


class Stream(IterableDataset):
    def __iter__(self):
        return iter([(tg.ones(5), 1)] * 10)


def test_what_data_can_be(classifier, data):
    x, y = data
    fit(Twins(), (x, x, y), epochs=1, progress=False)
    fit(classifier(), (x.numpy(), y.numpy()), epochs=1, progress=False)
    fit(classifier(), [(x[i], int(y[i])) for i in range(20)], epochs=1, progress=False)
    assert fit(classifier(), Stream(), epochs=2, batch_size=4, progress=False).stopped == "finished"

    class Batches:
        def __iter__(self):
            return iter([(x, y)] * 2)

    assert len(fit(classifier(), Batches(), epochs=2, progress=False)) == 2
