"""What evidence each verdict needs. The same rules judge a running chapter and a stored record."""

from .registry import Claim

__all__ = ["KINDS", "VERDICTS", "problems_of_record"]

#: verdict -> (symbol, what it means)
VERDICTS = {
    "definition": ("≝", "nothing to prove: notation or a modelling choice"),
    "verified": ("✓", "true as printed, under the assumptions that the paper states"),
    "conditional": ("◐", "true only under an assumption that the paper does not state"),
    "misprint": ("✎", "a slip of the pen: the intended formula is plain and verified"),
    "corrected": ("⟲", "wrong as printed and meant; the right form is given and proved"),
    "approximation": ("≈", "holds only approximately, with the measured error"),
    "refuted": ("✗", "false, and no small repair saves it"),
    "unsupported": ("?", "cannot be confirmed with what the paper gives"),
    "open": ("○", "not examined yet"),
}

KINDS = ("symbolic", "certified", "numeric", "statistical", "counterexample", "transcription")
#: kinds that say nothing for the truth of the claim
_NO_ROUTE = {"counterexample", "transcription"}
_PROOFS = {"symbolic", "certified"}

#: verdict -> the texts that it cannot do without
_NEEDED_TEXTS = {
    "conditional": ("condition", "effect"),
    "misprint": ("printed", "correction"),
    "corrected": ("printed", "correction", "effect"),
    "approximation": ("error", "range"),
    "refuted": ("printed", "instead"),
    "unsupported": ("readings",),
}
#: verdicts that say that something is true, and therefore need it proved
_NEED_PROOF = {"verified", "conditional", "misprint", "corrected"}
_NEED_COUNTEREXAMPLE = {"conditional", "misprint", "corrected", "refuted"}


def problems_of_record(record: dict, claim: Claim) -> list[str]:
    """Return what is wrong with a verdict and its evidence; an empty list means nothing is."""
    verdict, evidence = record.get("verdict"), record.get("evidence", [])
    if verdict not in VERDICTS or verdict == "open":
        return [f"{claim.id}: unknown verdict {verdict!r}"]
    problems = [
        f"a {verdict} verdict needs the text '{name}'"
        for name in ("finding", *_NEEDED_TEXTS.get(verdict, ()))
        if not record.get(name)
    ]
    for entry in evidence:
        problems += _problems_of_evidence(entry)
    kinds = {entry.get("kind") for entry in evidence}
    positive = kinds - _NO_ROUTE
    if verdict in _NEED_PROOF and not (positive & _PROOFS or len(positive) >= 2):
        problems.append(
            f"a {verdict} verdict needs a symbolic or certified proof, or two routes of other kinds"
        )
    if verdict in _NEED_COUNTEREXAMPLE and "counterexample" not in kinds:
        problems.append(f"a {verdict} verdict needs a counterexample to the printed form")
    if verdict == "approximation" and not positive & {"numeric", "certified", "statistical"}:
        problems.append("an approximation verdict needs its error measured")
    if verdict == "unsupported" and not evidence:
        problems.append("an unsupported verdict needs the readings that were tried, with numbers")
    if verdict == "definition" and not evidence and not record.get("unchecked"):
        problems.append("a definition needs a check of its consistency, or why there is none")
    if record.get("claim_digest") != claim.digest:
        problems.append("stale: the registered statement has changed since this verdict")
    return [f"{claim.id}: {problem}" for problem in problems]


def _problems_of_evidence(entry: dict) -> list[str]:
    what = f"evidence '{entry.get('what', '?')}'"
    problems = []
    if entry.get("kind") not in KINDS:
        problems.append(f"{what}: unknown kind {entry.get('kind')!r}")
    if not entry.get("what") or not entry.get("result"):
        problems.append(f"{what}: says not what was compared, or not what came out")
    if not entry.get("points", 0) >= 1:
        problems.append(f"{what}: zero test points are no evidence")
    controls = entry.get("control") or []
    if not controls:
        problems.append(f"{what}: no negative control")
    # a counterexample rejects the printed form, and its control is a form that it accepts
    wanted = "accepted" if entry.get("kind") == "counterexample" else "rejected"
    for control in controls:
        if control.get("outcome") != wanted:
            problems.append(f"{what}: the control '{control.get('form')}' is not {wanted}")
    return problems
