"""What a chapter uses to settle a claim: its statement, its evidence, its verdict."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import flint
import numpy as np
import sympy
from IPython.display import display

from ..numbers import index
from . import judges
from .code import call_of, functions_of_claim
from .format import change, number
from .forms import flatten, forms_of, value_of
from .formula import FormulaError, Mismatch
from .pages.badge import badge_html, badge_text, summary_html
from .pages.closing import closing_text
from .pages.statement import statement_html, statement_markdown
from .record import RECORD_MIME, Control, Evidence, Numbers, Record, Run, source_digest, to_json
from .registry import get_claim
from .rules import problems_of_record
from .session import session
from .text import parse_verdict
from .transcription import Transcriptions

__all__ = ["CheckFailed", "Settlement", "settle", "show_claim", "show_verdicts"]

_given: dict[str, Record] = {}  # the verdicts given in this session, for the closing table


class CheckFailed(AssertionError):
    """A check failed, a control was not rejected, or a verdict lacks its evidence."""


def show_claim(claim_id: str) -> None:
    """Display what the paper states, in our wording, from the registry."""
    claim = get_claim(claim_id)
    bundle = {
        "text/html": statement_html(claim),
        "text/markdown": statement_markdown(claim),
        "text/plain": f"{claim.id} ({claim.where}): {claim.title}",
    }
    display(bundle, raw=True)


def show_verdicts() -> None:
    """Display the verdicts that this chapter has given, and what they hang on."""
    records = tuple(_given.values())
    lines = [f"{record.id}: {record.verdict}" for record in records]
    lines += [f"{name}: {text}" for name, text in closing_text(records)]
    display({"text/html": summary_html(records), "text/plain": "\n".join(lines)}, raw=True)


def settle(claim_id: str) -> "Settlement":
    """Open a claim in a ``with`` block that collects its evidence and ends with its verdict."""
    return Settlement(claim_id)


class Settlement:
    """Evidence and verdict of one claim.

    Every evidence method takes ``what`` (what is compared, in words) and ``wrong``, the negative
    controls: wrong forms, each a construction of :mod:`isacnb.ledger.forms`, which changes the
    claimed form, or a function with a name, which computes another. The claimed form may itself be
    a function whose parameters have defaults; :func:`changed` then changes them. It raises
    :class:`CheckFailed` unless the claimed form passes and every wrong form is rejected by the same
    comparison at the same tolerance. What is not symbolic has its nearest control made by machine:
    the smallest common change of the claimed values that the comparison refuses, its resolution.

    ``premise`` turns a piece into one that shows that the printed form follows from what the paper
    states before, and says from what; it says nothing for the truth of the claim.
    """

    def __init__(self, claim_id: str):
        self.claim = get_claim(claim_id)
        self._evidence: list[Evidence] = []
        self._values: list[tuple[tuple, list[tuple]]] = []  # of each piece: form, controls
        self._formulas = Transcriptions(self.claim)
        self._verdict: str | None = None
        self._texts: dict = {}

    def __enter__(self) -> "Settlement":
        return self

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self._publish()

    # --- evidence ---

    def symbolic(
        self, what: str, claimed, derived, *, wrong: Sequence, premise: str | None = None
    ) -> None:
        """Sympy reduces claimed - derived to exactly 0 (entry by entry for lists and matrices)."""
        judge = lambda form: judges.symbolic(form, derived)  # noqa: E731
        self._examine("symbolic", what, judge, claimed, wrong, reference=derived, premise=premise)

    def certified(
        self,
        what: str,
        claimed,
        reference,
        *,
        rtol: float,
        wrong: Sequence = (),
        premise: str | None = None,
    ) -> None:
        """Ball arithmetic proves |claimed - reference| <= rtol |reference| at every point."""
        judge = lambda form: judges.certified(form, reference, rtol)  # noqa: E731
        self._examine(
            "certified", what, judge, claimed, wrong, reference=reference, premise=premise
        )

    def numeric(
        self,
        what: str,
        claimed,
        reference,
        *,
        rtol: float,
        atol: float = 0.0,
        because: str | None = None,
        wrong: Sequence = (),
        premise: str | None = None,
    ) -> None:
        """Two different algorithms agree within ``rtol`` (or ``atol``) at every point.

        A tolerance above 1e-6 is no rounding: ``because`` tells how it follows.
        """
        judge = lambda form: judges.numeric(form, reference, rtol, atol)  # noqa: E731
        self._examine(
            "numeric",
            what,
            judge,
            claimed,
            wrong,
            reference=reference,
            because=because,
            premise=premise,
        )

    def statistical(
        self, what: str, claimed, estimate, *, wrong: Sequence = (), premise: str | None = None
    ) -> None:
        """A simulation agrees with the claimed values within its standard errors.

        ``estimate`` is an :class:`isacnb.probability.estimators.Estimate`, or a list of them whose
        quantities stand one behind the other as in ``claimed``. What is claimed may have been drawn,
        too, from a seed of its own: then it is a list of estimates, and so is each wrong form.
        """
        own = claimed if _is_estimate(claimed) else None
        judge = lambda form: judges.statistical(_means(form), estimate, own)  # noqa: E731
        runs = estimate if own is None else [*_listed(own), *_listed(estimate)]
        if own is not None:
            claimed = _means(own)
        self._examine("statistical", what, judge, claimed, wrong, reference=runs, premise=premise)

    def ordered(
        self,
        what: str,
        smaller,
        larger,
        *,
        slack: float = 0.0,
        because: str | None = None,
        wrong: Sequence = (),
    ) -> None:
        """smaller <= larger at every point; a wrong form gives a pair (smaller, larger).

        Monotonicity is the order of neighbouring values, a bound that of the bound and the bounded.
        A side may be drawn, or hold estimates beside numbers: their intervals have to be in order.
        The reverse order is no control: it fails wherever the two are not equal.
        """
        judge = lambda pair: judges.bounded(pair, slack)  # noqa: E731
        self._examine("numeric", what, judge, (smaller, larger), wrong, because=because)

    def measured(self, what: str, approximation, reference, *, error: float) -> None:
        """The approximation's largest relative error is at most ``error``.

        Half of that error must be exceeded, so that the figure given is the size of the error and
        not a loose bound of it.
        """
        half = judges.measured(approximation, reference, error / 2)
        if half.agrees is not False:
            raise CheckFailed(
                f"{self.claim.id}: '{what}': {number(error, plain=True)} is a loose bound of the "
                f"error: {half.text}"
            )
        judge = lambda form: judges.measured(form, reference, error)  # noqa: E731
        self._examine("numeric", what, judge, approximation, (), reference=reference)

    def counterexample(
        self,
        what: str,
        printed,
        truth,
        *,
        accepts: Sequence,
        rtol: float | None = None,
        because: str | None = None,
    ) -> None:
        """The printed form is rejected, while the same comparison accepts what is right.

        ``truth`` is a sympy expression, a list of balls or numbers (with ``rtol``), or an estimate
        or a list of them. ``accepts`` holds the controls: right forms, made as wrong ones are. With
        ``truth=None``, ``printed`` is a pair that should be in order (smaller, larger) and is not; a
        side of it may be drawn, as in :meth:`ordered`. The same values in another order are no right
        form. What is drawn leaves its runs, wherever it stands; a right form of an order agrees with it
        as far as its errors tell.
        """
        if truth is None:
            judge = lambda pair: judges.bounded(pair, proved=False)  # noqa: E731
        elif _is_estimate(value_of(printed)):
            raise ValueError("what is drawn is the truth, and what is rejected stands against it")
        elif _is_estimate(truth):
            judge = lambda form: judges.statistical(form, truth)  # noqa: E731
        elif any(isinstance(entry, sympy.Basic) for entry in flatten(truth)):
            judge = lambda form: judges.symbolic(form, truth)  # noqa: E731
        elif any(isinstance(entry, flint.arb) for entry in flatten(truth)):
            judge = lambda form: judges.certified(form, truth, rtol)  # noqa: E731
        else:
            judge = lambda form: judges.numeric(form, truth, rtol)  # noqa: E731
        self._examine(
            "counterexample", what, judge, printed, accepts, reference=truth, because=because
        )

    def transcription(
        self, role: str, function: Callable, *, part: int | str | None = None, **options
    ) -> None:
        """The formula that a reader sees, read by machine, gives what ``function`` gives.

        ``role`` is "statement", "printed", "correction" or "instead"; ``part`` the number of one of
        several formulas in it, or a piece of one letter by letter. ``function`` is one of the
        package that implements this claim, or calls one; its parameters bear the names of the
        vocabulary. Points, borders included, and the controls, which are mutants of the formula,
        are made by machine. Options: see :func:`isacnb.ledger.formula.compare`. It is compared
        when the block ends, and counts as no proof.
        """
        self._formulas.add(role, function, part, options)

    def unread(self, role: str, reason: str, *, part: int | str | None = None) -> None:
        """Leave a formula unread for a reason of the closed list ``UNREAD``."""
        self._formulas.leave(role, reason, part)

    def _examine(
        self,
        kind: str,
        what: str,
        judge: Callable[[Any], judges.Outcome],
        claimed,
        forms: Sequence,
        *,
        reference=None,
        because: str | None = None,
        premise: str | None = None,
    ) -> None:
        """Apply one judge to the claimed form and to its controls, and keep the outcome.

        A counterexample turns the roles round: the printed form must fail, its controls must pass.
        """
        wanted = kind != "counterexample"
        place = f"{self.claim.id}: '{what}'"
        value = value_of(claimed)
        outcome = judge(value)
        if not outcome.points:
            raise CheckFailed(f"{place} has no test points")
        if outcome.agrees is not wanted:
            raise CheckFailed(f"{place} does not hold: {outcome.text}")
        _refuse_loose_tolerance(place, outcome, because)
        built = forms_of(forms, claimed)
        if not built and (not wanted or outcome.comparison == "symbolic"):
            raise CheckFailed(f"{place} has no control")
        tried, seen = [], {_key(value): "the claimed form"}
        # two routes meet in whole numbers, but hardly in all digits of others
        numbers = not wanted and outcome.comparison in ("numeric", "certified")
        if numbers and not all(float(entry).is_integer() for entry in flatten(reference)):
            seen[_key(reference)] = "the reference"
        if outcome.comparison == "order" and wanted:
            seen[_key(value[::-1])] = "the reverse order, which is no control"
        for form, other in built:
            key = _key(other)
            if key in seen:
                raise CheckFailed(f"{place}: control '{form}' is {seen[key]}")
            if outcome.comparison == "order" and not wanted and _reorders(other, value):
                raise CheckFailed(
                    f"{place}: control '{form}' has the rejected values in another order, and every "
                    "order that fails would be accepted so"
                )
            seen[key] = f"the control '{form}'"
            control = judge(other)
            if control.agrees is not (not wanted):
                raise CheckFailed(
                    f"{place} does not tell its control '{form}' apart: {control.text}"
                )
            word = "rejected" if wanted else "accepted"
            tried.append(Control(form=form, outcome=word, result=control.text, **_numbers(control)))
        self._values.append((_key(value), [_key(other) for _, other in built]))
        size = _resolution(judge, outcome, value if wanted else built[0][1], wanted)
        if wanted and size is not None:
            tried.append(_nearest_control(place, judge, outcome, value, size))
        if not tried:
            raise CheckFailed(f"{place} has no control, and resolves no change of its values")
        order = outcome.comparison == "order"
        drawn = [value, *(other for _, other in built)] if order else reference
        self._evidence.append(
            Evidence(
                kind=kind,
                what=what,
                result=outcome.text,
                control=tuple(tried),
                resolution=size,
                because=because,
                premise=premise,
                runs=_runs(drawn) or None,
                **_numbers(outcome),
            )
        )

    def _with_repeats(self) -> list[Evidence]:
        """The evidence, its counterexamples marked whose form is a control of another piece."""
        controls = {key for _, keys in self._values for key in keys}
        return [
            replace(entry, repeats=True)
            if entry.kind == "counterexample" and value in controls
            else entry
            for entry, (value, _) in zip(self._evidence, self._values, strict=True)
        ]

    # --- verdict ---

    def verdict(self, verdict: str, text: str) -> None:
        r"""Give the verdict: its finding, and what the verdict's kind needs besides.

        ``text`` is one block of Markdown, whose fields are computed with the caller's names, to
        which :func:`number` is added; see :func:`isacnb.ledger.text.parse_verdict`. Its first
        paragraph is the finding; the others begin with one of these words and a colon:

        Correction : the right formula between ``$$``, as the errata show it
        Where : the letters that the claim adds to the vocabulary, an item each
        Step : the first false step of the printed derivation
        Roots : ids of the wrong premises that it takes over, an item each
        Knowledge : of a root, under what knowledge and conditions it is an error
        Why, Effect : why it is wrong, and what depends on it, with numbers
        Condition : the assumption that a conditional claim needs
        Error, Range : measured error of an approximation, and where it was measured
        Instead : what is true in place of a refuted claim
        Readings : the readings tried of an unsupported claim, each with its numbers
        Unchecked : why the consistency of a definition cannot be checked
        Assumes : what our proof assumes beyond the paper's own assumptions
        Minor : why an error weighs little, such as a likely damage in typesetting

        What is printed comes from the registry, with its source.
        Raises :class:`CheckFailed` for a second verdict and for a text that cannot be read.
        """
        if self._verdict is not None:
            raise CheckFailed(f"{self.claim.id}: settled twice")
        caller = sys._getframe(1)
        # linters see no use of an import in a text, and the usual one need not be made
        names = {"number": number} | caller.f_globals | caller.f_locals
        try:
            texts = parse_verdict(text, names)
        except ValueError as error:
            raise CheckFailed(f"{self.claim.id}: {error}") from error
        if self.claim.printed is not None:
            parts = self.claim.printed
            texts["printed"] = parts if isinstance(parts, str) else _one_below_the_other(parts)
            texts["source"] = self.claim.source
        self._verdict, self._texts = verdict, texts

    def _publish(self) -> None:
        if self._verdict is None:
            raise CheckFailed(f"{self.claim.id}: the block ends without a verdict")
        evidence, read = [], {}
        if self._formulas.wishes:
            try:
                evidence, formulas, symbols = self._formulas.run(self._texts)
            except (FormulaError, Mismatch) as error:
                raise CheckFailed(f"{self.claim.id}: {error}") from error
            read = {"formulas": tuple(formulas), "symbols": symbols}
        record = Record(
            id=self.claim.id,
            verdict=self._verdict,
            **self._texts,
            **read,
            evidence=(*self._with_repeats(), *evidence),
            claim_digest=self.claim.digest,
            source_digest=source_digest(session.cells),
        )
        problems = problems_of_record(record, self.claim)
        if problems:
            raise CheckFailed("; ".join(problems))
        self._refuse_idle_functions()
        _given[self.claim.id] = record
        call = call_of(functions_of_claim(self.claim.id), record.formulas)
        display(
            {
                "text/html": badge_html(record, self.claim, call),
                "text/plain": badge_text(record, self.claim),
                RECORD_MIME: to_json(record),
            },
            raw=True,
        )

    def _refuse_idle_functions(self) -> None:
        """What says that it computes the claim has run before the claim is settled."""
        idle = [
            entry.name
            for entry in functions_of_claim(self.claim.id)
            if entry.form != "tool" and not index.was_called(entry.name)
        ]
        if idle:
            raise CheckFailed(
                f"{self.claim.id}: {', '.join(idle)}: says that it computes the claim, and has not "
                "been called; check it here, or take its @implements away"
            )


def _numbers(outcome: judges.Outcome) -> dict:
    """The numbers of a comparison, and at how many points they were found."""
    kept = {entry.name: getattr(outcome, entry.name) for entry in fields(Numbers)}
    return {**kept, "points": outcome.points}


def _one_below_the_other(formulas: tuple[str, ...]) -> str:
    rows = r"\\[0.8ex]".join(rf"\begin{{aligned}}{tex}\end{{aligned}}" for tex in formulas)
    return rf"\begin{{gathered}}{rows}\end{{gathered}}"


def _listed(estimates) -> list:
    return list(estimates) if isinstance(estimates, list | tuple) else [estimates]


def _means(form):
    """The means of a form that was drawn; another form as it is."""
    return [one.mean for one in _listed(form)] if _is_estimate(form) else form


def _is_estimate(truth) -> bool:
    return judges.drawn(truth[0] if isinstance(truth, list | tuple) and truth else truth)


def _key(value) -> tuple:
    """What tells the values of two forms apart: every digit of every entry.

    The points of an order, a pair of sides, may stand in any sequence.
    """
    if isinstance(value, tuple) and len(value) == 2:
        return tuple(sorted(_points(value)))
    return _digits(value)


def _digits(value) -> tuple:
    entries = [entry.item() if isinstance(entry, np.generic) else entry for entry in flatten(value)]
    return tuple(repr(float(e) if isinstance(e, int) else e) for e in entries)


def _points(pair) -> list[tuple]:
    """The points of an order, each its two values; what was drawn has its mean."""
    left, right = (
        _digits([one.mean if judges.drawn(one) else one for one in _listed(side)]) for side in pair
    )
    length = max(len(left), len(right))
    left, right = (side * length if len(side) == 1 else side for side in (left, right))
    return list(zip(left, right, strict=True))


def _reorders(pair, rejected) -> bool:
    """Whether an order has nothing but the values of another one, or its points turned round."""
    ours, theirs = _points(pair), _points(rejected)
    apart = [point for point in ours if point[0] != point[1]]
    turned = bool(apart) and all(point[::-1] in theirs for point in apart)
    return turned or sorted(sum(ours, ())) == sorted(sum(theirs, ()))


#: largest relative tolerance that rounding explains
ROUNDING = 1e-6


def _refuse_loose_tolerance(place: str, outcome: judges.Outcome, because: str | None) -> None:
    if outcome.comparison not in ("numeric", "order"):
        return
    loose = max(outcome.tolerance or 0, outcome.absolute or 0) > ROUNDING
    if loose and not because:
        raise CheckFailed(f"{place}: a tolerance above {ROUNDING} has to be derived: because=...")


def _resolution(judge, outcome: judges.Outcome, value, proved: bool) -> float | None:
    if outcome.comparison == "symbolic":
        return None
    if outcome.comparison == "order":
        # of what was drawn and need not be proved, all that the errors leave open is accepted
        pair = judges.tightest(value) if proved else judges.loosest(value)
        return judges.resolution_of_order(pair, outcome.tolerance)
    return judges.resolution(judge, value)


def _nearest_control(place: str, judge, outcome: judges.Outcome, value, size: float) -> Control:
    """The control that the machine makes: the smallest change of all values that is refused."""
    if outcome.comparison == "order":
        form = f"the smaller side raised by {change(size)} of the larger size, where they differ"
        changed = [judges.raised(judges.tightest(value), size)]
    else:
        form = f"every value {change(size)} higher, and every value as much lower"
        changed = judges.rescaled(value, size)
    if not all(judge(other).agrees is False for other in changed):
        raise CheckFailed(f"{place} does not tell its control '{form}' apart")
    return Control(form=form, outcome="rejected", result="made by machine, the nearest refused")


def _runs(values) -> tuple[Run, ...]:
    """The simulations behind what was compared, each once."""
    found = {}
    for one in _listed(values):
        if isinstance(one, list | tuple):
            for run in _runs(one):
                found[run] = run
        elif judges.drawn(one):
            run = Run(
                n=one.n,
                batch=one.batch if one.batch > 1 else None,
                seed=one.seed,
                evaluates=one.evaluates or None,
            )
            found[run] = run
    return tuple(found)
