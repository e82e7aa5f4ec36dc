"""A report as one HTML page that needs nothing else: no scripts, no fonts, no pictures from elsewhere."""

from __future__ import annotations

from html import escape

from bench.content import Section, Table

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1f24; --soft: #59636e; --line: #c8ced6; --stripe:
#f4f6f8; --won: #005a8f; --lost: #a84300; --series0: #0072b2; --series1: #d55e00; --series2: #00835f;
--series3: #b8568f; --series4: #b97d00; --series5: #2f8fc4; --series6: #737a82; --series7: #857a00; } @media
(prefers-color-scheme: dark) { :root { --ground: #14181d; --ink: #e4e8ec; --soft: #a3adb8; --line: #4a535e;
--stripe: #1c2228; --won: #6bb8f0; --lost: #ff9a5c; --series0: #4aa8e8; --series1: #ff8a47; --series2:
#2fc79b; --series3: #e59bc6; --series4: #f0b840; --series5: #8fd0f5; --series6: #a9b1ba; --series7: #d6cc4a; }
} * { box-sizing: border-box; } body { margin: 0 auto; padding: 1rem; max-width: 76rem; background:
var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; } h1 {
font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .6rem; border-bottom: 1px
solid var(--line); } p, li { max-width: 46rem; } .lead { font-size: 1.1rem; } nav { font-size: .9rem; } nav a
{ margin-right: .8rem; display: inline-block; } a { color: var(--won); } .scroll { overflow-x: auto; border:
1px solid var(--line); border-radius: 4px; width: fit-content; max-width: 100%; } table { border-collapse:
collapse; font-size: .85rem; font-variant-numeric: tabular-nums; } th, td { padding: .25rem .6rem; text-align:
right; white-space: nowrap; } th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line);
vertical-align: bottom; } th:first-child, td:first-child { text-align: left; position: sticky; left: 0;
background: var(--ground); } tr:nth-child(even) td { background: var(--stripe); } .facts td { white-space:
normal; text-align: left; } .facts td:first-child { white-space: nowrap; color: var(--soft); } tr.won td.sign
{ color: var(--won); font-weight: 600; } tr.lost td.sign { color: var(--lost); font-weight: 600; } .figures {
display: grid; gap: 1rem; margin-top: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem),
1fr)); } figure { margin: 0; max-width: 36rem; } svg { display: block; width: 100%; height: auto; } code {
font-size: .9em; }
"""


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
        f"<title>tinygrad_ext and its peers</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>tinygrad_ext and its peers</h1>\n<nav>{links}</nav>\n{body}\n</body>\n</html>\n"
    )
