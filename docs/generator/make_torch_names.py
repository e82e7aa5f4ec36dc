"""Write torch_names.json: the public functions and modules of an installed PyTorch, for the coverage table.

Run ``python docs/generator/make_torch_names.py`` with the PyTorch that CI installs.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import torch

PLACES = {
    "torch": torch,
    "torch.Tensor": torch.Tensor,
    "torch.nn.functional": torch.nn.functional,
    "torch.linalg": torch.linalg,
    "torch.special": torch.special,
}
# Where names are told by a list, not by what they are.
LISTED = {
    "torch.nn": torch.nn.modules.__all__,
    "torch.nn.init": torch.nn.init.__all__,
    "torch.nn.utils": torch.nn.utils.__all__,
    "torch.nn.utils.rnn": torch.nn.utils.rnn.__all__,
}
# What the modules import for themselves.
HELPERS = {"Optional", "assert_int_or_pair", "boolean_dispatch", "classproperty", "typename"}


def functions(owner: Any) -> list[str]:
    """The public functions of a module, methods and properties of a class."""
    found = []
    for name in dir(owner):
        value = getattr(owner, name)
        if name.startswith("_") or inspect.isclass(value) or inspect.ismodule(value) or name in HELPERS:
            continue
        if callable(value) or inspect.isclass(owner):
            found.append(name)
    return found


if __name__ == "__main__":
    names = {"version": torch.__version__.split("+")[0], **{k: functions(v) for k, v in PLACES.items()}}
    names |= {k: sorted(v) for k, v in LISTED.items()}
    path = Path(__file__).parent / "torch_names.json"
    path.write_text(json.dumps(names, indent=0) + "\n")
    print({k: len(v) for k, v in names.items() if k != "version"})
