"""How much evidence there is, of which kind, how sharp, and what is tried to fool it."""

import html
from collections.abc import Iterable
from statistics import median

from ..cheats import attempts
from ..format import number
from ..record import Evidence
from ..records import Ledger
from ..rules import COARSE
from .shared import inline

__all__ = ["cheats_html", "evidence_html"]

_KINDS = ("symbolic", "certified", "numeric", "statistical", "counterexample")


def evidence_html(ledger: Ledger, page: str) -> str:
    """Pieces, controls and resolutions by kind, and what is counted apart."""
    everything = [entry for row in ledger.rows for entry in row.evidence]
    rows = []
    for kind in _KINDS:
        entries = [entry for entry in everything if entry.kind == kind]
        changes = [entry.resolution for entry in entries if entry.resolution is not None]
        numbers = [
            f"{len(entries):,}",
            f"{sum(entry.points for entry in entries):,}",
            f"{sum(len(entry.control) for entry in entries):,}",
            "exact"
            if kind == "symbolic"
            else inline(number(median(changes), 1))
            if changes
            else "",
        ]
        cells = "".join(f'<td class="isac-number">{text}</td>' for text in numbers)
        rows.append(f"<tr><td>{kind}</td>{cells}</tr>")
    head = "".join(
        f"<th>{text}</th>" for text in ("kind", "pieces", "points", "controls", "median resolution")
    )
    items = "".join(f"<li>{text}</li>" for text in _apart(everything, ledger))
    return (
        f'<div class="isac-wide tex2jax_process"><table class="table isac-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div><ul>{items}</ul>"
    )


def _apart(everything: Iterable[Evidence], ledger: Ledger) -> list[str]:
    symbolic = [entry for entry in everything if entry.comparison == "symbolic"]
    same = sum(entry.identical or 0 for entry in symbolic if entry.kind == "symbolic")
    total = sum(entry.points for entry in symbolic if entry.kind == "symbolic")
    contrary = [entry for entry in everything if entry.kind == "counterexample"]
    repeated = sum(entry.repeats is True for entry in contrary)
    drawn = [entry for entry in everything if entry.runs]
    plain = sum(not any(run.evaluates for run in entry.runs) for entry in drawn)
    coarse = sum(row.coarse is not None for row in ledger.rows)
    loose = [entry for entry in everything if entry.because]
    return [
        f"Of {total:,} symbolic pairs {same:,} are the same expression before any simplification: "
        "their two sides came out alike, and no rule was needed.",
        f"Of {len(contrary):,} counterexamples {repeated:,} repeat a control of the same claim with "
        "the roles exchanged, and count once.",
        f"Of {len(drawn):,} comparisons with a simulation {plain:,} draw from the definitions alone; "
        "in the others the draw evaluates a formula of the book, which the piece of evidence names.",
        f"Claims whose sharpest comparison does not resolve {100 * COARSE:g} %, each with its reason: "
        f"{coarse}.",
        f"Comparisons with a tolerance above rounding, each with its derivation: {len(loose)}.",
    ]


def cheats_html(ledger: Ledger, page: str) -> str:
    """What was tried just now to pass for evidence, and the words of the refusal."""
    found = attempts()
    rows = "".join(
        f"<tr><td>{html.escape(entry.what)}</td>"
        f"<td>{'<b>passes</b>' if entry.refusal is None else inline(entry.refusal)}</td></tr>"
        for entry in found
    )
    refused = sum(entry.refusal is not None for entry in found)
    return (
        f"<p>Tried when this page was built: {len(found)}. Refused: {refused}.</p>"
        '<div class="isac-wide tex2jax_process"><table class="table isac-table"><thead><tr><th>what is tried</th>'
        f"<th>what the ledger says</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
