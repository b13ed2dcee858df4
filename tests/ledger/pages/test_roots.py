"""The few errors from which the others follow."""

from dataclasses import replace

from isacnb.ledger.pages.errata import errata_html
from isacnb.ledger.pages.roots import result_text, roots_html, roots_of

ROOT = "coupling.pythagoras"


def with_roots(ledger):
    """The second claim of the made-up registry takes over the error of the first."""
    rows = [
        replace(row, roots=(ROOT,), verdict="inherited")
        if row.id == "coupling.circle"
        else replace(row, knowledge="sides are known", first_false_step="a side is lost")
        for row in ledger.rows
    ]
    return replace(ledger, rows=rows)


def test_a_root_names_its_step_its_failure_and_what_it_takes_with_it(ledger):
    shown = roots_html(with_roots(ledger), "book/roots.md")
    assert shown.count("<section") == 1
    for part in (
        'id="root-coupling-pythagoras"',
        "<dt>first false step</dt><dd>a side is lost</dd>",
        "<dt>shown failing</dt><dd>w: r</dd>",
        "<dt>an error where</dt><dd>sides are known</dd>",
        "<dt>taken over by 1</dt>",
        'href="part/a.html#claim-coupling-circle"',
        r"<dt>use instead</dt><dd>\(a^2+b^2=c^2\)</dd>",
    ):
        assert part in shown, part


def test_the_most_contagious_root_stands_first(ledger):
    rows = with_roots(ledger).rows
    more = [
        replace(row, id=f"coupling.{i}", roots=("coupling.circle",)) for i, row in enumerate(rows)
    ]
    found = roots_of(replace(ledger, rows=[*rows, *more]), "coupling")
    assert [(row.id, len(others)) for row, others in found] == [("coupling.circle", 2), (ROOT, 1)]


def test_errata_link_to_the_roots(ledger):
    shown = errata_html(with_roots(ledger), "book/errata.md")
    assert (
        '<a href="roots.html#root-coupling-pythagoras"><code>coupling.pythagoras</code></a>'
        in shown
    )


def test_a_ledger_without_roots_says_so(ledger):
    assert "None so far." in roots_html(ledger, "book/roots.md")


def test_the_result_is_counted(ledger):
    text = result_text(with_roots(ledger))
    for part in (
        "the 3 statements",
        "1 but for a slip",
        "1 are right steps",
        "1 errors and silent",
    ):
        assert part in text, part


def test_what_takes_over_is_called_by_its_equation_or_its_whole_place(ledger):
    rows = [
        replace(row, where="Sec. 1, end", verdict="conditional") if row.roots else row
        for row in with_roots(ledger).rows
    ]
    shown = roots_html(replace(ledger, rows=rows), "book/roots.md")
    assert ">Sec. 1, end</a> (conditional)</dd>" in shown
    rows = [replace(row, where="Sec. 1, Eq. (2)") if row.roots else row for row in rows]
    assert ">Eq. (2)</a> (conditional)</dd>" in roots_html(replace(ledger, rows=rows), "b/r.md")
