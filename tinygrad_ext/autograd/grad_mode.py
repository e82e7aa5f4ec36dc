"""Switches for recording: each is a context manager and a decorator, and acts on the current thread only."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, TypeVar, cast

from tinygrad_ext._core import (
    _set_grad_enabled,
    _set_inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
)

F = TypeVar("F", bound=Callable[..., Any])


def _checked(name: str, mode: Any) -> bool:
    if not isinstance(mode, bool):
        raise TypeError(f"{name}(): mode must be bool, got {type(mode).__name__} {mode!r}")
    return mode


class _Mode:
    """A context manager that can also decorate a function or a generator function."""

    def __enter__(self) -> None:
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    def _again(self) -> _Mode:
        """A context of its own for each call, so that a decorated function may call itself."""
        return type(self)()

    def __call__(self, function: F) -> F:
        if inspect.isgeneratorfunction(function):
            return cast(F, self._decorate_generator(function))

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return cast(F, call)

    def _decorate_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        # The mode holds while the generator's own code runs, never while its consumer does.
        @functools.wraps(function)
        def generate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            generator = function(*args, **kwargs)
            resume: Callable[[], Any] = functools.partial(next, generator)
            try:
                while True:
                    with self._again():
                        value = resume()
                    try:
                        resume = functools.partial(generator.send, (yield value))
                    except GeneratorExit:
                        with self._again():
                            generator.close()
                        raise
                    except BaseException as error:
                        resume = functools.partial(generator.throw, error)
            except StopIteration as stop:
                return stop.value

        return generate


class no_grad(_Mode):
    """Nothing is recorded inside.

    Examples
    --------
    >>> with tg.no_grad():
    ...     p -= 0.1 * p.grad
    """

    _recording = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        # Without parentheses, `@no_grad`, the function arrives here.
        return super().__new__(cls) if function is None else cls()(function)

    def __enter__(self) -> None:
        self._before = is_grad_enabled()
        _set_grad_enabled(self._recording)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set_grad_enabled(self._before)


class enable_grad(no_grad):
    """Recording is on inside, also within `no_grad`."""

    _recording = True


class set_grad_enabled(_Mode):
    """Switches recording on or off, at once; as a context manager, until its end.

    Parameters
    ----------
    mode : bool
        Whether to record.
    """

    def __init__(self, mode: bool) -> None:
        self._mode = _checked("set_grad_enabled", mode)
        self._before = is_grad_enabled()
        _set_grad_enabled(self._mode)

    def __enter__(self) -> None:
        _set_grad_enabled(self._mode)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set_grad_enabled(self._before)

    def __call__(self, function: F) -> F:
        # As a decorator it shall act on the function only.
        _set_grad_enabled(self._before)
        return super().__call__(function)

    def _again(self) -> _Mode:
        return set_grad_enabled(self._mode)


class inference_mode(_Mode):
    """Nothing is recorded inside, nor can it be later: tensors made inside never take part in a graph.

    Parameters
    ----------
    mode : bool, default True
        False leaves inference mode, within an outer one.
    """

    def __new__(cls, mode: Any = True) -> Any:
        # Without parentheses, `@inference_mode`, the function arrives here.
        return super().__new__(cls) if not callable(mode) else cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        self._mode = _checked("inference_mode", mode)

    def __enter__(self) -> None:
        self._before = is_inference_mode_enabled(), is_grad_enabled()
        _set_inference_mode(self._mode)
        _set_grad_enabled(not self._mode)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        inference, grad = self._before
        _set_inference_mode(inference)
        _set_grad_enabled(grad)

    def _again(self) -> _Mode:
        return inference_mode(self._mode)
