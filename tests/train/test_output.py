"""What training shows and writes: the bar, the CSV file, TensorBoard, the curves."""

from __future__ import annotations

import csv
import sys

import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn
from tinygrad_ext.data import Subset, TensorDataset
from tinygrad_ext.train import History, fit


def test_the_bar(classifier, capfd, data):
    pytest.importorskip("tqdm")
    fit(classifier(), data, epochs=2, validation=data)
    images = TensorDataset(tg.rand(6, 1, 2, 2), tg.arange(6) % 2)
    fit(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), Subset(images, range(6)), epochs=1)
    shown = capfd.readouterr().err
    for part in ("training: 100%", "100/100", "sample/s", "epoch=2", "loss=", "val_accuracy=", "image/s"):
        assert part in shown


def test_lines_without_tqdm(classifier, capsys, monkeypatch, data):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    fit(classifier(), data, epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("epoch 2 of 2: loss=")
    assert lines[1].endswith("samples/s")


def test_csv(classifier, tmp_path, data):
    history = fit(classifier(), data, epochs=3, validation=data, csv=tmp_path / "log.csv", progress=False)
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [float(row["val_loss"]) for row in rows] == history["val_loss"]
    assert history.as_dict()["epoch"] == [1, 2, 3]
    with pytest.raises(KeyError, match=r"'what'; there are epoch, loss"):
        history["what"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard(classifier, tmp_path, data):
    pytest.importorskip("tensorboardX")
    fit(classifier(), data, epochs=2, validation=data, tensorboard=tmp_path, progress=False)
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    for tag in (b"loss/training", b"loss/validation", b"accuracy/training", b"lr/training"):
        assert content.count(tag) == 2


@pytest.mark.parametrize("library", ["tensorboardX", "safetensors"])
def test_missing_libraries_are_named(classifier, monkeypatch, tmp_path, data, library):
    monkeypatch.setitem(sys.modules, library, None)
    arguments = {"tensorboard": tmp_path} if library == "tensorboardX" else {"checkpoint": tmp_path}
    if library == "safetensors":
        monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=rf"{library}.*tinygrad_ext\[train\]"):
        fit(classifier(), data, epochs=1, progress=False, **arguments)


def test_plot(classifier, tmp_path, data):
    pytest.importorskip("matplotlib")
    history = fit(classifier(), data, epochs=3, validation=data, progress=False)
    figure = history.plot(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
    training, validation = figure.axes[0].lines[:2]
    assert list(training.get_ydata()) == history["loss"]
    assert list(validation.get_ydata()) == history["val_loss"]
    assert "matplotlib.pyplot" not in sys.modules
    with pytest.raises(ValueError, match="no epoch"):
        History().plot()
