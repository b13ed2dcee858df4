"""What the second algebra system says of the symbolic pairs."""

import html

from ..records import Ledger
from ..second import answers, system, tally

__all__ = ["second_html"]


def second_html(ledger: Ledger, page: str) -> str:
    """How many pairs and forms there are, and as how many the second system judged them."""
    said = answers()
    found = tally((entry for row in ledger.rows for entry in row.evidence), said)
    (equal, reduced), (forms, apart) = found["equal"], found["different"]
    unasked = sum(text.startswith("not applicable") for text in said.values())
    return (
        f"<p>{html.escape(system())}: of {equal} pairs that have to be equal it reduced {reduced} to 0, "
        f"and of {forms} forms that have to differ it found {apart} to differ. "
        f"Pairs for which it has no words: {unasked}.</p>"
    )
