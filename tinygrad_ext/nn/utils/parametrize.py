"""Parameters that are computed from others at each use: `register_parametrization`.

A parametrized module gets a class of its own, with a property in the place of the parameter. What the
parameter is computed from is kept in ``module.parametrizations``: it is trained and part of the state dict.
"""

from __future__ import annotations

from typing import Any

from tinygrad_ext._core import Tensor
from tinygrad_ext.autograd.grad_mode import no_grad
from tinygrad_ext.nn.containers import ModuleDict, ModuleList
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor in the order in which they are applied, and what they start from.

    Attributes
    ----------
    original : Parameter or Tensor
        What the first is applied to; ``original0``, ``original1``, ... if its `right_inverse` gives several.
    """

    def __init__(self, modules: list[Module], original: Tensor) -> None:
        super().__init__(modules)
        found = self._inverse(original)
        self._names = ["original"]
        if isinstance(found, tuple):
            self._names = [f"original{i}" for i in range(len(found))]
        for name, value in zip(self._names, _listed(found), strict=True):
            if not isinstance(original, Parameter):
                self.register_buffer(name, value)
            elif isinstance(found, tuple):
                setattr(self, name, Parameter(value.detach(), original.requires_grad))
            else:  # the same parameter, which an optimizer may know
                original.data = value.data
                setattr(self, name, original)

    def _inverse(self, value: Tensor) -> Any:
        with no_grad():
            result: Any = value
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    result = module.right_inverse(result)
        return result

    def originals(self) -> list[Tensor]:
        """What the tensor is computed from."""
        return [getattr(self, name) for name in self._names]

    def assign(self, value: Tensor) -> None:
        """Set the originals to what gives `value`."""
        found = self._inverse(value)
        with no_grad():
            for original, part in zip(self.originals(), _listed(found), strict=True):
                original.copy_(part)

    def forward(self) -> Tensor:
        """Return the tensor."""
        first, *others = self
        value = first(*self.originals())
        for module in others:
            value = module(value)
        return value  # type: ignore[no-any-return]


def _listed(found: Any) -> tuple[Tensor, ...]:
    return found if isinstance(found, tuple) else (found,)


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let a parameter or buffer be computed: ``module.name`` is from now on ``parametrization(original)``.

    Parameters
    ----------
    module : Module
    tensor_name : str
    parametrization : Module
        From one tensor, or several, to the tensor. Its method ``right_inverse``, if it has one, turns the
        present value into the original, or a tuple of them. Where there is a parametrization already, a
        further one is applied to what that gives.
    unsafe : bool, default False
        Allow it to change shape and dtype.

    Returns
    -------
    Module
        The module, whose class has changed.

    Raises
    ------
    ValueError
        If there is no such tensor, or, unless `unsafe`, its shape or dtype would change.
    """
    known = is_parametrized(module, tensor_name)
    if not known and tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ValueError(f"register_parametrization: {type(module).__name__} has no tensor {tensor_name!r}")
    before = getattr(module, tensor_name)
    made = None if known else ParametrizationList([parametrization], before)
    with no_grad():
        after = made() if made is not None else parametrization(before)
    if not unsafe and (after.shape, after.dtype) != (before.shape, before.dtype):
        raise ValueError(
            f"register_parametrization: {tensor_name!r} would change from {tuple(before.shape)}, "
            f"{before.dtype} to {tuple(after.shape)}, {after.dtype}; pass unsafe=True to allow it"
        )
    if made is None:
        further: Any = _all(module)[tensor_name]
        further.append(parametrization)
        return module
    if not is_parametrized(module):
        module.register_module("parametrizations", ModuleDict())
        kind = type(module)
        module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), {"_plain": kind})
    delattr(module, tensor_name)
    setattr(type(module), tensor_name, _property(tensor_name))
    _all(module)[tensor_name] = made
    return module


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a tensor plain again.

    Parameters
    ----------
    module : Module
    tensor_name : str
    leave_parametrized : bool, default True
        Whether it keeps its present value; otherwise it is the original again.

    Returns
    -------
    Module

    Raises
    ------
    ValueError
        If it is not parametrized, or has several originals and should become the original.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"remove_parametrizations: {tensor_name!r} is not parametrized")
    made: Any = _all(module)[tensor_name]
    originals = made.originals()
    if not leave_parametrized and len(originals) > 1:
        raise ValueError(f"remove_parametrizations: {tensor_name!r} has {len(originals)} originals, not one")
    value = made().detach() if leave_parametrized else originals[0].detach()
    delattr(type(module), tensor_name)
    del _all(module)[tensor_name]
    if len(originals) == 1 and isinstance(originals[0], Parameter):
        originals[0].data = value  # the same parameter, which an optimizer may know
        setattr(module, tensor_name, originals[0])
    elif isinstance(originals[0], Parameter):
        setattr(module, tensor_name, Parameter(value, originals[0].requires_grad))
    else:
        module.register_buffer(tensor_name, value)
    if not len(_all(module)):
        delattr(module, "parametrizations")
        plain: Any = type(module)
        module.__class__ = plain._plain
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations, or one of the given tensor."""
    made = module._modules.get("parametrizations")
    return isinstance(made, ModuleDict) and (tensor_name is None or tensor_name in made)


def _all(module: Module) -> ModuleDict:
    made = module._modules["parametrizations"]
    assert isinstance(made, ModuleDict)
    return made


def _property(name: str) -> property:
    def get(module: Module) -> Any:
        return _all(module)[name]()

    def assign(module: Module, value: Tensor) -> None:
        made: Any = _all(module)[name]
        made.assign(value)

    return property(get, assign)
