"""Write optim.json: the steps of PyTorch's optimizers and the rates of its schedules in optim_cases.py.

Run with PyTorch installed: python tests/golden/make_optim.py
The default dtype is float64, in which NAdam then keeps its product of momenta too.
"""

import json
import warnings
from pathlib import Path

import torch
from optim_cases import LBFGS_SETTINGS, SCHEDULES, SETTINGS, label, lbfgs, rates, trajectory


def main():
    # Making schedules inside a SequentialLR or stepping one by an epoch warns.
    warnings.simplefilter("ignore")
    torch.set_default_dtype(torch.float64)
    golden = {
        "torch": torch.__version__.split("+")[0],
        "trajectories": {label(name, s): trajectory(torch, name, s) for name, s in SETTINGS},
        "lbfgs": {label("LBFGS", s): lbfgs(torch, s) for s in LBFGS_SETTINGS},
        "rates": {
            f"{name} {kind}": rates(torch, name, kind) for name in SCHEDULES for kind in ("SGD", "Adam")
        },
    }
    # 14 digits are more than the tests ask for.
    rounded = json.loads(json.dumps(golden), parse_float=lambda text: float(f"{float(text):.14g}"))
    text = json.dumps(rounded, separators=(",", ":")).replace(']],"', ']],\n"')
    Path(__file__).with_name("optim.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
