"""The modules in which users find the operations: plain imports, which editors and type checkers follow."""

from __future__ import annotations

from generator import core

MODULES = {
    "_functions.py": ("tg", "The operations that users find in the package itself."),
    "nn/functional.py": ("nn.functional", "The operations behind the layers, as plain functions."),
    "linalg.py": ("linalg", "Linear algebra, under the names of torch.linalg."),
    "special.py": ("special", "Special functions, under the names of torch.special."),
}


# What else of the core a namespace shows.
BESIDES = {"linalg": {"LinAlgError": "LinAlgError", "eig": "linalg_eig", "eigvals": "linalg_eigvals"}}


def module(namespace: str, doc: str) -> str:
    """The text of one module: an import per name, sorted."""
    names = {
        name: op.name + ("_" if in_place else "")
        for op in core.OPS
        for place, name, in_place in op.places
        if place == namespace
    }
    if not names:
        return ""
    names |= BESIDES.get(namespace, {})
    imports = "".join(
        f"    {own},\n" if own == name else f"    {own} as {name},\n"
        for name, own in sorted(names.items(), key=lambda item: (item[1], item[0] != item[1], item[0]))
    )
    listed = "".join(f'    "{name}",\n' for name in sorted(names))
    return (
        f'"""{doc}\n\nMade by docs/generate.py from _core.OPS; do not edit.\n"""\n\n'
        f"from tinygrad_ext._core import (\n{imports})\n\n__all__ = [\n{listed}]\n"
    )
