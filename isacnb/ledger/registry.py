"""What the papers claim: the registry of all claims, read from ``isacnb/claims/*.toml``."""

import hashlib
import json
import re
import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import resources

from .record import SOURCES
from .tex import layout_free_tokens, math_spans, run_starts

__all__ = ["PAPERS", "Claim", "RegistryError", "all_below", "anchor", "get_claim", "registry"]

#: prefix of the claim ids -> how the pages name it
PAPERS = {
    "coupling": "Channel coupling effects",
    "rician": "Downlink ISAC over Rician channels",
    "foundation": "Foundations",
    "beyond": "Beyond the papers",
}
_NEEDED = {"id", "where", "title", "statement", "words", "assumptions", "uses"}
_OPTIONAL = {"note", "printed", "source", "symbols"}
#: the formulas of the second paper were lost in its text
_USUAL_SOURCE = {"coupling": "printed", "rician": "restored"}
_ELISIONS = {r"\ldots", r"\cdots", r"\vdots", r"\ddots"}
_RELATIONS = {
    *("=", "<", ">", r"\leq", r"\geq", r"\leqslant", r"\geqslant", r"\neq", r"\sim", r"\in"),
    *(r"\to", r"\xrightarrow", r"\approx", r"\propto", r"\leftrightarrow", r"\ll", r"\gg"),
}


class RegistryError(ValueError):
    """The registry contradicts itself: unknown field, double id, dangling ``uses``, misquotation, cycle."""


@dataclass(frozen=True)
class Claim:
    """One claim as the paper makes it; nothing here says whether it is true."""

    id: str
    where: str
    title: str
    statement: str
    words: str
    assumptions: tuple[str, ...]
    uses: tuple[str, ...]
    note: str | None = None
    #: the formula at issue, in TeX without dollars; several runs of the statement are a tuple
    printed: str | tuple[str, ...] | None = None
    #: "printed", "restored" from the prose, or "paraphrase": our formula for what is said in words
    source: str | None = None
    #: letters of the statement that the vocabulary does not have, a line each
    symbols: tuple[str, ...] | None = None

    @property
    def paper(self) -> str:
        """The paper's short name, which is the part of the id before the first dot."""
        return self.id.partition(".")[0]

    @property
    def anchor(self) -> str:
        """The anchor of this claim's verdict on its chapter's page."""
        return anchor(self.id)

    @property
    def digest(self) -> str:
        """Fingerprint of the claim, by which a verdict on an older wording is found out."""
        fields = asdict(self)
        if self.printed is None:
            # verdicts on claims without a formula at issue stay fresh
            del fields["printed"], fields["source"]
        if self.symbols is None:
            del fields["symbols"]
        text = json.dumps(fields, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def parse_registry(texts: dict[str, str]) -> dict[str, Claim]:
    """Read claims from TOML texts (name -> content) in the given order and check them."""
    claims: dict[str, Claim] = {}
    for name, text in texts.items():
        for entry in tomllib.loads(text).get("claim", []):
            label = entry.get("id", f"an entry of {name}")
            missing = _NEEDED - entry.keys()
            unknown = entry.keys() - _NEEDED - _OPTIONAL
            if missing or unknown:
                raise RegistryError(
                    f"{label}: missing fields {sorted(missing)}, unknown fields {sorted(unknown)}"
                )
            entry = {
                key: tuple(map(str.strip, value)) if isinstance(value, list) else value.strip()
                for key, value in entry.items()
            }
            if "printed" in entry:
                entry.setdefault("source", _USUAL_SOURCE.get(entry["id"].partition(".")[0]))
            claim = Claim(**entry)
            if claim.id in claims:
                raise RegistryError(f"{claim.id}: registered twice")
            if claim.paper not in PAPERS:
                raise RegistryError(f"{claim.id}: the prefix must be one of {sorted(PAPERS)}")
            _check_printed(claim)
            claims[claim.id] = claim
    for claim in claims.values():
        dangling = [other for other in claim.uses if other not in claims]
        if dangling:
            raise RegistryError(f"{claim.id}: uses unknown claims {dangling}")
    all_below(claims)
    return claims


def _check_printed(claim: Claim) -> None:
    """Hold the formula at issue to the statement, of which it is a part unless it is ours."""
    if claim.printed is None:
        if claim.source is not None:
            raise RegistryError(f"{claim.id}: source without printed: give the formula, or neither")
        return
    if claim.source not in SOURCES:
        raise RegistryError(
            f"{claim.id}: source must be one of {', '.join(SOURCES)}, got {claim.source!r}"
        )
    try:
        formulas = [layout_free_tokens(tex) for tex in math_spans(claim.statement)]
    except ValueError as error:
        raise RegistryError(f"{claim.id}: statement: {error}") from error
    parts = [claim.printed] if isinstance(claim.printed, str) else claim.printed
    if not parts:
        raise RegistryError(f"{claim.id}: printed must hold a formula, got an empty list")
    for tex in parts:
        if "$" in tex:
            raise RegistryError(f"{claim.id}: printed must be TeX without dollars, got {tex!r}")
        try:
            tokens = layout_free_tokens(tex)
        except ValueError as error:
            raise RegistryError(f"{claim.id}: printed: {error}") from error
        if not _has_two_sides(tokens):
            raise RegistryError(
                f"{claim.id}: printed must have a left and a right side, got {tex!r}: take the "
                "whole equation"
            )
        quoted = any(_stands_whole(tokens, formula) for formula in formulas)
        if not quoted and _ELISIONS & set(tokens):
            raise RegistryError(
                f"{claim.id}: printed abbreviates by dots what the statement does not, got {tex!r}: "
                "write it out"
            )
        if not quoted and claim.source != "paraphrase":
            raise RegistryError(
                f"{claim.id}: printed must be a whole equation of the statement, got {tex!r}: copy "
                'it from there, or set source = "paraphrase" if the paper has only words'
            )


def _has_two_sides(tokens: list[str]) -> bool:
    """Whether a relation stands outside all arguments, with something before and behind it."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token == "{") - (token == "}")
        if depth == 0 and token in _RELATIONS and 0 < place < len(tokens) - 1:
            return True
    return False


def _stands_whole(tokens: list[str], formula: list[str]) -> bool:
    """Whether the tokens are a run of the formula that cuts no equation short.

    It begins at the beginning or behind a comma, and ends at the end, before a comma, or
    before the next relation of a chain.
    """
    ends = {",", ";", "."} | _RELATIONS
    return any(
        formula[:start][-1:] in ([], [","], [";"])
        and (formula[start + len(tokens) :] or [","])[0] in ends
        for start in run_starts(tokens, formula)
    )


@cache
def registry() -> dict[str, Claim]:
    """All registered claims by id, in the papers' order."""
    folder = resources.files("isacnb") / "claims"
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    # foundation-poisson.toml goes with foundation
    order = list(PAPERS)
    files.sort(key=lambda file: (order.index(re.split("[.-]", file.name)[0]), file.name))
    return parse_registry({file.name: file.read_text("utf-8") for file in files})


def get_claim(claim_id: str) -> Claim:
    """Return one claim, or raise ``ValueError`` that names the nearest ids."""
    claims = registry()
    if claim_id not in claims:
        import difflib

        near = difflib.get_close_matches(claim_id, claims, n=3, cutoff=0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise ValueError(f"id must be a registered claim, got {claim_id!r}{hint}")
    return claims[claim_id]


def all_below(claims: dict[str, Claim]) -> dict[str, set[str]]:
    """All claims on which each claim rests, directly or not.

    Raises :class:`RegistryError` where a claim rests on itself.
    """
    below: dict[str, set[str]] = {}
    try:
        for claim_id in TopologicalSorter({c.id: c.uses for c in claims.values()}).static_order():
            uses = claims[claim_id].uses
            below[claim_id] = set(uses).union(*(below[other] for other in uses))
    except CycleError as error:
        raise RegistryError(f"circular reasoning: {' -> '.join(reversed(error.args[1]))}") from None
    return below


def anchor(claim_id: str) -> str:
    """The anchor of a claim on a page."""
    return "claim-" + claim_id.replace(".", "-")
