"""Where a paper is wrong, and what is right."""

from dataclasses import replace

from isacnb.ledger.code import Argument, Call
from isacnb.ledger.pages.errata import errata_html


def test_the_errata_of_a_made_up_registry(ledger):
    shown = errata_html(ledger, "book/errata.md")
    assert shown.count("<section") == 1
    for part in (
        r"<dt>printed</dt><dd>\(a^2=b^2\)</dd>",
        r"<dt>correct</dt><dd>\(a^2+b^2=c^2\)</dd>",
        "<dt>why</dt><dd>found</dd>",
        r"<dt>effect</dt><dd>Sides are \(c&gt;0\).</dd>",
        'href="part/a.html#claim-coupling-pythagoras"',
    ):
        assert part in shown
    assert "call it" not in shown


def test_how_a_correction_is_called(ledger):
    arguments = (
        Argument(name="c", unit="m", meaning="a side"),
        Argument(name="n", unit="1", meaning="a number"),
    )
    call = Call(
        name="m.f",
        import_line="from m import f",
        signature="f(c, n)",
        arguments=arguments,
        example=">>> f(1, 2)\n3",
        value="3",
    )
    rows = [replace(row, call=call) for row in ledger.rows]
    shown = errata_html(replace(ledger, rows=rows), "book/errata.md")
    assert '<pre class="isac-call">from m import f\n&gt;&gt;&gt; f(1, 2)\n3</pre>' in shown
    assert "<code>c</code> a side (m); <code>n</code> a number</details>" in shown


def test_a_ledger_without_errata_says_so(ledger):
    bare = replace(ledger, rows=[row for row in ledger.rows if row.verdict != "misprint"])
    assert "None so far." in errata_html(bare, "book/errata.md")
