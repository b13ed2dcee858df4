"""The formulas of a claim as its record lists them."""

from dataclasses import replace

import pytest

from isacnb.coupling.uplink import estimate_variance, nmse_lmmse
from isacnb.ledger import transcription
from isacnb.ledger.formula import FormulaError, Mismatch
from isacnb.ledger.record import FORMULA_MIME
from isacnb.ledger.registry import get_claim
from isacnb.ledger.transcription import Derivation, Transcriptions
from isacnb.signals.arrays import steering_vector

TEXTS = {
    "correction": r"a=\frac{x_k+N_0}{u_k+x_k+N_0},\quad b=1-\frac{u_k}{u_k+x_k+N_0}",
    "where": ["$a$: one form", "$b$: another"],
}


def with_targets(*targets):
    found = Transcriptions(get_claim("coupling.mmse"))
    for target in targets:
        # one antenna, for which the least error has this form
        found.add(
            "correction",
            lambda user_energy, echo_energy, noise_power: nmse_lmmse(
                user_energy, echo_energy, noise_power, 1
            ),
            None,
            {"target": target},
        )
    found.leave("printed", "law", None)
    return found.run(TEXTS)


def test_every_clause_of_a_formula_is_held_against_something():
    evidence, formulas, letters = with_targets("a", "b")
    assert len(evidence) == len(formulas) - 3 == 2
    assert {"a", "b", "x_k"} <= set(letters)
    for target, other in (("a", "b"), ("b", "a")):
        with pytest.raises(FormulaError, match=f"clause for {other} that nothing was held against"):
            with_targets(target)


# --- which formulas, which functions ------------------------------------------------------------

STATEMENT = r"""
The variance of the estimate is

$$
\phi_k = \frac{P_{U,k}T_u\mu_k^2}{P_{U,k}T_u\mu_k + P_{T,k}T_uN\beta_{t,k} + N_0},
$$

and with $\mu_k\to0$ it vanishes,

$$
\phi_k\to0 .
$$
"""
CLAIM = replace(
    get_claim("coupling.mmse"),
    statement=STATEMENT,
    printed=r"\phi_k = \frac{P_{U,k}T_u\mu_k^2}{P_{U,k}T_u\mu_k + P_{T,k}T_uN\beta_{t,k} + N_0}",
    symbols=None,
)


def variance(scattered_gain, target_path_loss, parameters):
    return estimate_variance(scattered_gain, target_path_loss, parameters)


def transcribed(*wishes, claim=CLAIM, **texts):
    """Run wishes: (role, function, part, options), or (role, reason, part)."""
    found = Transcriptions(claim)
    for role, what, *rest in wishes:
        part = rest[0] if rest else None
        if isinstance(what, str):
            found.leave(role, what, part)
        else:
            found.add(role, what, part, rest[1] if len(rest) > 1 else {})
    return found.run(texts)


def test_a_record_counts_what_was_compared():
    evidence, formulas, letters = transcribed(
        ("statement", variance, 1), ("statement", "limit", 2), ("printed", "lost")
    )
    (entry,) = evidence
    assert entry.kind == "transcription"
    assert "estimate_variance" in entry.what
    assert entry.points >= 48
    assert entry.tolerance == 1e-9
    (control,) = entry.control
    assert control.outcome == "rejected"
    first, second, third = formulas
    assert first.read
    assert first.killed == first.mutants > 10
    assert first.functions == ("isacnb.coupling.uplink.estimate_variance",)
    assert (second.read, second.reason) == (False, "limit")
    assert third.role == "printed"
    assert {r"\phi_k", r"\mu_k", "T_u"} <= set(letters)
    assert letters["N_0"].endswith(")")  # its unit


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ([], "formula 1 of 2 in the role 'statement' is neither transcribed nor left unread"),
        ([("statement", variance, 1)], "formula 2 of 2 in the role 'statement'"),
        ([("statement", "limit")], "formula 1 of 1 in the role 'printed'"),
        ([("statement", variance)], "has 2 formulas: say which by `part`"),
        ([("statement", variance, 3)], "part must be 1 to 2, got 3"),
        ([("statement", variance, 0)], "part must be 1 to 2, got 0"),
        ([("statement", variance, r"\phi_k = \mu_k")], "does not stand in the statement letter by"),
        ([("instead", variance)], "there is no formula in the role 'instead'"),
        ([("statement", lambda scattered_gain: 0.0, 1)], "none of the package"),
        ([("statement", lambda N: steering_vector(0.1, N), 1)], "steering_vector.* says with"),
        ([("printed", variance)], "in a form for the role 'printed'"),
    ],
)
def test_what_a_record_refuses(wishes, reason):
    with pytest.raises(FormulaError, match=reason):
        transcribed(*wishes)


def test_a_printed_formula_covers_its_place_in_the_statement():
    # the rest of the statement is still open
    with pytest.raises(FormulaError, match="formula 2 of 2 in the role 'statement'"):
        transcribed(("printed", "lost"))
    assert transcribed(("printed", "lost"), ("statement", "limit", 2))


def test_a_correction_is_read_with_its_letters():
    texts = {
        "correction": r"\phi_k=\frac{u\mu_k}{u+P_{T,k}T_uN\beta_{t,k}+N_0},\quad u=P_{U,k}T_u\mu_k",
        "where": ["$u$: energy of the pilot"],
    }
    rest = [("statement", "limit"), ("printed", "lost")]
    _, formulas, letters = transcribed(("correction", variance), *rest, **texts)
    assert formulas[0].role == "correction"
    assert letters["u"] == "energy of the pilot"
    wrong = {**texts, "correction": texts["correction"].replace("+N_0", "-N_0")}
    with pytest.raises(Mismatch):
        transcribed(("correction", variance), *rest, **wrong)
    with pytest.raises(FormulaError, match=r"several meanings|unknown symbol"):
        transcribed(("correction", variance), *rest, correction=texts["correction"])


def test_roles_and_reasons_are_closed_lists():
    found = Transcriptions(CLAIM)
    with pytest.raises(ValueError, match="role must be one of statement, printed"):
        found.add("footnote", variance, None, {})
    with pytest.raises(ValueError, match="role must be one of"):
        found.leave("footnote", "law", None)
    with pytest.raises(ValueError, match="reason must be one of law"):
        found.leave("statement", "too hard", None)
    with pytest.raises(ValueError, match="'words' is no reason"):
        found.leave("correction", "words", None)


# --- the formulas of a chapter ------------------------------------------------------------------


def shown(monkeypatch, tex, function=None, own="", **options):
    outputs = []
    monkeypatch.setattr(transcription, "display", lambda data, raw: outputs.append(data))
    Derivation("coupling", own).show(tex, function, **options)
    (output,) = outputs
    return output


def test_a_displayed_formula_is_the_one_that_was_read(monkeypatch):
    own = """
    - $u$ in (0, inf): energy of the pilot
    - $x$ in (0, inf): energy of the echo
    - $c = \\frac{u}{u+x}$: share
    """
    tex = r"1-c=\frac{x}{u+x}=\frac{1}{1+u/x}"
    output = shown(monkeypatch, f"  {tex}\n", own=own)
    assert output["text/markdown"] == f"$$\n{tex}\n$$"
    record = output[FORMULA_MIME]
    assert record["tex"] == tex
    assert record["killed"] == record["mutants"] > 5
    assert record["symbols"]["c"] == "share"
    assert output["text/plain"].startswith(f"formula: {record['points']} points")


def test_a_wrong_formula_is_not_displayed(monkeypatch):
    for tex, kind in (
        (r"\frac{1-\rho}{\rho}=\frac1\rho+1", Mismatch),
        (r"\frac{1-\rho}{\rho}=\frac1\rho-\Xi", FormulaError),
        (r"\frac{1-\rho}{\rho}=\frac1\rho-1+0N", Mismatch),
        (r"\frac{1-\rho}{\rho}", FormulaError),
    ):
        with pytest.raises(kind):
            shown(monkeypatch, tex)
