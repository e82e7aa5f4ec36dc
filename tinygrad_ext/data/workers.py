"""Workers that fetch batches beside the training loop: threads, or processes with a pipe each.

Each worker has a channel of its own, so that one that dies, at whatever moment, holds up nobody: its end of
the pipe closes with it. A message to a worker is ``(epoch, task)``, the first of an epoch being `Start`; a
reply is ``(epoch, batch, failure)``.
"""

from __future__ import annotations

import contextlib
import copy
import multiprocessing
import os
import pickle
import queue
import random
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

import numpy as np

from tinygrad_ext._core import default_generator, set_num_threads
from tinygrad_ext.data.fetch import Fetcher
from tinygrad_ext.data.worker_info import WorkerInfo, get_worker_info, here

_GRACE = 5.0  # seconds that a worker has to finish the sample it is at


class Failure(NamedTuple):
    """An exception in a worker, in a form that crosses processes."""

    kind: type[BaseException] | None
    sample: Any
    text: str
    trace: str


class Start(NamedTuple):
    """The task that begins an epoch."""

    seed: int


class _Duty:
    """What a worker does with its messages; the same in a thread and in a process."""

    def __init__(
        self, fetch: Fetcher, number: int, count: int, init: Callable[[int], Any] | None, alone: bool
    ) -> None:
        self.fetch = fetch
        self.number, self.count = number, count
        self.init = init
        self.alone = alone  # whether the random generators are this worker's own

    def answer(self, epoch: int, task: Any) -> tuple[int, Any, Failure | None] | None:
        """The reply to a message; none to an epoch's start, unless it fails."""
        try:
            if not isinstance(task, Start):
                return epoch, self.fetch(task), None
            self._begin(task.seed + self.number)
            return None
        except BaseException as error:  # a SystemExit in a dataset, too, must reach the consumer
            return epoch, None, _failure(error, self.fetch.at)

    def _begin(self, seed: int) -> None:
        first = get_worker_info() is None
        here.info = WorkerInfo(self.number, self.count, seed, self.fetch.dataset)
        if self.alone:
            default_generator.manual_seed(seed)
            random.seed(seed)
            np.random.seed([seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF])
        if first and self.init is not None:
            self.init(self.number)
        self.fetch.restart()


def _failure(error: BaseException, sample: Any) -> Failure:
    try:
        pickle.dumps(type(error))
        kind = type(error)
    except Exception:
        kind = None
    text = f"{type(error).__name__}: {error}"
    return Failure(kind, sample, text, traceback.format_exc())


class _Worker:
    """One worker, seen from the loop that uses it."""

    name: str

    def send(self, epoch: int, task: Any) -> None:
        """Hand over a task; does not wait for its end."""
        raise NotImplementedError

    def _receive(self, timeout: float | None) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        """Tell the worker to stop; does not wait."""
        raise NotImplementedError

    def join(self) -> None:
        """Wait for its end, but not forever."""

    def receive(self, epoch: int, timeout: float | None) -> Any:
        """Return the next batch of an epoch; replies that an abandoned epoch left behind are dropped.

        Raises
        ------
        RuntimeError
            If the worker is dead or takes longer than `timeout` seconds.
        Exception
            What was raised in the worker, of the same type where it can be made from a text.
        """
        while True:
            of, batch, failure = self._receive(timeout)
            if of != epoch:
                continue
            if failure is None:
                return batch
            where = "" if failure.sample is None else f", at sample {failure.sample}"
            message = f"DataLoader {self.name}{where}: {failure.text}\n\nIn the worker:\n{failure.trace}"
            raise _raisable(failure.kind, message) from None


def _raisable(kind: type[BaseException] | None, message: str) -> BaseException:
    # A KeyError shows its text quoted, with the line breaks as \n.
    if kind is not None and issubclass(kind, Exception) and not issubclass(kind, KeyError | StopIteration):
        with contextlib.suppress(Exception):
            error = kind(message)
            if message in str(error):
                return error
    return RuntimeError(message)


class ThreadWorker(_Worker):
    """A worker thread: no copies, and no gain where the dataset holds Python's lock."""

    def __init__(self, duty: _Duty) -> None:
        self.name = f"worker {duty.number} (thread)"
        duty.fetch = copy.copy(duty.fetch)  # each keeps its own place
        self._tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._replies: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stop = threading.Event()
        # Not the worker's own methods: a thread must not keep alive what closes it.
        arguments = duty, self._tasks, self._replies, self._stop
        threading.Thread(target=_work_in_thread, args=arguments, daemon=True).start()

    def send(self, epoch: int, task: Any) -> None:
        self._tasks.put((epoch, task))

    def _receive(self, timeout: float | None) -> Any:
        try:
            return self._replies.get(timeout=timeout)
        except queue.Empty:
            raise RuntimeError(f"DataLoader {self.name} gave no batch within {timeout:g} s") from None

    def close(self) -> None:
        self._stop.set()
        self._tasks.put(None)


def _work_in_thread(
    duty: _Duty,
    tasks: queue.SimpleQueue[Any],
    replies: queue.SimpleQueue[Any],
    stop: threading.Event,
) -> None:
    while (message := tasks.get()) is not None and not stop.is_set():
        if (reply := duty.answer(*message)) is not None:
            replies.put(reply)


class ProcessWorker(_Worker):
    """A worker process; batches come back through a pipe, as copies."""

    def __init__(self, duty: _Duty, context: Any, before: list[_Worker]) -> None:
        self._pipe, theirs = context.Pipe()
        # A fork has copies of the consumer's ends, which would keep the pipes open when the consumer is gone.
        forked = context.get_start_method() == "fork"
        copies = [w._pipe for w in (*before, self) if isinstance(w, ProcessWorker)] if forked else []
        self._process = context.Process(target=_work_in_process, args=(theirs, duty, copies), daemon=True)
        with warnings.catch_warnings():
            # Python 3.12 warns of any fork beside threads; the core's own start anew in the child.
            warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
            self._process.start()
        theirs.close()  # so that the worker's death ends the pipe
        self.name = f"worker {duty.number} (process {self._process.pid})"

    def send(self, epoch: int, task: Any) -> None:
        with contextlib.suppress(OSError):  # a dead worker: the next receive says so
            self._pipe.send((epoch, task))

    def _receive(self, timeout: float | None) -> Any:
        if not wait([self._pipe, self._process.sentinel], timeout):
            raise RuntimeError(f"DataLoader {self.name} gave no batch within {timeout:g} s")
        try:
            if self._pipe.poll():
                return self._pipe.recv()
        except (EOFError, OSError):
            pass
        self._process.join(_GRACE)
        code = self._process.exitcode
        how = f"exit code {code}" if code is None or code >= 0 else f"signal {-code}"
        raise RuntimeError(
            f"DataLoader {self.name} died unexpectedly ({how}): the dataset crashed it, called os._exit or "
            "could not be unpickled there, or memory ran out"
        )

    def close(self) -> None:
        self._pipe.close()

    def join(self) -> None:
        self._process.join(_GRACE)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()


def _work_in_process(pipe: Connection, duty: _Duty, copies: list[Connection]) -> None:
    for end in copies:
        end.close()
    # The terminal's Ctrl-C goes to the whole group; the consumer decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_num_threads(1)
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    # Read at once, so that a consumer never waits for room in the pipe while the worker does the same.
    threading.Thread(target=_listen, args=(pipe, tasks), daemon=True).start()
    while (message := tasks.get()) is not None:
        if (reply := duty.answer(*message)) is None:
            continue
        try:
            pipe.send(reply)
        except OSError:  # nobody listens any more
            return
        except Exception as error:  # a batch that cannot be pickled
            pipe.send((message[0], None, _failure(error, None)))


def _listen(pipe: Connection, tasks: queue.SimpleQueue[Any]) -> None:
    try:
        while True:
            tasks.put(pipe.recv())
    except (EOFError, OSError):
        tasks.put(None)
    time.sleep(_GRACE)
    os._exit(1)  # the consumer is gone, and the dataset does not come back


def start_workers(
    fetch: Fetcher, count: int, kind: str, context: Any, init: Callable[[int], Any] | None
) -> list[_Worker]:
    """Start `count` workers, threads or processes; all or none."""
    workers: list[_Worker] = []
    if not hasattr(context, "Process"):
        context = multiprocessing.get_context(context)
    try:
        for number in range(count):
            duty = _Duty(fetch, number, count, init, alone=kind == "processes")
            worker = ProcessWorker(duty, context, workers) if kind == "processes" else ThreadWorker(duty)
            workers.append(worker)
    except BaseException:
        stop_workers(workers)
        raise
    return workers


def stop_workers(workers: list[_Worker]) -> None:
    """Stop workers and wait for their end; kills those that take too long."""
    for worker in workers:
        worker.close()
    for worker in workers:
        worker.join()
