"""`Module`: the base of every layer and model; it keeps track of parameters, buffers and sub-modules.

Each registered thing stands twice: in an ordered registry, for walking, and as a plain attribute, so that
reading `self.weight` costs what any attribute costs. `__setattr__` and `__delattr__` keep both in step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from tinygrad_ext._core import Tensor, _Forward, dtype, float32, float64
from tinygrad_ext.autograd.grad_mode import no_grad
from tinygrad_ext.nn.parameter import Parameter

Self = TypeVar("Self", bound="Module")  # typing.Self needs Python 3.11


class IncompatibleKeys(NamedTuple):
    """What `Module.load_state_dict` found missing and left unused."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def _forward_missing(self: Module, *args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError(f"{type(self).__name__} has no forward method: define forward(self, x)")


class Module(_Forward):
    """The base class of layers and models.

    A subclass calls ``super().__init__()``, assigns parameters and sub-modules as attributes, and defines
    ``forward``. Calling the module runs ``forward`` (through C, as a small model spends its time here).

    Attributes
    ----------
    training : bool
        True after `train`, False after `eval`; read by layers such as `Dropout`.

    Examples
    --------
    >>> class Scale(tg.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = tg.nn.Parameter(tg.ones(1))
    ...     def forward(self, x):
    ...         return self.factor * x
    """

    training: bool
    forward: Callable[..., Any] = _forward_missing

    def __init__(self) -> None:
        # Past our own __setattr__, which needs the registries.
        attributes = self.__dict__
        attributes["training"] = True
        attributes["_parameters"] = {}
        attributes["_buffers"] = {}
        attributes["_transient_buffers"] = set()
        attributes["_modules"] = {}

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _transient_buffers: set[str]  # buffers that are not part of the state dict
    _modules: dict[str, Module | None]

    # ---- registering ---------------------------------------------------------------------------------

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under `name`; None reserves the name (a layer without bias).

        Raises
        ------
        TypeError, KeyError
            If `param` is not a `Parameter` or None; if the name is empty, has a dot, or is taken.
        """
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"register_parameter: {name!r} must be a Parameter or None, got {_kind(param)}")
        self._register(self._parameters, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module's state but is not trained, such as a running mean.

        Parameters
        ----------
        name : str
        tensor : Tensor or None
        persistent : bool, default True
            Whether the buffer is part of the state dict.

        Raises
        ------
        TypeError, KeyError
            As `register_parameter`.
        """
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"register_buffer: {name!r} must be a Tensor or None, got {_kind(tensor)}")
        self._register(self._buffers, name, tensor)
        if not persistent:
            self._transient_buffers.add(name)

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a sub-module under `name`; the same as assigning it as an attribute. Raises as above."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"register_module: {name!r} must be a Module or None, got {_kind(module)}")
        self._register(self._modules, name, module)

    add_module = register_module

    def _register(self, registry: dict[str, Any], name: str, value: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the name of a parameter, buffer or module must be a str, got {_kind(name)}")
        if not name or "." in name:
            raise KeyError(f"the name {name!r} must not be empty or contain a dot")
        if name not in registry and hasattr(self, name):
            raise KeyError(f"{type(self).__name__} already has an attribute {name!r}")
        registry[name] = value
        self.__dict__[name] = value

    def __setattr__(self, name: str, value: Any) -> None:
        registries = (
            self.__dict__.get("_parameters"),
            self.__dict__.get("_buffers"),
            self.__dict__.get("_modules"),
        )
        parameters, buffers, modules = registries
        if parameters is None or buffers is None or modules is None:
            raise AttributeError(f"{type(self).__name__}: call super().__init__() before assigning {name!r}")
        if isinstance(value, Parameter):
            target = parameters
        elif isinstance(value, Module):
            target = modules
        else:
            target = next((registry for registry in registries if registry and name in registry), None)
            if target is buffers and not isinstance(value, Tensor | None):
                raise TypeError(f"{name!r} is a buffer: assign a Tensor or None, got {_kind(value)}")
            if target is not None and target is not buffers and value is not None:
                wanted = (
                    "parameter: assign a Parameter" if target is parameters else "module: assign a Module"
                )
                raise TypeError(f"{name!r} is a {wanted} or None, got {_kind(value)}")
        for registry in registries:
            if registry and registry is not target:
                registry.pop(name, None)
        if target is not None:
            target[name] = value
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        for registry in self._parameters, self._buffers, self._modules:
            registry.pop(name, None)
        self._transient_buffers.discard(name)

    # ---- walking -------------------------------------------------------------------------------------

    def named_modules(self, prefix: str = "", _seen: set[int] | None = None) -> Iterator[tuple[str, Module]]:
        """Iterate over this module, named `prefix`, and all below, each once, with dotted names."""
        seen = set() if _seen is None else _seen
        if id(self) in seen:
            return
        seen.add(id(self))
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(_join(prefix, name), seen)

    def modules(self) -> Iterator[Module]:
        """Iterate over this module and all modules below, each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Iterate over the direct sub-modules with their names, each module once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Module]:
        """Iterate over the direct sub-modules, each once."""
        for _, module in self.named_children():
            yield module

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """Iterate over parameters with dotted names, each parameter once even when it is shared."""
        return self._members("_parameters", prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Iterate over parameters, each once; what an optimizer wants."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """Iterate over buffers with dotted names, each buffer once."""
        return self._members("_buffers", prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Iterate over buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def _members(self, registry: str, prefix: str, recurse: bool) -> Iterator[tuple[str, Any]]:
        seen = set()
        for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name, value in getattr(module, registry).items():
                if value is not None and id(value) not in seen:
                    seen.add(id(value))
                    yield _join(path, name), value

    # ---- state ---------------------------------------------------------------------------------------

    def state_dict(self, prefix: str = "") -> dict[str, Tensor]:
        """Return every parameter and persistent buffer by dotted name.

        The tensors share storage with the module and carry no history; a shared parameter appears under each
        of its names.
        """
        return {name: value.detach() for name, value in self._state(prefix)}

    def _state(self, prefix: str) -> Iterator[tuple[str, Tensor]]:
        for name, parameter in self._parameters.items():
            if parameter is not None:
                yield prefix + name, parameter
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._transient_buffers:
                yield prefix + name, buffer
        for name, module in self._modules.items():
            if module is not None:
                yield from module._state(f"{prefix}{name}.")

    def load_state_dict(self, state_dict: Mapping[str, Tensor], strict: bool = True) -> IncompatibleKeys:
        """Copy a state dict into the parameters and buffers, all of it or nothing.

        Parameters
        ----------
        state_dict : mapping from dotted name to Tensor
            As `state_dict` returns it; values are converted to the module's dtype.
        strict : bool, default True
            Whether missing and unexpected names are errors. Shapes must match in any case.

        Returns
        -------
        IncompatibleKeys
            The missing and the unexpected names; both empty when `strict`.

        Raises
        ------
        RuntimeError
            Lists every missing and unexpected name and every mismatch; the module is then unchanged.
        """
        own = dict(self._state(""))
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        errors = []
        if strict and missing:
            errors.append("missing: " + ", ".join(missing))
        if strict and unexpected:
            errors.append("unexpected: " + ", ".join(map(str, unexpected)))
        for name, target in own.items():
            value = state_dict.get(name)
            if name in state_dict and not isinstance(value, Tensor):
                errors.append(f"{name}: expected a Tensor, got {_kind(value)}")
            elif value is not None and value.shape != target.shape:
                errors.append(f"{name}: expected shape {tuple(target.shape)}, got {tuple(value.shape)}")
        if errors:
            raise RuntimeError(f"load_state_dict into {type(self).__name__}:\n  " + "\n  ".join(errors))
        with no_grad():
            for name, target in own.items():
                if name in state_dict:
                    target.copy_(state_dict[name])
        return IncompatibleKeys(missing, unexpected)

    # ---- changing every module or parameter below ----------------------------------------------------

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every module below and then on this one, for example to initialise weights."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Set `training` here and in every module below; returns the module."""
        if not isinstance(mode, bool):
            raise ValueError(f"train: mode must be True or False, got {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: Self) -> Self:
        """The same as ``train(False)``."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Switch the gradients of all parameters on or off, for example to freeze a part of a model."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros when `set_to_none` is False."""
        for parameter in self.parameters():
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad = parameter.grad.detach().zero_()

    def to(self: Self, *args: dtype | str | None, **kwargs: dtype | str | None) -> Self:
        """Convert the floating-point parameters, their gradients and the buffers, in place.

        Parameters
        ----------
        *args, **kwargs : dtype or str
            `float32` or `float64`, by position or as ``dtype=``. Integer and bool buffers stay as they are.
            A device, too, which can only be "cpu".

        Raises
        ------
        TypeError
            If the dtype is not a floating-point dtype.
        RuntimeError
            If the device is not the CPU.
        """
        wanted = None
        for value in (*args, *kwargs.values()):
            if isinstance(value, str):
                if value.split(":")[0] != "cpu":
                    raise RuntimeError(f"Module.to: the only device is 'cpu', got {value!r}")
            elif value is not None:
                wanted = value
        if wanted is None:
            return self
        if wanted not in (float32, float64):
            raise TypeError(f"Module.to: expected tinygrad_ext.float32 or float64, got {wanted!r}")
        for parameter in self.parameters():
            # Through .data, so that optimizers and other owners keep the same parameter.
            grad = parameter.grad
            parameter.grad = None
            if parameter.dtype in (float32, float64):
                parameter.data = parameter.data.to(wanted)
            parameter.grad = None if grad is None else grad.to(wanted)
        for module in self.modules():
            for name, buffer in module._buffers.items():
                if buffer is not None and buffer.dtype in (float32, float64):
                    setattr(module, name, buffer.to(wanted))
        return self

    def float(self: Self) -> Self:
        """The same as ``to(tg.float32)``."""
        return self.to(float32)

    def double(self: Self) -> Self:
        """The same as ``to(tg.float64)``."""
        return self.to(float64)

    # ---- text ----------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """The module's own settings as they stand in its ``repr``; subclasses override it."""
        return ""

    def __repr__(self) -> str:
        settings = self.extra_repr()
        if not self._modules:
            return f"{type(self).__name__}({settings})"
        lines = settings.splitlines()
        lines += [f"({name}): {module!r}" for name, module in self._modules.items()]
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {body}\n)"


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _kind(value: object) -> str:
    return type(value).__name__
