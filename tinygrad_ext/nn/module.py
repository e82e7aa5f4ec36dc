"""`Module`: the base of every layer and model; it keeps track of parameters, buffers and sub-modules.

Each registered thing stands twice: in an ordered registry, for walking, and as a plain attribute, so that
reading `self.weight` costs what any attribute costs. `__setattr__` and `__delattr__` keep both in step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from tinygrad_ext._core import Tensor, bfloat16, float32, float64
from tinygrad_ext.nn.convert import convert, wanted_dtype
from tinygrad_ext.nn.hooks import Hooked
from tinygrad_ext.nn.parameter import Parameter
from tinygrad_ext.nn.state import IncompatibleKeys, entries, load

Self = TypeVar("Self", bound="Module")  # typing.Self needs Python 3.11


def _forward_missing(self: Module, *args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError(f"{type(self).__name__} has no forward method: define forward(self, x)")


class Module(Hooked):
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
        attributes = self.__dict__
        registries = parameters, buffers, modules = (
            attributes.get("_parameters"),
            attributes.get("_buffers"),
            attributes.get("_modules"),
        )
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

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Iterate over this module, named `prefix`, and all below with dotted names.

        Parameters
        ----------
        memo : set of Module, optional
            Modules to leave out; those that were visited are added.
        prefix : str
        remove_duplicate : bool, default True
            Whether a module that stands in several places is visited once.
        """
        seen = set() if memo is None else memo
        if self in seen:
            return
        if remove_duplicate:
            seen.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(seen, _join(prefix, name), remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Iterate over this module and all modules below, each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Iterate over the direct sub-modules with their names, each module once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """Iterate over the direct sub-modules, each once."""
        return (module for _, module in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Iterate over parameters with dotted names, a shared one once unless `remove_duplicate` is False."""
        return self._members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Iterate over parameters, each once; what an optimizer wants."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Iterate over buffers with dotted names, a shared one once unless `remove_duplicate` is False."""
        return self._members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Iterate over buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _members(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen = set()
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in getattr(module, registry).items():
                if value is not None and id(value) not in seen:
                    if remove_duplicate:
                        seen.add(id(value))
                    yield _join(path, name), value

    def get_submodule(self, target: str) -> Module:
        """Return the module with a dotted name ("" is this one); AttributeError if there is none."""
        module = self
        for name in target.split(".") if target else ():
            child = module._modules.get(name)
            if child is None:
                raise AttributeError(f"get_submodule({target!r}): {_kind(module)} has no module {name!r}")
            module = child
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a dotted name; when `strict`, one must be there already, else AttributeError."""
        if not target or not isinstance(module, Module):
            raise ValueError(f"set_submodule: expected a name and a Module, got {target!r}, {_kind(module)}")
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if name not in owner._modules and (strict or hasattr(owner, name)):
            raise AttributeError(f"set_submodule({target!r}): {_kind(owner)} has no module {name!r}")
        setattr(owner, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter with a dotted name; AttributeError if there is none."""
        return self._member("get_parameter", "_parameters", target)  # type: ignore[no-any-return]

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer with a dotted name; AttributeError if there is none."""
        return self._member("get_buffer", "_buffers", target)  # type: ignore[no-any-return]

    def _member(self, function: str, registry: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        value = getattr(self.get_submodule(path), registry).get(name)
        if value is None:
            raise AttributeError(f"{function}({target!r}): there is none of this name")
        return value

    # ---- state ---------------------------------------------------------------------------------------

    def state_dict(
        self, *, destination: dict[str, Tensor] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Tensor]:
        """Return every parameter and persistent buffer by dotted name.

        The tensors share storage with the module; a shared parameter appears under each of its names.

        Parameters
        ----------
        destination : dict, optional
            Is filled and returned instead of a new one.
        prefix : str
            Stands before every name.
        keep_vars : bool, default False
            Whether the parameters themselves are returned and not their values without history.
        """
        state = {} if destination is None else destination
        state.update((e.name, e.value if keep_vars else e.value.detach()) for e in entries(self, prefix))
        return state

    def load_state_dict(
        self, state_dict: Mapping[str, Tensor], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy a state dict into the parameters and buffers, all of it or nothing.

        Parameters
        ----------
        state_dict : mapping from dotted name to Tensor
            As `state_dict` returns it; values are converted to the module's dtype.
        strict : bool, default True
            Whether missing and unexpected names are errors. Shapes must match in any case.
        assign : bool, default False
            Put the given tensors, in their dtype, in the place of the parameters instead of copying.

        Returns
        -------
        IncompatibleKeys
            The missing and the unexpected names; both empty when `strict`.

        Raises
        ------
        RuntimeError
            Lists every missing and unexpected name and every mismatch; the module is then unchanged.
        """
        return load(self, state_dict, strict, assign)

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

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Convert the floating-point parameters, their gradients and the buffers, in place.

        Parameters
        ----------
        *args, **kwargs : dtype, str or Tensor
            `float32`, `float64` or `bfloat16`, by position or as ``dtype=``, or a tensor of one. Integer
            and bool buffers stay as they are. A device, too, which can only be "cpu".

        Raises
        ------
        TypeError
            If the dtype is not a floating-point dtype.
        RuntimeError
            If the device is not the CPU.
        """
        wanted = wanted_dtype(args, kwargs)
        if wanted is not None:
            for module in self.modules():
                convert(module, wanted)
        return self

    def float(self: Self) -> Self:
        """The same as ``to(tg.float32)``."""
        return self.to(float32)

    def double(self: Self) -> Self:
        """The same as ``to(tg.float64)``."""
        return self.to(float64)

    def bfloat16(self: Self) -> Self:
        """The same as ``to(tg.bfloat16)``."""
        return self.to(bfloat16)

    def cpu(self: Self) -> Self:
        """The module itself: there is no other device."""
        return self

    # ---- text ----------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """The module's own settings as they stand in its ``repr``; subclasses override it."""
        return ""

    def __repr__(self) -> str:
        lines = self.extra_repr().splitlines()
        if not self._modules and len(lines) < 2:
            return f"{type(self).__name__}({''.join(lines)})"
        lines += [f"({name}): {module!r}" for name, module in self._modules.items()]
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {body}\n)"


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _kind(value: object) -> str:
    return type(value).__name__
