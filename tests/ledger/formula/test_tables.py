"""Letters with their domains and functions, and the points that are drawn from them."""

import ast
import math

import mpmath
import numpy as np
import pytest
import scipy.special
from scipy.integrate import quad

from isacnb.ledger.formula import FormulaError, Own, canonical, parse_own, read, table_for
from isacnb.ledger.formula.points import (
    COUNTS,
    Quantity,
    border_points,
    draw_point,
    straddling_points,
)
from isacnb.ledger.formula.tables import FUNCTIONS, NEEDS, first_of
from isacnb.vocabulary import vocabulary

PAPERS = ("coupling", "rician", "foundation", "beyond")


def table(*own, paper="coupling"):
    return table_for(paper, map(parse_own, own))


# --- lines that add a letter --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("$x$ in (0, inf): energy", Own("x", "energy", "(0, inf)")),
        ("  $x$ in (0, 1] : energy, in joules ", Own("x", "energy, in joules", "(0, 1]")),
        ("$x_k$ in (0, inf) for each user: energy", Own("x_k", "energy", "(0, inf) for each user")),
        ("$n$ in integers [1, inf): count", Own("n", "count", "integers [1, inf)")),
        (r"$\boldsymbol g$ in vector N: gains", Own(r"\boldsymbol g", "gains", "vector N")),
        (r"$c = \frac{u}{u+x}$: share", Own("c", "share", None, r"\frac{u}{u+x}")),
        ("$c=1-x$: what is left: all", Own("c", "what is left: all", None, "1-x")),
        ("$q$: what the formula defines", Own("q", "what the formula defines")),
        (r"$\rho$ is data_share", Own(r"\rho", "", None, None, "data_share")),
        (r"$\rho$ is data_share: share", Own(r"\rho", "share", None, None, "data_share")),
    ],
)
def test_lines_of_ones_own(line, expected):
    assert parse_own(line) == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x: energy", "is written"),
        ("$x$", "needs its meaning"),
        ("$x$:", "is written"),
        ("$x$ in (0, inf)", "needs its meaning"),
        ("$c = 1-x$", "needs its meaning"),
        ("$x$ means energy", "is written"),
        ("", "is written"),
    ],
)
def test_lines_that_say_nothing(line, reason):
    with pytest.raises(FormulaError, match=reason):
        parse_own(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("$x$ is no_quantity", "no quantity of the vocabulary"),
        ("$x$ in (1, 0): backwards", "lower end first"),
        ("$x$ in (0, one): no number", "one"),
        ("$x$ in label: nothing to draw", "draws no points"),
        ("$x+y$: two letters", "one letter"),
        (r"$c = 1-\Xi$: of an unknown letter", "unknown symbol"),
        (r"$c = \frac{1}$: no formula", "argument"),
    ],
)
def test_letters_that_cannot_be_added(line, reason):
    with pytest.raises(ValueError, match=reason):
        table(line)


def test_a_letter_of_ones_own_comes_first():
    assert table().name_of(r"\rho") == "data_share"
    assert table(r"$\rho$ is rician_factor").name_of(r"\rho") == "rician_factor"
    assert table(r"$\rho$ in (0, 1): other").name_of(r"\rho") != "data_share"
    family = table("$q_k$ in (0, 1) for each user: weight")
    assert family.name_of("q_i") == family.name_of("q_k")
    assert family.family_of(family.name_of("q_k")) == "user"
    with pytest.raises(FormulaError, match="both"):
        table(r"$\bar q$: one", "$\\bar{q}$: the same")


def test_a_letter_of_ones_own_has_nothing_of_a_namesake():
    """The vocabulary's z has the letters z, Z and t; one's own z is another quantity."""
    own = table("$z$: defined by the formula")
    assert own.name_of("z") == "z"
    with pytest.raises(FormulaError, match="no domain"):
        own.quantity("z")
    with pytest.raises(FormulaError, match="unknown symbol"):
        own.name_of("t")


def test_a_definition_of_ones_own():
    own = table("$q$ in (0, 1): share", "$c = 1-q^2$: rest")
    (clause,) = read("2c", own.symbols).clauses
    assert own.defined["c"].kind == "sum"
    assert clause.args[0].args[1].data["name"] == "c"


def test_several_meanings_have_to_be_chosen():
    letters = table(paper="foundation").symbols
    assert letters.undecided
    for letter in letters.undecided:
        assert letter not in letters.letters


@pytest.mark.parametrize("paper", PAPERS)
def test_every_letter_of_a_paper_reads(paper):
    symbols = table(paper=paper).symbols
    assert len(symbols.letters) > 50
    for symbol in vocabulary().symbols.values():
        for letter in getattr(symbol, paper, ()):
            key = canonical(letter)
            if key in symbols.undecided:
                continue
            (clause,) = read(letter, symbols).clauses
            if symbol.name in ("identity", "zero_vector"):
                assert clause.args[0].kind in ("identity", "zero")
                continue
            assert clause.args[0].data["name"] == symbol.name, letter


# --- functions ----------------------------------------------------------------------------------


def test_functions_belong_to_quantities():
    words = vocabulary().symbols
    for name in FUNCTIONS:
        assert name == "hyp1f1" or words[name].function, name
    assert set(NEEDS) <= set(FUNCTIONS)
    for name in {needed for names in NEEDS.values() for needed in names}:
        assert name in table(paper="rician").domains, name


def marcum(order, a, b):
    def density(t):
        bessel = scipy.special.ive(order - 1, a * t)
        return t * (t / a) ** (order - 1) * np.exp(-((t - a) ** 2) / 2) * bessel

    return quad(density, b, np.inf, epsabs=0, epsrel=1e-12)[0]


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("marcum_q", (1, 1.3, 0.7), marcum(1, 1.3, 0.7)),
        ("marcum_q", (3, 0.4, 2.9), marcum(3, 0.4, 2.9)),
        ("marcum_p", (2, 1.1, 1.9), 1 - marcum(2, 1.1, 1.9)),
        ("marcum_q", (1, 0.0, 1.7), math.exp(-(1.7**2) / 2)),
        ("marcum_q", (1, -0.1, 1.0), math.nan),
        ("marcum_q", (1, 1.0, math.nan), math.nan),
        ("ratio_cdf", (-0.1,), math.nan),
        ("ratio_cdf", (0.0,), 0.0),
        ("ratio_cdf", (math.inf,), 1.0),
        ("expn", (2, 0.8), float(mpmath.expint(2, 0.8))),
        ("gamma", (3.7,), math.gamma(3.7)),
        ("tricomi_u", (1.5, 0.5, 2.1), float(mpmath.hyperu(1.5, 0.5, 2.1))),
        ("tricomi_u", (1.5, 0.5, -2.1), math.nan),
        ("hyp1f1", (2.0, 4.5, -1.7), float(mpmath.hyp1f1(2, 4.5, -1.7))),
        ("bessel_i", (2, 1.4), float(mpmath.besseli(2, 1.4))),
        ("normal_cdf", (0.6,), float(mpmath.ncdf(0.6))),
        ("normal_quantile", (float(mpmath.ncdf(0.6)),), 0.6),
        ("elliptic_k", (0.3,), float(mpmath.ellipk(0.3))),
        ("noncentral_chi2_cdf", (2.5,), 1 - marcum(1, math.sqrt(1.4), math.sqrt(2.5))),
        ("noncentral_chi2_cdf", (0.0,), 0.0),
    ],
)
def test_functions_by_other_means(name, arguments, expected):
    needs = {"K": 3, "user_density": 0.2, "target_density": 0.7}
    needs |= {"noncentrality_target_beam": 1.4}
    found = FUNCTIONS[name](needs, *arguments)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-300)


def test_steering_vectors_by_definition():
    env, angle = {"N": 4, "M": 3}, 0.4
    phase = math.pi * math.sin(angle)
    slope = 1j * math.pi * math.cos(angle)
    for centre, vector, derivative in (
        (0.0, "steering_vector", "steering_derivative"),
        (1.5, "steering_vector_centred", "steering_derivative_centred"),
        (1.0, "receive_steering_vector", "receive_steering_derivative"),
    ):
        n = np.arange(3 if vector.startswith("receive") else 4) - centre
        expected = np.exp(1j * n * phase)[:, None]
        np.testing.assert_allclose(FUNCTIONS[vector](env, angle), expected)
        found = FUNCTIONS[derivative](env, angle)
        np.testing.assert_allclose(found, slope * n[:, None] * expected)
        step = 1e-6
        difference = FUNCTIONS[vector](env, angle + step) - FUNCTIONS[vector](env, angle - step)
        np.testing.assert_allclose(found, difference / (2 * step), atol=1e-8)


def test_families_count_as_the_papers_do():
    assert [first_of(kind) for kind in ("user", "target", "antenna")] == [1, 1, 0]


# --- points -------------------------------------------------------------------------------------


def test_points_lie_in_the_domains():
    rng = np.random.default_rng(1)
    words, domains = vocabulary().symbols, table(paper="rician").domains
    for name, quantity in domains.items():
        if name not in words:
            continue
        for _ in range(5):
            value = draw_point(rng, {"N": domains["N"], "K": domains["K"], name: quantity})
            for single in np.ravel(value[name]):
                if quantity.shape in {"scalar", "integer"}:
                    assert single in words[name].domain, (name, single)
            if quantity.shape == "vector":
                assert np.shape(value[name])[-1] == value["N"]


def test_special_values_name_quantities():
    """A special value that names no quantity would never be tried."""
    words = vocabulary().symbols
    known = {*words, "pi", "inf", "sqrt", "sin"}
    for symbol in words.values():
        for text in symbol.special:
            names = {
                n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name)
            }
            assert names <= known, (symbol.name, text)


def test_borders_and_special_values_are_tried():
    rng = np.random.default_rng(2)
    quantities = {
        "x": Quantity("x", "scalar", 0.0, 1.0, special=("1/N", "0.25", "7", "1/other")),
        "y": Quantity("y", "scalar", 0.0, 1.0, open_low=True, open_high=True, special=("x",)),
        "N": Quantity("N", "integer", 1, math.inf, special=("1", "2")),
        "h": Quantity("h", "vector"),
        "mu": Quantity("mu", "scalar", 0.0, math.inf, family="user"),
        "K": Quantity("K", "integer", 1, 4),
    }
    found = list(border_points(rng, quantities, {}))
    assert {0.0, 1.0, 0.25} <= {point["x"] for point in found}
    assert any(point["x"] == 1 / point["N"] for point in found)
    assert any(point["y"] == point["x"] for point in found)
    assert not any(point["y"] in (0.0, 1.0) for point in found)
    assert not any(point["x"] == 7 for point in found)
    assert any(0.0 in point["mu"] for point in found)
    for point in found:
        assert len(point["h"]) == point["N"]
        assert len(point["mu"]) == point["K"]
    assert {1, 2} <= {point["N"] for point in found}
    assert {1, 4} <= {point["K"] for point in found}
    fixed = list(border_points(rng, quantities, {"x": 0.5}))
    assert {point["x"] for point in fixed} == {0.5}


def test_both_sides_of_a_zero_are_closed_in():
    rng = np.random.default_rng(3)
    quantities = {"x": Quantity("x", "scalar", 0.0, 1.0), "y": Quantity("y", "scalar", 0.0, 1.0)}
    start = [draw_point(rng, quantities) for _ in range(3)]

    def signs(point):
        return {7: point["x"] - point["y"] ** 2, 9: point["x"] + 1}

    near = list(straddling_points(rng, quantities, {}, signs, start, 100))
    gaps = [signs(point)[7] for point in near]
    assert min(gap for gap in gaps if gap > 0) < 1e-3
    assert max(gap for gap in gaps if gap < 0) > -1e-3
    for point in near:
        assert 0 <= point["x"] <= 1


def test_the_counts_of_families_are_quantities():
    domains = table().domains
    for kind, name in COUNTS.items():
        assert name in domains, kind
