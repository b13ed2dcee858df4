"""The count of the formulas that are read by machine."""

from dataclasses import replace

from isacnb.ledger.pages.formulas import formulas_html
from isacnb.ledger.record import Displayed


def test_the_formulas_of_a_made_up_registry(ledger):
    counts = {"mutants": 1200, "killed": 1199, "equivalent": 1}
    read = Displayed(tex="x", read=True, functions=(), points=50, **counts)
    shown = formulas_html(replace(ledger, displays={"a.ipynb": [read]}), "book/formulas.md")
    cells = "".join(
        f'<td class="isac-number">{count}</td>' for count in ("1", "1", "0", "1,200", "1,199", "1")
    )
    assert f"<tr><td>derivation</td>{cells}</tr>" in shown
    assert '<tr><td>statement</td><td class="isac-number">2</td>' in shown
    assert "<li><b>law</b>, 2: " in shown
    assert "<li>none</li>" in formulas_html(replace(ledger, rows=[]), "book/formulas.md")
