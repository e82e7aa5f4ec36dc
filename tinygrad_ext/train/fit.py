"""`fit`: the training loop, with everything around it that one would otherwise write again each time."""

from __future__ import annotations

import importlib
import math
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from tinygrad_ext._core import Tensor, default_generator
from tinygrad_ext.nn.module import Module
from tinygrad_ext.optim import Adam
from tinygrad_ext.train.batches import batches_of, label_outside, samples_in, unit_of, unpack
from tinygrad_ext.train.checkpoint import Keeper, State
from tinygrad_ext.train.evaluate import Loss, Meter, Metrics, default_loss, measure, named
from tinygrad_ext.train.history import VALIDATION, History, Record
from tinygrad_ext.train.interrupt import Interrupt
from tinygrad_ext.train.modes import mode
from tinygrad_ext.train.nonfinite import NonFiniteError, find_source
from tinygrad_ext.train.progress import Progress


def fit(
    model: Module,
    data: Any,
    *,
    loss: Loss | None = None,
    optimizer: Any = None,
    scheduler: Any = None,
    epochs: int = 10,
    batch_size: int = 32,
    validation: Any = None,
    metrics: Metrics = None,
    transform: Callable[[Any], Any] | None = None,
    monitor: str | None = None,
    patience: int | None = None,
    restore_best: bool = False,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    progress: bool = True,
    csv: str | os.PathLike[str] | None = None,
    tensorboard: str | os.PathLike[str] | None = None,
    on_epoch: Callable[[History], Any] | None = None,
) -> History:
    """Train a model.

    Ctrl-C ends training after the step it is at; the model keeps what it has learned, and the history is
    returned. A second Ctrl-C raises KeyboardInterrupt.

    Parameters
    ----------
    model : Module
        Called with the batch's inputs, in training mode; left in the mode that it was in.
    data : tuple of Tensor, Dataset, DataLoader or other iterable of batches
        The last tensor, or part of a batch, is the target, what comes before are the model's inputs.
    loss : callable, optional
        ``loss(output, target)``, a Tensor with one value, averaged over the batch. By default cross-entropy
        where targets are class numbers, squared error where they are floating-point numbers.
    optimizer : Optimizer, optional
        ``Adam(model.parameters())`` by default.
    scheduler : object with ``step``, ``state_dict`` and ``load_state_dict``, optional
        A schedule of learning rates; its ``step()`` is called after each epoch, `ReduceLROnPlateau`'s with
        the monitored value.
    epochs : int, default 10
        How often to go through the data in all, with those before `resume`.
    batch_size : int, default 32
        Where `data` is not made of batches yet; it is then shuffled anew for each epoch.
    validation : as `data`, optional
        Looked at after each epoch.
    metrics : iterable of callable, or dict from str to callable, optional
        ``metric(output, target)``, a number. By default the accuracy where targets are class numbers.
    transform : callable, optional
        Applied to the first input of each training batch, for example `RandomShift`.
    monitor : str, optional
        The value that tells which epoch is best: "val_loss" by default, "loss" without validation. Of losses
        and errors the lowest is best, of other values the highest.
    patience : int, optional
        Stop early: after so many epochs without a new best one.
    restore_best : bool, default False
        Whether the model gets the weights of its best epoch in the end.
    checkpoint : path, optional
        A directory for ``last.safetensors``, written after each epoch, and ``best.safetensors``, written
        after each that is the best so far: model, optimizer, schedule, random state and history.
    resume : path, optional
        A checkpoint, or a directory with ``last.safetensors``, to go on from: to the same bits as if training
        had not stopped in between.
    progress : bool, default True
        Shows a bar with loss, metrics and samples per second, or a line per epoch without tqdm.
    csv : path, optional
        Write the history to this file after each epoch.
    tensorboard : path, optional
        A directory to write the history to for TensorBoard.
    on_epoch : callable, optional
        Called with the history after each epoch; stops training by returning True.

    Returns
    -------
    History
        `stopped` says why training ended.

    Raises
    ------
    NonFiniteError
        If the loss becomes NaN or infinite: names the step and the layer that it came from. The parameters
        are as they were before that step, and its `history` has the epochs up to there.
    ValueError, TypeError, IndexError
        If there is no data, a setting is out of range, a label is not one of the classes (names the sample).
    ImportError
        If `checkpoint` or `tensorboard` need a library that is not installed; names it.

    Examples
    --------
    >>> train, validation, test = tg.data.digits()
    >>> model = tg.nn.Sequential(tg.nn.Flatten(), tg.nn.Linear(64, 10))
    >>> history = tg.train.fit(model, train, validation=validation, epochs=3, progress=False)
    >>> history["val_accuracy"][-1] > 0.5
    True
    """
    if not isinstance(epochs, int) or isinstance(epochs, bool) or epochs < 1:
        raise ValueError(f"fit: epochs must be a whole number from 1, got {epochs!r}")
    if patience is not None and patience < 1:
        raise ValueError(f"fit: patience must be at least 1 epoch, got {patience}")
    loader = batches_of("fit", data, batch_size, shuffle=True)
    held_out = (
        None if validation is None else batches_of("fit", validation, max(batch_size, 256), shuffle=False)
    )
    history = History(monitor or ("loss" if validation is None else VALIDATION + "loss"))
    optimizer = Adam(model.parameters()) if optimizer is None else optimizer
    state = State(model, optimizer, scheduler, getattr(loader, "generator", None), history)
    if resume is not None:
        state.load(resume)
    keeper = Keeper(state, checkpoint, restore_best, resume)
    run = _Run(model, loader, loss or default_loss, optimizer, transform, named(metrics), history)

    with ExitStack() as stack:
        stack.enter_context(mode(model, training=True))
        interrupt = stack.enter_context(Interrupt())
        writer = _writer(tensorboard, stack)
        bar = Progress(progress, epochs, len(history), samples_in(loader), unit_of(loader))
        stack.callback(bar.close)
        history.stopped = "finished"
        while len(history) < epochs:
            epoch, start = len(history) + 1, time.perf_counter()
            rate = float(optimizer.param_groups[0]["lr"])
            record = run.epoch(epoch, bar, interrupt)
            seconds = time.perf_counter() - start
            if held_out is not None and not interrupt.requested:
                meter = Meter(run.metrics)
                measure(model, held_out, run.loss, meter, lambda: interrupt.requested)
                if not meter.samples:
                    raise ValueError("fit: the validation data is empty: no batch came")
                record |= {VALIDATION + name: value for name, value in meter.result().items()}
            if interrupt.requested:  # what is not whole is no epoch
                history.stopped = "interrupted"
                break
            if history.monitor not in record:
                raise ValueError(f"fit: monitor {history.monitor!r} is none of {', '.join(record)}")
            speed = run.samples / max(seconds, 1e-9)
            about = {"lr": rate, "seconds": time.perf_counter() - start, "samples_per_second": speed}
            history.records.append({"epoch": epoch, **record, **about})
            _step(scheduler, record[history.monitor])
            keeper.epoch()
            bar.epoch(epoch, history.records[-1])
            if csv is not None:
                history.to_csv(csv)
            if writer is not None:
                _write(writer, history.records[-1])
            if on_epoch is not None and on_epoch(history) is True:
                history.stopped = "stopped by on_epoch"
                break
            if patience is not None and epoch - history.best.get("epoch", 0) >= patience:
                history.stopped = "early stopping"
                break
    if restore_best:
        keeper.restore()
    return history


class _Run:
    """The part of training that is the same in every epoch."""

    def __init__(
        self,
        model: Module,
        loader: Any,
        loss: Loss,
        optimizer: Any,
        transform: Any,
        metrics: Any,
        history: History,
    ) -> None:
        self.model, self.loader, self.loss, self.history = model, loader, loss, history
        self.optimizer, self.transform, self.metrics = optimizer, transform, metrics
        self.steps = 0
        self.samples = 0

    def epoch(self, epoch: int, bar: Progress, interrupt: Interrupt) -> Record:
        """Go through the data once; returns loss and metrics."""
        meter = Meter(self.metrics)
        for batch in self.loader:
            inputs, target = unpack("fit", batch)
            if self.transform is not None:
                inputs = (self.transform(inputs[0]), *inputs[1:])
            self.steps += 1
            seen: list[tuple[float, Any]] = []
            # As a closure, for optimizers that look at a batch more than once (LBFGS); the first look counts.
            self.optimizer.step(partial(self._look, inputs, target, epoch, seen))
            number, output = seen[0]
            meter.update(number, output, target)
            bar.step(len(target), epoch, meter.now)
            if interrupt.requested:
                break
        if not meter.samples:
            again = f" in epoch {epoch}; an iterator can be gone through only once" if epoch > 1 else ""
            raise ValueError(f"fit: the data is empty: no batch came{again}")
        self.metrics, self.samples = meter.metrics, meter.samples
        return meter.result()

    def _look(
        self, inputs: tuple[Any, ...], target: Any, epoch: int, seen: list[tuple[float, Any]]
    ) -> Tensor:
        """Compute the loss of a batch and the gradients."""
        drawn = default_generator.get_state()
        output = self.model(*inputs)
        loss = self._loss(output, target, epoch)
        number = float(loss.item())
        if not math.isfinite(number):
            source, sentence = find_source(self.model, inputs, target, drawn)
            message = f"fit: the loss is {number} at step {self.steps} (epoch {epoch}): {sentence}"
            raise NonFiniteError(message, epoch, self.steps, source, self.history)
        self.optimizer.zero_grad()
        loss.backward()
        seen.append((number, output))
        return loss

    def _loss(self, output: Any, target: Any, epoch: int) -> Tensor:
        try:
            return self.loss(output, target)
        except IndexError as error:
            classes = output.shape[1] if isinstance(output, Tensor) and output.ndim > 1 else 0
            if classes and not target.dtype.is_floating_point:
                found = label_outside(self.loader, classes)
                if found is not None:
                    raise IndexError(
                        f"fit: label {found[1]} of sample {found[0]} is not one of the model's {classes} "
                        f"classes, 0 to {classes - 1}"
                    ) from error
            raise IndexError(f"fit: at step {self.steps} (epoch {epoch}): {error}") from error


def _step(scheduler: Any, value: float) -> None:
    if scheduler is None:
        return
    if type(scheduler).__name__ == "ReduceLROnPlateau":
        scheduler.step(value)
    else:
        scheduler.step()


def _writer(folder: str | os.PathLike[str] | None, stack: ExitStack) -> Any:
    if folder is None:
        return None
    try:
        writer = importlib.import_module("tensorboardX").SummaryWriter(os.fspath(folder))
    except ImportError:
        raise ImportError(
            "fit: tensorboard needs the library tensorboardX: pip install 'tinygrad_ext[train]'"
        ) from None
    stack.callback(writer.close)
    return writer


def _write(writer: Any, record: Record) -> None:
    for name, value in record.items():
        if name != "epoch":
            tag = name.removeprefix(VALIDATION)
            part = "validation" if name != tag else "training"
            writer.add_scalar(f"{tag}/{part}", value, int(record["epoch"]))
