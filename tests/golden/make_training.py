"""Make training.json, losses of 50 steps in PyTorch 2.13: `python tests/golden/make_training.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from models import TRAININGS, losses

if __name__ == "__main__":
    found = {name: [round(v, 6) for v in losses(torch, name)] for name in TRAININGS}
    Path(__file__).with_name("training.json").write_text(json.dumps(found, indent=1) + "\n")
