"""Whole networks: trained from one seed they follow PyTorch, and their weights travel both ways."""

from __future__ import annotations

import json
from pathlib import Path

import models
import numpy as np
import pytest

import tinygrad_ext as tg

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "training.json").read_text())
EXCHANGED = {
    "lenet": (models.lenet, (2, 1, 28, 28)),
    "resnet18": (models.resnet18, (2, 3, 64, 64)),
    "lstm": (models.lstm_classifier, (2, 28, 28)),
    "gpt": (models.gpt, (2, 32)),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_losses_follow_pytorch(name):
    found = models.losses(tg, name)
    np.testing.assert_allclose(found, GOLDEN[name], atol=1e-3)
    assert found[-1] < 0.9 * found[0]


@pytest.mark.parametrize("name", EXCHANGED)
def test_weights_travel_both_ways(name, tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from safetensors.torch import load_file, save_file

    make, shape = EXCHANGED[name]
    tg.manual_seed(1)
    torch.manual_seed(2)
    ours, theirs = make(tg).eval(), make(torch).eval()
    x = models.batch(shape)[0]

    def outputs():
        return ours(tg.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy()

    a, b = outputs()
    assert np.abs(a - b).max() > 1e-3
    save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    ours.load_state_dict(tg.load(tmp_path / "theirs.safetensors"))
    a, b = outputs()
    np.testing.assert_allclose(a, b, atol=1e-5 * np.abs(b).max())

    with tg.no_grad():
        for p in ours.parameters():
            p += 0.01
    tg.save(ours.state_dict(), tmp_path / "ours.safetensors")
    theirs.load_state_dict(load_file(tmp_path / "ours.safetensors"))
    a, b = outputs()
    np.testing.assert_allclose(a, b, atol=1e-5 * np.abs(b).max())
