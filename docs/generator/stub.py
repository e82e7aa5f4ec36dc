"""The type stub of the core: what editors and type checkers read."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from generator import core

TEMPLATE = Path(__file__).parent / "_core.pyi.in"
WIDTH = 110

OPERATORS = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor"]
IN_PLACE = ["add", "sub", "mul", "truediv", "pow"]
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]

WORDS = {
    "Number": "_Number",
    "int": "_int",
    "float": "_float",
    "bool": "_bool",
    "dtype": "_dtype",
    "tuple": "_Ints",
    "list[Tensor]": "Sequence[Tensor]",
    "object": "Any",
    "list": "Sequence[Any]",
}


def annotation(text: str) -> str:
    """The stub's words for a signature's."""
    words = [WORDS.get(word.strip(), word.strip()) for word in text.split("|")]
    if "_int" in words and "_Ints" in words:
        words.remove("_int")
    if "_Number" in words:  # whatever stands beside a tensor in an operator
        words = ["_Operand" if w == "_Number" else w for w in words if w != "Tensor"]
    return " | ".join(words)


def returns(text: str) -> str:
    """The stub's words for what a signature gives."""
    if "|" in text:
        return "Any"
    return {"tuple": "tuple[Tensor, ...]", "bool": "_bool"}.get(text, text)


def parameters(op: core.OpInfo, method: bool) -> list[str]:
    parts, starred = [], False
    for number, (name, kind, default, keyword_only, variadic) in enumerate(op.params):
        # Python's own words can only be given by position or through **.
        name += "_" * keyword.iskeyword(name)
        if method and number == 0:
            parts.append("self")
            continue
        if keyword_only and not starred:
            parts.append("*")
            starred = True
        if variadic:
            parts.append(f"*{name}: Any")
            starred = True
            continue
        parts.append(f"{name}: {annotation(kind)}" + (f" = {default}" if default is not None else ""))
    return parts


def definition(name: str, parts: list[str], result: str, indent: str) -> str:
    line = f"{indent}def {name}({', '.join(parts)}) -> {result}: ..."
    if len(line) <= WIDTH:
        return line
    inner = f"{indent}    {', '.join(parts)}"
    if len(inner) <= WIDTH:
        return f"{indent}def {name}(\n{inner}\n{indent}) -> {result}: ..."
    lines = "".join(f"{indent}    {part},\n" for part in parts)
    return f"{indent}def {name}(\n{lines}{indent}) -> {result}: ..."


def stub() -> str:
    """The text of _core.pyi."""
    template = TEMPLATE.read_text()
    operators, methods, functions = [], [], []
    for name in OPERATORS:
        operators.append(f"    def __{name}__(self, other: _Operand) -> Tensor: ...")
        operators.append(f"    def __r{name}__(self, other: _Operand) -> Tensor: ...")
    operators += [f"    def __i{name}__(self, other: _Operand) -> Tensor: ..." for name in IN_PLACE]
    operators += [
        f"    def __{name}__(self, other: Any) -> Tensor: ..."
        + ("  # type: ignore[override]" if name in ("eq", "ne") else "")
        for name in COMPARISONS
    ]
    tensor = template.partition("class Tensor:")[2].partition("\n\n")[0]
    written = set(re.findall(r"^    def (\w+)", tensor, re.MULTILINE))
    for op in sorted(core.OPS, key=lambda op: op.name):
        if not op.params:
            continue  # reached through others only
        result = returns(op.returns)
        functions.append(definition(op.name, parameters(op, False), result, ""))
        if any(in_place and namespace != "Tensor" for namespace, _, in_place in op.places):
            functions.append(definition(op.name + "_", parameters(op, False), result, ""))
        for namespace, name, _ in op.places:
            if namespace == "Tensor" and name not in written:
                methods.append(definition(name, parameters(op, True), result, "    "))
    for mark, lines in (("OPERATORS", operators), ("METHODS", methods), ("FUNCTIONS", functions)):
        template = template.replace(f"@{mark}@", "\n".join(lines))
    return template
