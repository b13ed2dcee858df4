"""What evidence each verdict needs. The same rules judge a running chapter and a stored record."""

from collections.abc import Mapping

from .record import KINDS, VERDICTS, Evidence, Record
from .registry import Claim

__all__ = ["COARSE", "ROOTS", "problems_of_record", "problems_of_roots"]

#: kinds that say nothing for the truth of the claim
_NO_ROUTE = {"counterexample", "transcription"}
_PROOFS = {"symbolic", "certified"}

#: verdict -> the texts that it cannot do without
_NEEDED_TEXTS = {
    "conditional": ("condition", "effect"),
    "misprint": ("printed", "correction"),
    "corrected": ("printed", "correction", "effect", "first_false_step"),
    "inherited": ("effect", "roots"),
    "approximation": ("error", "range"),
    "refuted": ("printed", "instead", "first_false_step"),
    "unsupported": ("readings",),
}
#: verdicts that say that something is true, and therefore need it proved
_NEED_PROOF = {"verified", "conditional", "misprint", "corrected", "inherited"}
_NEED_COUNTEREXAMPLE = {"conditional", "misprint", "corrected", "inherited", "refuted"}
#: verdicts that say where an error enters, on which others may rest
ROOTS = ("corrected", "misprint", "refuted", "conditional")
#: verdicts of claims that may take over an error: they do not say that the claim holds
_MAY_REST = {"inherited", *ROOTS, "approximation", "unsupported"}


#: what the sharpest comparison of a claim resolves, or the record says why none does
COARSE = 0.02


def problems_of_record(record: Record, claim: Claim) -> list[str]:
    """Return what is wrong with a verdict and its evidence; an empty list means nothing is."""
    verdict, evidence = record.verdict, record.evidence
    if verdict not in VERDICTS or verdict == "open":
        return [f"{claim.id}: unknown verdict {verdict!r}"]
    problems = [
        f"a {verdict} verdict needs the text '{name}'"
        for name in ("finding", *_NEEDED_TEXTS.get(verdict, ()))
        if not getattr(record, name)
    ]
    for entry in evidence:
        problems += _problems_of_evidence(entry)
    kinds = {entry.kind for entry in evidence}
    # that a form follows from a premise says nothing for the premise
    positive = {entry.kind for entry in evidence if entry.premise is None} - _NO_ROUTE
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
    if verdict == "definition" and not evidence and not record.unchecked:
        problems.append("a definition needs a check of its consistency, or why there is none")
    proofs = [entry for entry in evidence if entry.kind != "transcription"]
    sharp = [
        entry
        for entry in proofs
        if "symbolic" in (entry.kind, entry.comparison)
        or (entry.resolution is not None and entry.resolution <= COARSE)
    ]
    if proofs and not sharp and not record.coarse:
        problems.append(
            f"no comparison resolves a common change of {COARSE:.0%}: the text 'coarse' says why"
        )
    if sharp and record.coarse:
        problems.append("a comparison resolves what 'coarse' says that none does")
    if verdict == "inherited":
        if not (record.correction or record.instead):
            problems.append("an inherited verdict needs the right form: 'correction' or 'instead'")
        if not any(entry.premise for entry in proofs):
            problems.append("an inherited verdict needs a proof that it follows: premise='...'")
    if record.roots and verdict not in _MAY_REST:
        problems.append(f"a {verdict} claim takes over no error, but has roots")
    if record.claim_digest != claim.digest:
        problems.append("stale: the registered statement has changed since this verdict")
    return [f"{claim.id}: {problem}" for problem in problems]


def problems_of_roots(record: Record, settled: Mapping[str, Record], below: set[str]) -> list[str]:
    """Return what is wrong with the roots of one verdict, given all others and what it rests on."""
    problems = []
    for root in record.roots or ():
        if root not in below:
            problems.append(f"root {root} is not among the claims that it uses, directly or not")
        elif root not in settled or settled[root].verdict not in ROOTS:
            verdict = settled[root].verdict if root in settled else "open"
            problems.append(
                f"root {root} is {verdict}: an error enters where one of {ROOTS} stands"
            )
        elif not settled[root].knowledge:
            problems.append(f"root {root} does not say under what knowledge it is an error")
    return [f"{record.id}: {problem}" for problem in problems]


def _problems_of_evidence(entry: Evidence) -> list[str]:
    what = f"evidence '{entry.what}'"
    problems = []
    if entry.kind not in KINDS:
        problems.append(f"{what}: unknown kind {entry.kind!r}")
    if not entry.what or not entry.result:
        problems.append(f"{what}: says not what was compared, or not what came out")
    if entry.points < 1:
        problems.append(f"{what}: zero test points are no evidence")
    if not entry.control:
        problems.append(f"{what}: no negative control")
    if entry.premise and entry.kind in _NO_ROUTE:
        problems.append(f"{what}: a {entry.kind} does not show that something follows")
    # a counterexample rejects the printed form, and its control is a form that it accepts
    wanted = "accepted" if entry.kind == "counterexample" else "rejected"
    for control in entry.control:
        if control.outcome != wanted:
            problems.append(f"{what}: the control '{control.form}' is not {wanted}")
    return problems
