"""What a second algebra system has said of the symbolic pairs, held against the evidence.

The answers are a generated file (``isacnb second-system``), keyed by the digest of each pair and
never a cell's output; without an answer on every pair the ledger is not clean.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from .record import Control, Evidence

__all__ = ["ANSWERS", "agreement", "answers", "pairs_of", "problems_of_pairs", "system", "tally"]

ANSWERS = Path(__file__).resolve().parents[1] / "second_system.json"


@cache
def answers() -> dict[str, str]:
    """What Maxima has said by digest: "0", "not 0", or "not applicable: " with the reason."""
    return json.loads(ANSWERS.read_text("utf-8"))["pairs"] if ANSWERS.is_file() else {}


def system() -> str:
    """Name and version of the system that has answered."""
    return json.loads(ANSWERS.read_text("utf-8"))["system"] if ANSWERS.is_file() else "no system"


def pairs_of(evidence: Iterable[Evidence]) -> set[str]:
    """Digests of all pairs of some evidence, its controls among them."""
    return {
        digest
        for entry in evidence
        for part in (entry, *entry.control)
        for digest in part.pairs or ()
    }


def problems_of_pairs(evidence: Iterable[Evidence], said: Mapping[str, str]) -> list[str]:
    """Pairs without an answer, and where the second system disagrees.

    Equal sides have to reduce to 0 in both, unless it has no word for them; of a form that differs
    one pair must not.
    """
    problems = []
    for entry in evidence:
        for part in (entry, *entry.control):
            found = [said.get(digest) for digest in part.pairs or ()]
            name = entry.what if part is entry else f"{entry.what}: control '{part.form}'"
            if None in found:
                problems.append(
                    f"'{name}': no answer of the second algebra system: run the chapter with "
                    "ISACNB_PAIRS=FILE, then isacnb second-system FILE"
                )
            elif _equal(entry, part) and "not 0" in found:
                problems.append(f"'{name}': the second algebra system does not reduce it to 0")
            elif found and not _equal(entry, part) and set(found) == {"0"}:
                problems.append(f"'{name}': the second algebra system finds no difference")
    return problems


def tally(evidence: Iterable[Evidence], said: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Of the pairs to be equal and of the forms that differ: how many, and as how many it judged."""
    equal, reduced, forms, apart = 0, 0, 0, 0
    for entry in evidence:
        for part in (entry, *entry.control):
            found = [said.get(digest) for digest in part.pairs or ()]
            if _equal(entry, part):
                equal, reduced = equal + len(found), reduced + found.count("0")
            elif found:
                forms, apart = forms + 1, apart + ("not 0" in found)
    return {"equal": (equal, reduced), "different": (forms, apart)}


def _equal(entry: Evidence, part: Evidence | Control) -> bool:
    """Whether the sides were found equal: the claim's, or those of a form that must be accepted."""
    if isinstance(part, Control):
        return part.outcome == "accepted"
    return entry.kind != "counterexample"


def agreement(evidence: Iterable[Evidence], said: Mapping[str, str]) -> str | None:
    """``agreed``, or why a second system was not asked; None where nothing is symbolic."""
    found = [said.get(digest, "") for digest in sorted(pairs_of(evidence))]
    reasons = sorted({text for text in found if text.startswith("not applicable")})
    if not found:
        return None
    return "agreed" if not reasons else f"agreed, but for pairs {', '.join(reasons)}"
