"""Write random.json: what PyTorch draws after `manual_seed`.

Run with PyTorch installed: python tests/golden/make_random.py
Floats are stored exactly, as hexadecimal.
"""

import hashlib
import json
from functools import partial
from pathlib import Path

import torch

SEEDS = (0, 2**40 + 7)
SIZES = (1, 15, 16, 17, 35)
DTYPES = {"float32": torch.float32, "float64": torch.float64}
INTEGERS = ((0, 10), (-5, 5), (0, 2**31), (-(2**40), 2**41))


def hexes(t):
    return [float(v).hex() for v in t.double().flatten()]


def seeded(seed, draw):
    torch.manual_seed(seed)
    return draw()


def sequence():
    """Draws of every kind, one after the other: each must consume as many numbers as PyTorch's does."""
    return [
        hexes(torch.rand(3)),
        hexes(torch.randn(3)),
        torch.randint(0, 100, (5,)).tolist(),
        hexes(torch.randn(3)),
        hexes(torch.randn(20, dtype=torch.float64)),
        torch.randperm(7).tolist(),
        hexes(torch.randn(1, dtype=torch.float64)),
        hexes(torch.rand(2, 3, dtype=torch.float64)),
        hexes(torch.randn(17)),
        torch.randint(-3, 3, (2, 2)).tolist(),
        hexes(torch.rand(1)),
    ]


def main():
    golden = {"rand": [], "randn": [], "randint": [], "randperm": [], "sequence": []}
    for seed in SEEDS:
        for name, dtype in DTYPES.items():
            for n in SIZES:
                for kind in ("rand", "randn"):
                    draw = seeded(
                        seed, lambda n=n, dtype=dtype, kind=kind: getattr(torch, kind)(n, dtype=dtype)
                    )
                    golden[kind].append({"seed": seed, "n": n, "dtype": name, "values": hexes(draw)})
        for low, high in INTEGERS:
            draw = seeded(seed, partial(torch.randint, low, high, (20,)))
            row = {"seed": seed, "low": low, "high": high, "values": draw.tolist()}
            golden["randint"].append(row)
        for n in (0, 1, 2, 10, 50):
            draw = seeded(seed, partial(torch.randperm, n))
            golden["randperm"].append({"seed": seed, "n": n, "values": draw.tolist()})
        golden["sequence"].append({"seed": seed, "values": seeded(seed, sequence)})
    # Long draws by their SHA-256, but no normal ones: their logarithms may differ in the last bit.
    digests = {
        "rand-float32": seeded(1, lambda: torch.rand(100_003)),
        "rand-float64": seeded(1, lambda: torch.rand(100_003, dtype=torch.float64)),
        "randint": seeded(1, lambda: torch.randint(0, 1000, (100_003,))),
        "randperm": seeded(1, lambda: torch.randperm(100_003)),
    }
    golden["sha256"] = {k: hashlib.sha256(v.numpy()).hexdigest() for k, v in digests.items()}
    path = Path(__file__).with_name("random.json")
    path.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
