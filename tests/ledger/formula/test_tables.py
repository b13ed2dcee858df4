"""Letters with their domains and the functions that they stand for."""

import math

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats
from formulas import letters_of, value_with
from scipy.integrate import quad

from isacnb.coupling.uplink import inverse_mean
from isacnb.ledger.formula import FormulaError, Own, canonical, compare, parse_own, read
from isacnb.ledger.formula.tables import FUNCTIONS, NEEDS, first_of
from isacnb.signals.detection import mean_detection_probability
from isacnb.vocabulary import vocabulary

PAPERS = ("coupling", "rician", "foundation", "beyond")


def table(*own, paper="coupling"):
    return letters_of(paper, *own)


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


# --- what chapters found -------------------------------------------------------------------------


def test_a_letter_of_several_meanings_has_to_be_chosen():
    with pytest.raises(FormulaError, match="x has several meanings"):
        read(r"\cos x", letters_of("rician").symbols)  # no x_n, either
    assert value_with(r"\cos x", letters_of("rician", "$x$ is phase_step"), phase_step=np.pi) == -1


def test_a_family_of_several_meanings_can_be_chosen():
    letters = letters_of("foundation", "$I_m$ is bessel_i")
    assert value_with("I_m(2)", letters, m=3) == pytest.approx(scipy.special.iv(3, 2.0))
    assert value_with("I_{m-1}(2)", letters, m=3) == pytest.approx(scipy.special.iv(2, 2.0))


def test_a_name_of_one_module_precedes_the_plain_name():
    # "snr" is transmit power over noise, but not in the module of detection
    found = compare(
        r"\mathrm e^{-\epsilon/(1+S)}", letters_of("foundation"), mean_detection_probability
    )
    assert found.killed == found.mutants > 3


def test_an_own_letter_precedes_a_name_of_the_vocabulary():
    letters = letters_of("rician", "$x$ in (0, 1): share")
    assert letters.resolve("x") == "x"
    found = compare("1-x", letters, lambda x: 1 - x)
    assert found.killed == found.mutants > 3


def test_letters_that_differ_in_a_sign():
    letters = letters_of("rician", "$f_s$ in (0, 1): forth", "$f_{-s}$ in (1, 2): back")
    found = compare("f_s-2f_{-s}", letters, lambda f_s, f_minus_s: f_s - 2 * f_minus_s)
    assert found.killed == found.mutants > 4
    with pytest.raises(FormulaError, match="are both"):
        letters_of("rician", "$f_s$ in (0, 1): one", "$f_{s}$ in (1, 2): the same")


def test_kummers_function_has_a_letter():
    letters = letters_of("coupling", "${}_1F_1$ is hyp1f1")
    found = compare(
        r"{}_1F_1(1;2;-\kappa)",
        letters,
        lambda rician_factor: scipy.special.hyp1f1(1, 2, -rician_factor),
    )
    assert found.letters == (r"\kappa", "{}_1F_1")
    assert letters.name_of("{}_1F_1") == "hyp1f1"


def test_entries_of_the_steering_vector():
    entry = value_with("a_3(\\theta)", letters_of("rician"), N=5, target_angle=0.3)
    assert entry == pytest.approx(np.exp(1j * np.pi * np.sin(0.3)))
    found = compare(
        r"\mathbf a^H(\theta)\mathbf a(\phi)=\sum_{n=0}^{N-1}a_n^*(\theta)a_n(\phi)",
        letters_of("rician"),
        None,
    )
    assert found.killed == found.mutants > 2


def test_the_noncentral_chi_square_law():
    letters = letters_of(
        "rician", r"$\lambda$ is noncentrality_target_beam", "$x$ in (0, inf): bound"
    )
    for noncentrality in (0.0, 3.0):
        values = {"noncentrality_target_beam": noncentrality, "x": 2.5}
        cdf = value_with(r"F_{\chi_2'^2(\lambda)}(x)", letters, **values)
        summed = value_with(r"\int_0^xf_{\chi_2'^2}(t,\lambda)\,\mathrm dt", letters, **values)
        assert cdf == pytest.approx(summed, rel=1e-9)


def test_the_elliptic_integral():
    assert value_with(r"\mathcal K(\frac14)", letters_of("rician")) == pytest.approx(
        scipy.special.ellipk(0.25)
    )


def test_means_of_inverse_counts():
    mean = value_with("A_3", letters_of("foundation"), poisson_mean=2.5)
    assert mean == pytest.approx(float(inverse_mean(3, 2.5)), rel=1e-14)


def test_marcum_of_any_whole_order():
    # Pr[N_y <= N_x + j - 1] for Poisson counts of means 2 and 4.5
    letters = letters_of("foundation", "$a$ in (0, inf): signal", "$b$ in (0, inf): threshold")
    x, y = scipy.stats.poisson(2.0), scipy.stats.poisson(4.5)
    for order in (-2, 0, 1, 3):
        lead = np.arange(80)
        race = x.pmf(lead) @ y.cdf(lead + order - 1)
        found = value_with(rf"Q_{{1+({order}-1)}}(a,b)", letters, a=2.0, b=3.0)
        assert found == pytest.approx(race, rel=1e-12)


def test_the_normal_quantile():
    letters = letters_of("foundation", "$p$ in (0, 1): probability")
    assert value_with(r"\Phi^{-1}(p)", letters, p=0.975) == pytest.approx(1.959963984540054)


def test_tricomis_function_to_all_digits():
    # scipy.special.hyperu gives 7 digits here
    found = value_with(r"\mathcal U(\frac32,\frac12,20)", letters_of("coupling"))
    with mpmath.workdps(30):
        assert found == pytest.approx(float(mpmath.hyperu(1.5, 0.5, 20)), rel=1e-14)
    letters = letters_of("foundation", r"$I_\nu$ is tricomi_integral")
    integral = quad(lambda u: u**2 * np.exp(-u * u - 2 * np.sqrt(0.7) * u), 0, np.inf, epsabs=0)[0]
    assert value_with(r"I_{1+2}(w)", letters, w=0.7) == pytest.approx(integral, rel=1e-9)


def test_the_joint_density_of_projection_and_norm():
    letters = letters_of("rician", "$t$ in complex: projection", "$z$ in (0, inf): squared norm")
    setting = {"N": 4, "rician_factor": 1.5, "array_sum": 1.2, "user_phase": 0.1}
    point = setting | {"target_phase": 1.0, "t": 0.8 - 0.3j}
    z = np.linspace(0.05, 30, 1_000)
    density = [value_with("f_{t,Z}(t,z)", letters, z=one, **point) for one in z]
    centre = np.sqrt(0.6) * 1.2 * np.exp(0.9j)
    expected = 2.5 / (4 * np.pi) * np.exp(-2.5 * abs(0.8 - 0.3j - centre) ** 2 / 4)
    assert np.trapezoid(density, z) == pytest.approx(expected, rel=1e-3)


def test_the_cumulant_function_of_a_law():
    law = {
        "weights": 1.0,
        "dof": 2,
        "term_noncentrality": 0.0,
        "normal_std": 0.0,
        "offset": 0.0,
    }
    letters = letters_of("foundation", r"$\kappa$ is cumulant_function", "$t$ in (0, 1): argument")
    # an exponential variable of mean 2
    assert value_with(r"\kappa(t)", letters, t=0.2, **law) == pytest.approx(-np.log(1 - 0.4))
    assert np.isnan(value_with(r"\kappa(t)", letters, t=0.7, **law))
