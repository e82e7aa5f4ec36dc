"""`evaluate`: loss and metrics of a model on data; and the `Meter` that adds them up, in training too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from tinygrad_ext._core import Tensor, cat, cross_entropy, mse_loss
from tinygrad_ext.autograd.grad_mode import no_grad
from tinygrad_ext.nn.module import Module
from tinygrad_ext.train.batches import batches_of, unpack
from tinygrad_ext.train.metrics import accuracy, mean_absolute_error, top_k_accuracy
from tinygrad_ext.train.modes import mode

Loss = Callable[[Any, Any], Tensor]
Metric = Callable[[Any, Any], float]
Metrics = Mapping[str, Metric] | Iterable[Metric] | None

# Those whose value on a set is the mean of their values on its batches, by size.
_MEANS = (accuracy, mean_absolute_error, top_k_accuracy)


def default_loss(output: Any, target: Any) -> Tensor:
    """Cross-entropy for a target of class numbers, squared error for one of floating-point numbers."""
    return mse_loss(output, target) if target.dtype.is_floating_point else cross_entropy(output, target)


def named(metrics: Metrics) -> dict[str, Metric] | None:
    """Metrics by name: a function's own where none is given."""
    if metrics is None or isinstance(metrics, Mapping):
        return None if metrics is None else dict(metrics)
    return {_name(metric): metric for metric in metrics}


def _name(metric: Any) -> str:
    if isinstance(metric, partial):
        settings = [str(value) for value in (*metric.args, *metric.keywords.values())]
        return "_".join([_name(metric.func), *settings])
    return getattr(metric, "__name__", type(metric).__name__)


class Meter:
    """Adds up loss and metrics over batches.

    Parameters
    ----------
    metrics : dict from str to callable, or None
        None stands for the accuracy where targets are class numbers, and for nothing elsewhere.
    """

    def __init__(self, metrics: dict[str, Metric] | None) -> None:
        self.metrics = metrics
        self.samples = 0
        self._sums: dict[str, float] = {}
        self._outputs: list[Tensor] = []
        self._targets: list[Tensor] = []

    def update(self, loss: float, output: Any, target: Any) -> None:
        """Count one batch in."""
        if self.metrics is None:
            self.metrics = {} if target.dtype.is_floating_point else {"accuracy": accuracy}
        size = len(target)
        self.samples += size
        self._add("loss", loss * size)
        whole = False
        for name, metric in self.metrics.items():
            if getattr(metric, "func", metric) in _MEANS:
                self._add(name, metric(output, target) * size)
            else:
                whole = True
        if whole:
            self._outputs.append(output.detach())
            self._targets.append(target)

    def result(self) -> dict[str, float]:
        """The values over all batches; {} if there was none."""
        values = {name: total / self.samples for name, total in self._sums.items()}
        if self._outputs:
            output, target = cat(self._outputs), cat(self._targets)
            for name, metric in (self.metrics or {}).items():
                if name not in values:
                    values[name] = float(metric(output, target))
        return values

    def now(self) -> dict[str, float]:
        """What is known without looking at all outputs again, for a progress bar."""
        return {name: total / self.samples for name, total in self._sums.items()}

    def _add(self, name: str, value: float) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + value


def evaluate(
    model: Module,
    data: Any,
    *,
    loss: Loss | None = None,
    metrics: Metrics = None,
    batch_size: int = 256,
) -> dict[str, float]:
    """Return a model's loss and metrics on data, without training it.

    Parameters
    ----------
    model : Module
        Run in evaluation mode; its mode is restored.
    data, loss, metrics, batch_size
        As in `fit`.

    Returns
    -------
    dict from str to float
        "loss", and the metrics by name. Each is that of the whole data, not a mean over batches.

    Raises
    ------
    TypeError, ValueError
        If `data` is not data, or is empty.

    Examples
    --------
    >>> tg.train.evaluate(model, test)  # doctest: +SKIP
    {'loss': 0.1155, 'accuracy': 0.9917}
    """
    loader = batches_of("evaluate", data, batch_size, shuffle=False)
    meter = Meter(named(metrics))
    measure(model, loader, loss or default_loss, meter)
    if not meter.samples:
        raise ValueError("evaluate: the data is empty: no batch came")
    return meter.result()


def measure(
    model: Module,
    loader: Iterable[Any],
    loss: Loss,
    meter: Meter,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Run a model over batches in evaluation mode, counting them into a meter, until `stop` says so."""
    with mode(model, training=False), no_grad():
        for batch in loader:
            inputs, target = unpack("evaluate", batch)
            output = model(*inputs)
            meter.update(float(loss(output, target).item()), output, target)
            if stop():
                return
