"""Write loader.json: the orders in which PyTorch's samplers, loader and `random_split` visit a dataset.

Run with PyTorch installed: python tests/golden/make_loader.py
"""

import json
from pathlib import Path

import torch
from orders import ORDERS
from torch.utils import data


def main():
    golden = {name: order(torch, data) for name, order in ORDERS.items()}
    text = json.dumps(golden, separators=(",", ":")).replace('],"', '],\n"')
    Path(__file__).with_name("loader.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
