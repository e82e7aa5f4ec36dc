"""Training without writing the loop: `fit`, `evaluate`, metrics, history, and a table of a model's layers."""

from tinygrad_ext.train.evaluate import evaluate
from tinygrad_ext.train.fit import fit
from tinygrad_ext.train.history import History
from tinygrad_ext.train.metrics import (
    accuracy,
    confusion_matrix,
    mean_absolute_error,
    r2_score,
    top_k_accuracy,
)
from tinygrad_ext.train.nonfinite import NonFiniteError
from tinygrad_ext.train.summary import Summary, summary

__all__ = [
    "History",
    "NonFiniteError",
    "Summary",
    "accuracy",
    "confusion_matrix",
    "evaluate",
    "fit",
    "mean_absolute_error",
    "r2_score",
    "summary",
    "top_k_accuracy",
]
