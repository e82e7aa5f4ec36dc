"""Neural networks: modules, their parameters, layers by family, losses. Start with module.py."""

from tinygrad_ext.nn import functional, init
from tinygrad_ext.nn.activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from tinygrad_ext.nn.containers import ModuleList, Sequential
from tinygrad_ext.nn.conv import Conv2d
from tinygrad_ext.nn.dropout import Dropout
from tinygrad_ext.nn.linear import Flatten, Identity, Linear
from tinygrad_ext.nn.loss import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss, NLLLoss
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter
from tinygrad_ext.nn.pooling import AvgPool2d, MaxPool2d

__all__ = [
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Identity",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "functional",
    "init",
]
