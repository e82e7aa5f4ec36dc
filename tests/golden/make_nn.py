"""Write nn.json and nn.npz: what PyTorch gives for the module table, and for nn.init; its signatures.

Run with PyTorch installed: python tests/golden/make_nn.py
Its dropouts are those of a CPU that is not Intel's, as in make_random.py.
"""

import inspect
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
warnings.simplefilter("ignore")

from modules import ROWS  # noqa: E402 - found through the line above
from modules.inits import GAINS, INITS  # noqa: E402
from modules.row import SEED, run  # noqa: E402


def signature(kind):
    """The constructor's arguments with their defaults, those that are no plain values as "..."."""
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return None
    plain = (bool, int, float, str, type(None))
    return [
        [
            p.name,
            p.kind == p.KEYWORD_ONLY,
            "required" if p.default is p.empty else p.default if isinstance(p.default, plain) else "...",
        ]
        for p in parameters
    ]


def main():
    rows, arrays = {}, {}
    for row in ROWS:
        result = run(torch, row)
        rows[row.name] = {
            "text": result.text,
            "state": {name: list(a.shape) for name, a in result.state.items()},
            "values": {name: list(a.shape) for name, a in result.values.items()},
        }
        parts = [*result.state.values(), *result.values.values()]
        arrays[row.name] = np.concatenate(
            [a.astype("float32").ravel() for a in parts] or [np.zeros(0, "float32")]
        )
    kinds = {name: getattr(torch.nn, name) for name in dir(torch.nn)}
    modules = {n: k for n, k in kinds.items() if isinstance(k, type) and issubclass(k, torch.nn.Module)}
    inits = {}
    for name, init in INITS.items():
        torch.manual_seed(SEED)
        inits[name] = [[float(str(x)) for x in line] for line in init(torch, None).flatten(1).numpy()]
    golden = {
        "rows": rows,
        "signatures": {name: signature(kind) for name, kind in modules.items()},
        "init": inits,
        "gains": [torch.nn.init.calculate_gain(*given) for given in GAINS],
    }
    text = json.dumps(golden, separators=(",", ":")).replace('},"', '},\n"').replace(']],"', ']],\n"')
    (HERE / "nn.json").write_text(text + "\n")
    order = np.cumsum([0, *(len(a) for a in arrays.values())])
    assert len(order) == len(rows) + 1
    np.savez_compressed(HERE / "nn.npz", numbers=np.concatenate(list(arrays.values())), starts=order)


if __name__ == "__main__":
    main()
