"""Write random.json: what PyTorch draws for every entry of draws.py, each after `manual_seed`.

Run with PyTorch installed: python tests/golden/make_random.py
Its numbers are those of a CPU that is not Intel's: MKL draws `bernoulli_(p)`, dropout, `exponential_` there.
Of draws that must be equal to the bit it holds a digest, of others some numbers, exactly, as hexadecimal.
"""

import hashlib
import json
import warnings
from pathlib import Path

import torch
from draws import DRAWS, SEED, SEQUENCE, shown, tolerance

warnings.simplefilter("ignore")


def entry(name, t):
    dtype = str(t.dtype).removeprefix("torch.")
    if tolerance(name, dtype)["rtol"] == 0:
        return [dtype, list(t.shape), hashlib.sha256(t.contiguous().numpy()).hexdigest()[:16]]
    return [dtype, list(t.shape), shown(t.flatten().tolist())]


def main():
    golden = {"draws": {}, "sequence": []}
    for name, draw in DRAWS.items():
        torch.manual_seed(SEED)
        golden["draws"][name] = entry(name, draw(torch, None))
    torch.manual_seed(SEED)
    for name in SEQUENCE:
        golden["sequence"].append(entry(name, DRAWS[name](torch, None)))
    golden["state"] = hashlib.sha256(torch.get_rng_state().numpy()).hexdigest()
    torch.manual_seed(1)
    long = {
        "rand-float32": torch.rand(100_003),
        "rand-float64": torch.rand(100_003, dtype=torch.float64),
        "randint": torch.randint(0, 1000, (100_003,)),
        "randperm": torch.randperm(100_003),
        "bernoulli": torch.zeros(100_003).bernoulli_(0.37),
    }
    golden["sha256"] = {k: hashlib.sha256(v.numpy()).hexdigest() for k, v in long.items()}
    text = json.dumps(golden, separators=(",", ":")).replace('],"', '],\n"')
    Path(__file__).with_name("random.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
