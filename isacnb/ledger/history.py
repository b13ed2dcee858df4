"""Since which version a verdict stands, what it was before, and why it was changed."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from .registry import registry

__all__ = ["Change", "history", "problems_of_history"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of a verdict."""

    version: str
    was: str
    now: str
    reason: str


@cache
def _kept() -> tuple[dict[str, tuple[str, str]], dict[str, tuple[Change, ...]]]:
    """First version and verdict of each claim, and its changes."""
    data = tomllib.loads((resources.files("isacnb.ledger") / "history.toml").read_text("utf-8"))
    first = {
        claim_id: (added["version"], verdict)
        for added in data["added"]
        for verdict, ids in added["verdicts"].items()
        for claim_id in ids
    }
    changes: dict[str, tuple[Change, ...]] = {}
    for entry in data.get("change", []):
        change = Change(**{key: entry[key] for key in ("version", "was", "now", "reason")})
        for claim_id in entry["claims"]:
            changes[claim_id] = (*changes.get(claim_id, ()), change)
    return first, changes


def history(claim_id: str) -> tuple[str | None, tuple[Change, ...]]:
    """The version since which a verdict stands, and its changes, the oldest first."""
    first, changes = _kept()
    found = changes.get(claim_id, ())
    since = found[-1].version if found else first.get(claim_id, (None, None))[0]
    return since, found


def problems_of_history(verdicts: Mapping[str, str | None]) -> list[str]:
    """Return which verdicts are not the last that the history tells, and which claims have gone."""
    first, changes = _kept()
    problems = [
        f"{claim_id}: the history tells of this claim, which is registered no more: ids stay for ever"
        for claim_id in sorted({*first, *changes} - registry().keys())
    ]
    for claim_id, verdict in verdicts.items():
        told = first.get(claim_id, (None, None))[1]
        for change in changes.get(claim_id, ()):
            if change.was != told:
                problems.append(f"{claim_id}: history: was {told}, and a change says {change.was}")
            told = change.now
        if verdict is not None and told != verdict:  # an open claim is told elsewhere
            problems.append(
                f"{claim_id}: the verdict is {verdict}, the history says {told}: tell the change and "
                "its reason in isacnb/ledger/history.toml"
            )
    return problems
