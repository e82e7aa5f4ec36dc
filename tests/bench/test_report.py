"""Pages, tables and the headline from turns written by hand: every number here was computed on paper."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")

from bench import headline, history, markdown, page, report
from bench.case import Case
from bench.content import Table, sections
from bench.measure import Measured, Outcome
from bench.results import (
    Curve,
    Report,
    digits,
    mean_ratio,
    problems,
    quantity,
    share_of_memory,
    tally,
    verdict,
)


def measured(group: str, name: str, outcomes: dict, **settings) -> Measured:
    peak = settings.pop("peak", float("nan"))
    return Measured(Case(group, name, {}, **settings), outcomes, peak)


def example() -> Report:
    cases = [
        # torch/ours by round: 2, 2, 4, 2; numpy/ours: 3, 3, 3, 3: torch is the best peer, the median is 2
        measured(
            "sgemm", "64^3",
            {
                "tinygrad_ext": Outcome([1e-3, 1e-3, 1e-3, 2e-3]),
                "torch": Outcome([2e-3, 2e-3, 4e-3, 4e-3]),
                "numpy": Outcome([3e-3, 3e-3, 3e-3, 6e-3]),
                "jax": Outcome(problem="not installed"),
            },
            flops=1e8, bytes=2e6, peak=2e11,
        ),
        measured(
            "sgemm", "128^3",
            {
                "tinygrad_ext": Outcome([4e-3] * 3),
                "torch": Outcome([1e-3] * 3),
                "jax": Outcome(problem="not installed"),
            },
            flops=1e9, bytes=4e6, peak=5e11,
        ),
        measured("op & co", "even <b>", {"tinygrad_ext": Outcome([2.0, 2.0]), "torch": Outcome([1.0, 4.0])}),
        measured(
            "op & co", "wrong",
            {"tinygrad_ext": Outcome([1e-6]), "torch": Outcome(problem="disagrees: result 0 by 1e-1")},
        ),
        measured(
            "op & co", "broken",
            {"tinygrad_ext": Outcome(problem="failed: ValueError: no"), "torch": Outcome([1e-6])},
        ),
        measured(
            "startup", "size",
            {"tinygrad_ext": Outcome([2.0**20]), "torch": Outcome([512 * 2.0**20])}, kind="size",
        ),
    ]  # fmt: skip
    sizes = [
        Curve("chain of tensors", "tinygrad_ext", [10, 100, 1000, 10_000], [1e-6, 1e-5, 1e-4, 1e-3]),
        Curve("chain of tensors", "torch", [10, 100, 1000, 10_000], [1e-6, 1e-5, 1e-4, 1e-2]),
    ]
    threads = [Curve("sgemm 64^3", "tinygrad_ext", [1, 2], [3e-3, 2e-3])]
    rows = [
        {"name": f"test_{n}", "commit": c, "date": d, "seconds": 1e-3}
        for n in "ab"
        for c, d in (("1a", "2026-01-01T00:00:00"), ("2b", "2026-02-01T00:00:00"))
    ]
    peaks = {"float32 1": 1e11, "float32 2": 2e11, "float64 1": 5e10, "float64 2": 1e11, "memory 1": 1e10}
    peaks["memory 2"] = 2e10
    settings = {"threads": 2, "rounds": 4, "seconds": 0.01}
    return Report(
        {"processor": "a <CPU>"}, settings, peaks, cases, sizes, threads, rows, ["old.json is broken"]
    )


class Checker(HTMLParser):
    """Counts ids and texts; fails on an element that is not closed or refers to elsewhere."""

    VOID = ("meta", "link", "br", "img")

    def __init__(self) -> None:
        super().__init__()
        self.open, self.ids, self.text, self.references = [], [], [], []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        assert tag not in ("script", "link", "img", "iframe", "object")
        self.ids += [found["id"]] if "id" in found else []
        self.references += [v for k, v in found.items() if k in ("href", "xlink:href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The three files and what is in them."""
    folder = tmp_path_factory.mktemp("report")
    paths = report.write(example(), folder)
    return {path.suffix: path for path in paths}


@pytest.fixture(scope="module")
def said():
    """What the page says."""
    return sections(example())


def test_ratios():
    first, second, even, wrong, broken, size = example().cases
    assert first.best_peer == "torch"
    assert first.ratio("torch") == 2.0
    assert first.ratio_quartiles("torch") == (2.0, 2.5)
    assert first.ratio("numpy") == 3.0
    assert [verdict(m) for m in (first, second, even, wrong, broken, size)] == [
        "won",
        "lost",
        "even",
        "",
        "",
        "won",
    ]
    assert tally(example().cases) == {"won": 2, "even": 1, "lost": 1}
    # ratios 2, 1/4, (0.5 + 2) / 2 and 512
    assert mean_ratio(example().cases) == pytest.approx((2 * 0.25 * 1.25 * 512) ** 0.25)
    assert mean_ratio([broken]) != mean_ratio([broken])


def test_shares(said):
    """1e8 operations in 1 ms are 1e11 a second, of 2e11; 2 MB in 1 ms are 2e9 a second, of 2e10."""
    made = example()
    assert share_of_memory(made.cases[0], made) == pytest.approx(0.1)
    text = markdown.document(said)
    row = next(line for line in text.splitlines() if line.startswith("| 64^3"))
    assert row.split(" | ")[-2:] == ["50%", "10% |"]
    assert "2.00 (2.00 to 2.50) torch" in row
    assert "▲ won" in row
    assert math.isnan(share_of_memory(made.cases[2], made))


def test_problems_are_named():
    assert problems(example().cases) == [
        "jax is not installed: 2 cases without it",
        "op & co wrong: torch disagrees: result 0 by 1e-1",
        "op & co broken: tinygrad_ext failed: ValueError: no",
    ]


def test_growth(said):
    """Ten times the size takes ten times the time, or a hundred times."""
    ours, torch = example().sizes
    assert ours.exponent == pytest.approx(1.0)
    assert torch.exponent == pytest.approx(2.0)
    assert math.isnan(Curve("", "", [1], [1.0]).exponent)
    items = next(s for s in said if s.title == "Growth with size").items
    assert items[0].endswith("n^1.00 from 1,000 to 10,000: linear.")
    assert items[1].endswith("n^2.00 from 1,000 to 10,000: NOT LINEAR.")


def test_page(written):
    text = written[".html"].read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    assert len(checker.ids) == len(set(checker.ids))
    assert all(reference.startswith("#") for reference in checker.references)
    assert {r[1:] for r in checker.references} <= set(checker.ids)
    assert {u for u in re.findall(r"url\(([^)]*)\)", text) if not u.startswith("#")} == set()
    assert set(re.findall(r"https?://[^\"' ]+", text)) <= {
        "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink",
    }  # fmt: skip
    assert text.count("<svg ") == 3 + 1 + 1 + 1 + 1  # groups, roofline, sizes, threads, history
    shown = " ".join(checker.text)
    for m in example().cases:
        assert m.case.name in shown
    for problem in (*problems(example().cases), "old.json is broken", "a <CPU>", "▼ lost", "▲ won", "= even"):
        assert problem in shown
    for colour in ("#0072b2", "#010101"):  # all are variables, so that the page can be dark
        assert colour not in text.split("</style>")[0] or "--series0" in text
        assert colour not in text.split("</style>", 1)[1].split("</head>")[1]


def test_markdown(written):
    text = written[".md"].read_text(encoding="utf-8")
    for m in example().cases:
        assert f"| {m.case.name} |" in text
    for problem in problems(example().cases):
        assert f"- {problem}" in text
    assert "faster or smaller in 2 of 4 cases, even within the spread in 1 and behind in 1" in text
    assert markdown.table(Table(["a", "b"], [["x|y", "1"]])) == "| a | b |\n| --- | --: |\n| x\\|y | 1 |"


def test_made_again(written, tmp_path):
    """From the raw turns come the same page and the same table."""
    again = report.write(Report.read(written[".json"]), tmp_path)
    for path in again:
        assert path.read_bytes() == written[path.suffix].read_bytes()


def test_nothing_measured():
    """No peers, no curves, no history: the page says so."""
    alone = measured("g", "alone", {"tinygrad_ext": Outcome([1e-3, 1e-3])})
    made = Report({}, {"threads": 1, "rounds": 2, "seconds": 0.1}, {}, [alone])
    text = page.document(sections(made))
    for words in ("No case could be compared", "No history", "Not measured in this report", "1.00 ms"):
        assert words in text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (1.0, "time", "1.00 s"),
        (0.0123456, "time", "12.3 ms"),
        (9.999e-7, "time", "1.00 µs"),
        (2.5e-9, "time", "2.50 ns"),
        (123.4, "time", "123 s"),
        (1234.0, "time", "1234 s"),
        (3 * 2**20, "peak", "3.00 MB"),
        (700 * 2**20, "size", "700 MB"),
        (float("nan"), "time", "—"),
    ],
)
def test_quantity(value, kind, text):
    assert quantity(value, kind) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "0.0123"), (0.9999, "1.00"), (9.999, "10.0"), (0, "0"), (56789, "56789")]
)
def test_digits(value, text):
    assert digits(value) == text


def test_headline(tmp_path):
    """Rows in order, the best other peer by name, what is missing by its label."""
    first, second = example().cases[:2]
    made = headline.table([first, second])
    assert made.rows[0] == ["sgemm 64^3", "1.00 ms", "3.00 ms", "3.00 ms numpy", "2.00", "3.00"]
    assert made.rows[1] == ["sgemm 128^3", "4.00 ms", "1.00 ms", "—", "0.250", "—"]
    with pytest.raises(LookupError, match=r"x\.json lacks .*sgemm 512\^3"):
        headline.known(set(), "x.json")
    readme = f"before\n{headline.BEGIN}\nold\n{headline.END}\nafter\n"
    assert headline.replaced(readme, "NEW") == f"before\n{headline.BEGIN}\n\nNEW\n\n{headline.END}\nafter\n"
    assert headline.replaced(headline.replaced(readme, "NEW"), "NEW") == headline.replaced(readme, "NEW")
    with pytest.raises(LookupError, match="no place for the table"):
        headline.replaced("no comments", "NEW")


def test_headline_rows_exist():
    from bench.cases import every

    headline.known(set(every()), "the list of cases")


def test_history(tmp_path):
    """Two commits make a line, one does not; a broken file is named; PyTorch's runs are not ours."""
    folder = tmp_path / "Linux-CPython"
    folder.mkdir()
    for i, (commit, dirty) in enumerate((("abcdef0123456789", False), ("bbcdef0123456789", True))):
        benchmarks = [
            {"name": name, "extra_info": {"case": "a", "library": name}, "stats": {"median": 0.25 + i}}
            for name in ("tinygrad_ext", "torch")
        ]
        benchmarks += [{"name": "test_once", "stats": {"median": 1.0}}] if i else []
        info = {"id": commit, "time": f"2026-01-0{2 - i}T00:00:00+00:00", "dirty": dirty}
        document = {"commit_info": info, "datetime": "2026-01-09T00:00:00", "benchmarks": benchmarks}
        (folder / f"000{i}.json").write_text(json.dumps(document))
    (folder / "0009.json").write_text("{}")
    rows, unreadable = history.read(tmp_path)
    assert unreadable == ["0009.json is not a file of pytest-benchmark (KeyError: 'commit_info')"]
    found = history.lines(rows)
    assert list(found) == ["a"]
    assert [(r["commit"], r["seconds"]) for r in found["a"]] == [
        ("bbcdef0123+", 1.25),
        ("abcdef0123", 0.25),
    ]
    assert history.read(tmp_path / "absent") == ([], [])


def test_unknown_names(capsys):
    """Commands answer an unknown case, peer or commit with those that there are."""
    from bench.__main__ import main

    for command, words in (
        (["report", "nonsense"], "no case 'nonsense'; the groups are sgemm"),
        (["report", "--peers", "nonsense"], "no peer nonsense; there are torch, numpy"),
        (["compare", "HEAD", "HEAD", "nonsense"], "no case 'nonsense'"),
        (["compare", "nonsense", "HEAD", "sgemm 64"], "no commit 'nonsense'"),
    ):
        assert main(command) == 2
        assert words in capsys.readouterr().err
