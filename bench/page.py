"""A report as one HTML page that needs nothing else: no scripts, no fonts, no pictures from elsewhere."""

from __future__ import annotations

from html import escape
from pathlib import Path

from bench.content import Section, Table

STYLE = Path(__file__).with_name("page.css")


def table(made: Table) -> str:
    """In a box of its own that scrolls where the screen is narrow."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in made.header)
    rows = []
    for i, row in enumerate(made.rows):
        mark = made.marks[i] if made.marks else ""
        cells = "".join(f"<td{sign(text)}>{escape(text)}</td>" for text in row)
        rows.append(f'<tr class="{mark}">{cells}</tr>' if mark else f"<tr>{cells}</tr>")
    facts = not any(made.header)
    top = "" if facts else f"<thead><tr>{head}</tr></thead>"
    kind = ' class="facts"' if facts else ""
    return f'<div class="scroll" tabindex="0"><table{kind}>{top}<tbody>{"".join(rows)}</tbody></table></div>'


def sign(text: str) -> str:
    return ' class="sign"' if text[:1] in ("▲", "▼") else ""


def prose(text: str) -> str:
    """Escaped, with `code` marked."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def section(made: Section, number: int) -> str:
    lines = [f'<section id="s{number}"><h2>{escape(made.title)}</h2>']
    for i, text in enumerate(made.paragraphs):
        lines.append(f'<p class="lead">{prose(text)}</p>' if number == i == 0 else f"<p>{prose(text)}</p>")
    if made.items:
        lines.append("<ul>" + "".join(f"<li>{prose(item)}</li>" for item in made.items) + "</ul>")
    if made.table:
        lines.append(table(made.table))
    if made.figures:
        figures = "".join(f"<figure>{figure}</figure>" for figure in made.figures)
        lines.append(f'<div class="figures">{figures}</div>')
    return "\n".join([*lines, "</section>"])


def document(sections: list[Section]) -> str:
    """The whole page."""
    links = "".join(f'<a href="#s{i}">{escape(made.title)}</a>' for i, made in enumerate(sections))
    body = "\n".join(section(made, i) for i, made in enumerate(sections))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>tinygrad_ext and its peers</title>\n<style>\n{STYLE.read_text()}</style>\n</head>\n<body>\n"
        f"<h1>tinygrad_ext and its peers</h1>\n<nav>{links}</nav>\n{body}\n</body>\n</html>\n"
    )
