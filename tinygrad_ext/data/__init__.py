"""Data sets, readers of files, and what stands between them and a training loop: samplers, the loader."""

from tinygrad_ext.data.cifar import Cifar10, cifar10
from tinygrad_ext.data.collate import default_collate, default_convert
from tinygrad_ext.data.dataset import ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset
from tinygrad_ext.data.digits import Digits, digits
from tinygrad_ext.data.idx import read_idx
from tinygrad_ext.data.loader import DataLoader
from tinygrad_ext.data.mnist import Mnist, mnist
from tinygrad_ext.data.parts import random_split, train_val_test_split
from tinygrad_ext.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from tinygrad_ext.data.split import Split
from tinygrad_ext.data.table import Table, csv
from tinygrad_ext.data.text import Blocks, Text, text
from tinygrad_ext.data.transforms import (
    Compose,
    Normalize,
    OneHot,
    RandomCrop,
    RandomHorizontalFlip,
    RandomShift,
)
from tinygrad_ext.data.worker_info import WorkerInfo, get_worker_info

__all__ = [
    "BatchSampler",
    "Blocks",
    "Cifar10",
    "Compose",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "Digits",
    "IterableDataset",
    "Mnist",
    "Normalize",
    "OneHot",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomSampler",
    "RandomShift",
    "Sampler",
    "SequentialSampler",
    "Split",
    "Subset",
    "SubsetRandomSampler",
    "Table",
    "TensorDataset",
    "Text",
    "WeightedRandomSampler",
    "WorkerInfo",
    "cifar10",
    "csv",
    "default_collate",
    "default_convert",
    "digits",
    "get_worker_info",
    "mnist",
    "random_split",
    "read_idx",
    "text",
    "train_val_test_split",
]
