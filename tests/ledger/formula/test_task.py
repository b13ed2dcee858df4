"""Which clause of a formula is compared, which defines, and which restricts the points."""

import pytest
from formulas import RIGHT, border, letters_of

from isacnb.ledger.formula import FormulaError, compare


def test_a_definition_that_leads_back_to_itself():
    letters = letters_of("rician", "$a$: one value", "$b$: another")
    with pytest.raises(FormulaError, match="is defined by itself"):
        compare(r"\eta_1=2a,\quad a=b+1,\quad b=a^2", letters, lambda los_amplitude: los_amplitude)
    # some mutants close such a circle
    found = compare(
        r"\eta_1=a+b^2,\quad a=2b,\quad b=\eta_2+1",
        letters,
        lambda scatter_amplitude: (scatter_amplitude + 1) * (scatter_amplitude + 3),
    )
    assert found.killed == found.mutants > 8


def test_clauses_that_the_target_does_not_need():
    letters = letters_of("rician", "$a$: one value", "$b$: another")
    tex = r"a=2\eta_1,\quad b=3\eta_1^2"
    # mutants of the other clause are made where that one is the target
    found = compare(tex, letters, lambda los_amplitude: 2 * los_amplitude, target="a")
    assert found.unused == ("b",)
    assert found.killed == found.mutants > 0
    with pytest.raises(FormulaError, match="b is neither compared nor used"):
        compare(tex, letters, lambda los_amplitude: 2 * los_amplitude)


def test_clauses_that_are_no_definitions_are_compared_one_by_one():
    tex = r"\begin{aligned}Q_1(z,z)&=\eta_1^2+z,\\ \eta_2&\ge\eta_1+z,\\ z&=2\eta_1\end{aligned}"
    letters = letters_of("rician", "$z$: twice the first")
    with pytest.raises(FormulaError, match="neither compared nor a definition"):
        compare(tex, letters, lambda los_amplitude: los_amplitude**2 + 2 * los_amplitude)
    found = compare(
        tex,
        letters,
        lambda los_amplitude, scatter_amplitude: scatter_amplitude - 3 * los_amplitude,
        target=r"\eta_2",
    )
    assert found.killed == found.mutants > 4
    assert found.unused == (r"Q_1(z,z)&=\eta_1^2+z",)


def test_a_clause_is_chosen_by_a_letter_within_its_first_member():
    tex = r"\frac1{\eta_1}\ge\varrho,\quad\frac1{\eta_2}\le\varrho+1"
    found = compare(
        tex,
        letters_of("rician"),
        lambda scatter_amplitude, path_gain: path_gain + 1 - 1 / scatter_amplitude,
        target=r"\eta_2",
    )
    assert found.killed == found.mutants > 4
    assert found.unused == (r"\frac1{\eta_1}\ge\varrho",)
    with pytest.raises(FormulaError, match="no clause has"):
        compare(tex, letters_of("rician"), lambda path_gain: path_gain, target="N")


def test_and_goes_on_with_the_condition_before_it():
    """Both conditions restrict the points: outside them the two sides differ."""
    letters = letters_of("beyond", "$x$ in [-2, 5]: a number")
    tex = r"\sqrt{x^2}+\sqrt{(3-x)^2} = 3 \qquad\text{for } x\ge0 \text{ and } x\le3"
    found = compare(tex, letters, lambda x: abs(x) + abs(3 - x))
    assert found.points > 10


def test_a_clause_that_nobody_compares():
    letters = letters_of("coupling", "$p$: one", "$q$: another")
    for tex in (
        r"p=2\rho,\quad q=3\rho",
        r"p=2\rho,\quad q=\rho=\rho^2",
        r"p=2q,\quad q=\rho<N",
        r"p=2q,\quad q=\rho,\quad q=\rho^2",
        r"p=2\rho,\quad N>3",
        r"p=2\rho,\quad F_Z(t)=t",
    ):
        with pytest.raises(FormulaError):
            compare(tex, letters, lambda data_share: 2 * data_share)


def test_words_between_formulas():
    letters = letters_of("coupling", "$q$: a helper")
    tex = r"\epsilon_d^C=\frac{q}{\rho N}\quad\text{with}\quad q=\frac{1-\rho}{1+\kappa_{u,k}}"
    assert compare(tex + r"\qquad\text{for }N>1\text{ and }\rho<1", letters, border).killed
    with pytest.raises(FormulaError, match="'roughly' is no word"):
        compare(RIGHT + r"\quad\text{roughly}", letters_of("coupling"), border)
