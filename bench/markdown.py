"""A report, and single tables, as GitHub's Markdown."""

from __future__ import annotations

from bench.content import Section, Table


def escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def table(made: Table) -> str:
    """Numbers to the right, the first column to the left."""
    lines = [made.header, ["---", *("--:" for _ in made.header[1:])], *made.rows]
    return "\n".join("| " + " | ".join(map(escaped, line)) + " |" for line in lines)


def document(sections: list[Section]) -> str:
    """Everything but the charts."""
    parts = ["# tinygrad_ext and its peers"]
    for section in sections:
        parts.append(f"## {section.title}")
        parts += section.paragraphs
        if section.items:
            parts.append("\n".join(f"- {item}" for item in section.items))
        if section.table:
            parts.append(table(section.table))
    return "\n\n".join(parts) + "\n"
