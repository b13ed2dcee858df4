"""Thirty and more attempts to pass off as evidence what is none; each has to be refused.

Each is a function whose first line says what it tries. It runs against the ledger itself, whenever the
page that lists them is built and whenever the tests run.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import flint
import numpy as np
import sympy

from .claim import CheckFailed, Settlement, settle
from .forms import at, changed, replaced, scaled, without
from .formula import FormulaError, Mismatch, compare
from .formula.tables import table_for
from .record import RECORD_MIME, Evidence, Formula, Record, source_digest, to_json
from .records import read_ledger
from .registry import get_claim
from .rules import problems_of_record
from .second import problems_of_pairs

__all__ = ["CHEATS", "Attempt", "attempt", "attempts"]

_CLAIM = "coupling.eq1"
_x, _y = sympy.symbols("x y", positive=True)
_ONE = sympy.sin(_x) ** 2 + sympy.cos(_x) ** 2

CHEATS: list[Callable] = []


@dataclass(frozen=True)
class Attempt:
    """What was tried, and the words with which it was refused, or None."""

    what: str
    refusal: str | None


def attempt(cheat: Callable) -> Attempt:
    """Try one cheat on a claim of its own."""
    what = cheat.__doc__.splitlines()[0].rstrip(".")
    try:
        found = cheat(settle(_CLAIM))
    except (CheckFailed, FormulaError, Mismatch, TypeError, ValueError) as error:
        return Attempt(what, str(error).removeprefix(f"{_CLAIM}: "))
    # what reads files or records lists its problems
    return Attempt(what, "; ".join(found) if found else None)


def attempts() -> list[Attempt]:
    """Try all of them."""
    return [attempt(cheat) for cheat in CHEATS]


def _cheat(function: Callable) -> Callable:
    CHEATS.append(function)
    return function


def _two() -> sympy.Expr:
    return sympy.Integer(2)


def _drawn(mean: float, standard_error: float, n: int) -> SimpleNamespace:
    """A simulation, as its estimate tells it."""
    return SimpleNamespace(
        mean=mean,
        standard_error=standard_error,
        n=n,
        seed=1,
        batch=1,
        evaluates=(),
        interval=lambda confidence: (mean - 4 * standard_error, mean + 4 * standard_error),
    )


# --- labels and controls ------------------------------------------------------------------------


@_cheat
def _typed_label(claim: Settlement):
    """A label typed beside a control."""
    claim.numeric("n", [1.0], [1.0], rtol=1e-9, wrong={"a factor 2": [1.1]})


@_cheat
def _bare_value(claim: Settlement):
    """A control that is a value without a name."""
    claim.symbolic("s", _ONE, 1, wrong=[sympy.Integer(2)])


@_cheat
def _nameless(claim: Settlement):
    """A control computed by a function without a name."""
    claim.symbolic("s", _ONE, 1, wrong=[lambda: 2])


@_cheat
def _claimed_again(claim: Settlement):
    """A control with the values of the claimed form."""

    def wrong_form():
        return [1.0, 2.0]

    claim.numeric("n", np.array([1, 2]), [1.0, 2.0], rtol=1e-9, wrong=[wrong_form])


@_cheat
def _twice(claim: Settlement):
    """One control under two names."""

    def first_form():
        return [1.5]

    def second_form():
        return np.array([1.5])

    claim.numeric("n", [1.0], [1.0], rtol=1e-9, wrong=[first_form, second_form])


@_cheat
def _right_is_the_reference(claim: Settlement):
    """A counterexample that accepts its own reference."""
    reference = [0.1, 0.2]

    def right_form():
        return list(reference)

    claim.counterexample("c", [1.0, 2.0], reference, rtol=1e-9, accepts=[right_form])


@_cheat
def _reversed(claim: Settlement):
    """The reverse order as the control of an order."""

    def the_other_way_round():
        return [3.0, 4.0], [1.0, 2.0]

    claim.ordered("o", [1.0, 2.0], [3.0, 4.0], wrong=[the_other_way_round])


@_cheat
def _reversed_and_shuffled(claim: Settlement):
    """The reverse order with its points in another sequence."""

    def another_order():
        return [4.0, 3.0], [2.0, 1.0]

    claim.ordered("o", [1.0, 2.0], [3.0, 4.0], wrong=[another_order])


@_cheat
def _rejected_order_turned_round(claim: Settlement):
    """The rejected order, turned round, as the right form of a counterexample."""

    def the_other_way_round():
        return [1.0, 2.0], [3.0, 4.0]

    claim.counterexample("c", ([4.0, 3.0], [2.0, 1.0]), None, accepts=[the_other_way_round])


@_cheat
def _rejected_values_paired_anew(claim: Settlement):
    """The rejected values, paired in another way, as the right form of a counterexample."""

    def smallest_first():
        return [1.0, 2.0], [3.0, 4.0]

    claim.counterexample("c", ([4.0, 1.0], [2.0, 3.0]), None, accepts=[smallest_first])


@_cheat
def _drawn_and_rejected(claim: Settlement):
    """A simulation refuted, whose errors nobody counts."""
    claim.counterexample("c", _drawn(0.6, 0.1, 100), [0.5], rtol=1e-9, accepts=[_two])


@_cheat
def _within_its_error(claim: Settlement):
    """An order whose drawn side is out of it by three standard errors."""
    drawn = _drawn(0.53, 0.01, 1000)

    def far_below():
        return [0.4], [0.5]

    claim.counterexample("c", (drawn, [0.5]), None, accepts=[far_below])


@_cheat
def _no_control(claim: Settlement):
    """A symbolic proof without any control."""
    claim.symbolic("s", _ONE, 1, wrong=[])


@_cheat
def _true_control(claim: Settlement):
    """A control that is true."""

    def cosine_of_twice_the_angle():
        return (1 + sympy.cos(2 * _x)) / 2 + sympy.sin(_x) ** 2

    claim.symbolic("s", _ONE, 1, wrong=[cosine_of_twice_the_angle])


@_cheat
def _undefined_control(claim: Settlement):
    """A control that is undefined, so that nothing accepts it."""

    def undefined():
        return [np.nan]

    claim.numeric("n", [1.0], [1.0], rtol=1e-9, wrong=[undefined])


@_cheat
def _replaces_nothing(claim: Settlement):
    """A control that replaces what the formula does not have."""
    claim.symbolic("s", _ONE, 1, wrong=[replaced(_y, 2 * _y)])


@_cheat
def _drops_nothing(claim: Settlement):
    """A control without a term that is not there."""
    claim.symbolic("s", _ONE, 1, wrong=[without(_y)])


@_cheat
def _changes_nothing(claim: Settlement):
    """A control that changes a parameter that the claimed function does not have."""

    def law(N=4):
        return [1.0 / N]

    claim.numeric("n", law, [0.25], rtol=1e-9, wrong=[changed(threshold=2.0)])


@_cheat
def _zero_entry(claim: Settlement):
    """A control that doubles the entry that is 0."""
    claim.numeric("n", [1.0, 0.0], [1.0, 0.0], rtol=1e-9, wrong=[at(2, scaled(2))])


# --- comparisons --------------------------------------------------------------------------------


@_cheat
def _floats(claim: Settlement):
    """Decimal numbers in a symbolic proof."""
    claim.symbolic("s", 0.1 * 3 * _x, sympy.Float(0.1) * 3 * _x, wrong=[_two])


@_cheat
def _nothing_is_nothing(claim: Settlement):
    """0 = 0 as a proof."""
    claim.symbolic("s", [0, _x - _x], [0, 0], wrong=[_two])


@_cheat
def _truth(claim: Settlement):
    """An equation in place of its two sides."""
    claim.symbolic("s", sympy.true, sympy.true, wrong=[_two])


@_cheat
def _undecided(claim: Settlement):
    """Two sides that the simplifier leaves as they are."""
    claim.symbolic("s", sympy.Function("f")(_x), 1, wrong=[_two])


@_cheat
def _float_as_ball(claim: Settlement):
    """A decimal number as a certified reference."""
    claim.certified("c", [flint.arb(1) / 3], [1 / 3], rtol=1e-9)


@_cheat
def _wide_ball(claim: Settlement):
    """A ball that holds the claimed value and much else."""
    claim.certified("c", [flint.arb(1)], [flint.arb(1, 0.1)], rtol=1e-9)


@_cheat
def _not_a_number(claim: Settlement):
    """An undefined value that equals an undefined reference."""
    claim.numeric("n", [np.nan], [np.nan], rtol=1e-9)


@_cheat
def _infinite_printed_form(claim: Settlement):
    """A printed form refuted by being infinite."""

    def right_form():
        return [1.0 + 1e-12]

    claim.counterexample("c", [np.inf], [1.0], rtol=1e-9, accepts=[right_form])


@_cheat
def _no_points(claim: Settlement):
    """A comparison at no point."""
    claim.numeric("n", [], [], rtol=1e-9)


@_cheat
def _nothing_to_change(claim: Settlement):
    """Zeros, which no change of all values can tell apart, without another control."""
    claim.numeric("n", [0.0, 0.0], [0.0, 0.0], rtol=1e-9)


@_cheat
def _some_points(claim: Settlement):
    """Three claimed values of which two are compared."""
    claim.numeric("n", [1.0, 2.0, 7.0], [1.0, 2.0], rtol=1e-9)


@_cheat
def _wide_tolerance(claim: Settlement):
    """A tolerance of a tenth that nobody derived."""
    claim.numeric("n", [1.09], [1.0], rtol=0.1)


@_cheat
def _loose_error(claim: Settlement):
    """An error of an approximation stated ten times too large."""
    claim.measured("m", [1.01], [1.0], error=0.1)


@_cheat
def _typed_standard_error(claim: Settlement):
    """A standard error, a sample size and a seed typed beside a simulation."""
    claim.statistical("s", 0.5, 0.52, standard_error=0.01, n=20_000, seed=20)


@_cheat
def _few_samples(claim: Settlement):
    """Three samples that tell a form five standard errors away apart."""

    def five_standard_errors_away():
        return 0.55

    claim.statistical("s", 0.5, _drawn(0.5, 0.01, 3), wrong=[five_standard_errors_away])


# --- verdicts -----------------------------------------------------------------------------------


@_cheat
def _no_verdict(claim: Settlement):
    """Evidence that ends in no verdict."""
    with claim:
        claim.symbolic("s", _ONE, 1, wrong=[_two])


@_cheat
def _two_verdicts(claim: Settlement):
    """A second verdict, kinder than the first."""
    claim.verdict("misprint", "f")
    claim.verdict("verified", "f")


@_cheat
def _bare_verdict(claim: Settlement):
    """A verdict without evidence."""
    with claim:
        claim.verdict("verified", "f")


@_cheat
def _one_number(claim: Settlement):
    """A theorem verified by one list of numbers."""
    with claim:
        claim.numeric("n", [1.0], [1.0], rtol=1e-9)
        claim.verdict("verified", "f")


@_cheat
def _no_counterexample(claim: Settlement):
    """A formula corrected without a case in which the printed one fails."""
    with claim:
        claim.symbolic("s", _ONE, 1, wrong=[_two])
        claim.verdict("corrected", "f\n\nCorrection:\n$$\nx=1\n$$\n\nEffect: e")


@_cheat
def _blunt(claim: Settlement):
    """A claim whose sharpest comparison could not see a factor of two."""
    with claim:
        claim.ordered("o", [1.0], [3.0])
        claim.statistical("s", 1.0, _drawn(1.0, 0.3, 100))
        claim.verdict("verified", "f")


@_cheat
def _number_of_no_run(claim: Settlement):
    """A finding that quotes a number that did not run."""
    claim.verdict("verified", "It loses {loss_that_nobody_computed:.1f} dB.")


@_cheat
def _mistyped_formula(claim: Settlement):
    """An exponent of a displayed formula mistyped."""

    def right(user_density, target_density):
        return user_density**2 * target_density

    compare(r"\lambda_U^3\lambda_T", table_for("coupling"), right)


@_cheat
def _formula_left_out(claim: Settlement):
    """A correction that no machine reads, for it is said to be words."""
    claim.unread("correction", "words")
    with claim:
        claim.symbolic("s", _ONE, 1, wrong=[_two])
        claim.verdict("verified", "f")


# --- what is stored -----------------------------------------------------------------------------


def _record(**changes) -> Record:
    """A record of nothing but its form."""
    entry = Evidence(
        kind="symbolic",
        what="w",
        result="r",
        points=1,
        control=(),
        comparison="symbolic",
    )
    told = Formula(role="statement", tex="f", read=False, reason="law")
    made = Record(
        id=_CLAIM,
        verdict="verified",
        finding="f",
        evidence=(entry,),
        formulas=(told,),
        claim_digest=get_claim(_CLAIM).digest,
        source_digest=source_digest(["settle"]),
    )
    return replace(made, **changes)


def _book_of(*records: Record, source: str = "settle") -> list[str]:
    """What the ledger says of a book whose chapters hold these records, one each."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
        (root / "book").mkdir()
        for number, record in enumerate(records):
            cell = {
                "cell_type": "code",
                "execution_count": 1,
                "metadata": {},
                "source": [source],
                "outputs": [
                    {
                        "output_type": "display_data",
                        "metadata": {},
                        "data": {RECORD_MIME: to_json(record)},
                    }
                ],
            }
            notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
            (root / "book" / f"{number}.ipynb").write_text(json.dumps(notebook))
        return [
            problem.partition(": ")[2]
            for problem in read_ledger(root).problems
            if "no negative control" not in problem
        ]


@_cheat
def _stored_without_control(claim: Settlement):
    """A stored record whose evidence has no control."""
    return problems_of_record(_record(), claim.claim)


@_cheat
def _edited_after_the_run(claim: Settlement):
    """A chapter whose code was edited after it ran."""
    return _book_of(_record(), source="settle, otherwise")


@_cheat
def _unknown_claim(claim: Settlement):
    """A verdict on a claim that the paper does not make."""
    return _book_of(_record(id="coupling.eq999"))


@_cheat
def _settled_by_two(claim: Settlement):
    """A claim that two chapters settle."""
    return _book_of(_record(), _record(finding="another"))


@_cheat
def _statement_changed(claim: Settlement):
    """A statement made milder after its verdict."""
    return _book_of(_record(claim_digest="0" * 16))


@_cheat
def _pair_of_no_second_system(claim: Settlement):
    """A symbolic pair that the second algebra system has not seen."""
    entry = replace(_record().evidence[0], pairs=("0" * 16,))
    return problems_of_pairs([entry], {})


@_cheat
def _premise_as_proof(claim: Settlement):
    """A proof that a formula follows from a premise, given for the formula's truth."""
    claim.symbolic(
        "follows", _ONE, sympy.Integer(1), wrong=[scaled(2)], premise="as assumed before"
    )
    return problems_of_record(_record(evidence=tuple(claim._evidence)), claim.claim)


@_cheat
def _error_of_another(claim: Settlement):
    """An error put down to a statement that the derivation does not use."""
    return _book_of(_record(verdict="conditional", roots=("coupling.fz",)))


@_cheat
def _verdict_moved_in_silence(claim: Settlement):
    """A verdict that is moved without a word in the history."""
    return _book_of(_record(verdict="approximation"))
