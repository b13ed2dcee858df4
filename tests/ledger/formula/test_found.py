"""What chapters found the reader of formulas unable to read, or ready to misread."""

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats
import sympy
from scipy.integrate import quad

from isacnb.coupling.uplink import inverse_mean
from isacnb.ledger.formula import FormulaError, Mismatch, compare, parse_own, read, table_for
from isacnb.ledger.formula.evaluate import Environment, evaluate, rounding_scale
from isacnb.ledger.quotes import find_quotes
from isacnb.ledger.transcription import functions_in
from isacnb.signals.detection import mean_detection_probability


def table(*lines, paper="rician"):
    return table_for(paper, map(parse_own, lines))


def value(tex, letters, **values):
    (clause,) = read(tex, letters.symbols).clauses
    return evaluate(clause.args[-1], Environment(values, letters.functions, letters.defined))


def test_a_matrix():
    entries = value(
        r"\begin{pmatrix}\eta_1&0&2\\ 1-\eta_1&\frac{\eta_1}2&\cos\psi\\[2pt]\end{pmatrix}",
        table(),
        los_amplitude=0.4,
        phase_offset=0.0,
    )
    np.testing.assert_allclose(entries, [[0.4, 0, 2], [0.6, 0.2, 1]], rtol=1e-15)


@pytest.mark.parametrize(
    "body", [r"\eta_1&0\\ 1", r"\eta_1&\\ 1&2", r"&1\\ 1&2", r"\eta_1 0&1,\\ 1&2"]
)
def test_a_matrix_that_is_none(body):
    with pytest.raises(FormulaError):
        read(rf"\begin{{pmatrix}}{body}\end{{pmatrix}}", table().symbols)


def test_a_matrix_is_compared_entry_by_entry():
    tex = r"\begin{pmatrix}\eta_1&0\\0&\eta_2\end{pmatrix}"

    def right(los_amplitude, scatter_amplitude):
        return np.diag([los_amplitude, scatter_amplitude])

    assert compare(tex, table(), right).killed == 4
    with pytest.raises(Mismatch):
        compare(tex, table(), lambda scatter_amplitude: right(1, scatter_amplitude))


def test_a_definition_may_hold_the_index_of_a_sum():
    letters = table(r"$n'=n-\frac{N-1}2$: place of an antenna", "$x$ in (0.1, 3): phase")
    found = compare(r"\sum_{n=0}^{N-1}e^{jn'x}=\frac{\sin(Nx/2)}{\sin(x/2)}", letters, None)
    assert found.killed == found.mutants > 10
    with pytest.raises(Mismatch):
        compare(r"\sum_{n=0}^{N-1}e^{jnx}=\frac{\sin(Nx/2)}{\sin(x/2)}", letters, None)


def test_a_family_may_follow_from_another_quantity():
    found = compare(
        r"Z=\sum_n\lvert h_n\rvert^2",
        table(),
        lambda channel: np.linalg.norm(channel) ** 2,
        derived={"channel_entry": lambda channel: channel},
    )
    assert found.killed == found.mutants > 2


def test_a_letter_of_several_meanings_has_to_be_chosen():
    with pytest.raises(FormulaError, match="x has several meanings"):
        read(r"\cos x", table().symbols)  # no x_n, either
    assert value(r"\cos x", table("$x$ is phase_step"), phase_step=np.pi) == -1


def test_entries_of_the_steering_vector():
    entry = value("a_3(\\theta)", table(), N=5, target_angle=0.3)
    assert entry == pytest.approx(np.exp(1j * np.pi * np.sin(0.3)))
    found = compare(
        r"\mathbf a^H(\theta)\mathbf a(\phi)=\sum_{n=0}^{N-1}a_n^*(\theta)a_n(\phi)", table(), None
    )
    assert found.killed == found.mutants > 2


def test_the_noncentral_chi_square_law():
    letters = table(r"$\lambda$ is noncentrality_target_beam", "$x$ in (0, inf): bound")
    for noncentrality in (0.0, 3.0):
        values = {"noncentrality_target_beam": noncentrality, "x": 2.5}
        cdf = value(r"F_{\chi_2'^2(\lambda)}(x)", letters, **values)
        summed = value(r"\int_0^xf_{\chi_2'^2}(t,\lambda)\,\mathrm dt", letters, **values)
        assert cdf == pytest.approx(summed, rel=1e-9)


def test_the_reason_behind_a_display_is_no_mark_of_a_number():
    assert find_quotes("Then\n\n$$x\\to0$$\n<!-- unread: limit -->\nfor good.") == ([], [])


@pytest.mark.parametrize("far", [1e-4, 1.0, 1500.0])
def test_an_integral_sees_a_peak_far_out(far):
    letters = table(r"$\lambda$ is noncentrality_target_beam")
    tex = r"\int_0^\infty f_{\chi_2'^2}(t,\lambda)\,\mathrm dt"
    assert value(tex, letters, noncentrality_target_beam=far) == pytest.approx(1, rel=1e-10)


def test_the_elliptic_integral():
    assert value(r"\mathcal K(\frac14)", table()) == pytest.approx(scipy.special.ellipk(0.25))


def test_cases_that_end_in_otherwise_are_a_member():
    tex = r"\eta_2=\begin{cases}\eta_1^2,&\eta_1<\frac12,\\ \frac14,&\text{otherwise.}\end{cases}"
    found = compare(tex, table(), lambda los_amplitude: min(los_amplitude, 0.5) ** 2)
    assert found.killed == found.mutants > 3
    with pytest.raises(Mismatch):
        compare(tex, table(), lambda los_amplitude: los_amplitude**2)


def test_a_definition_that_leads_back_to_itself():
    letters = table("$a$: one value", "$b$: another")
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
    letters = table("$a$: one value", "$b$: another")
    tex = r"a=2\eta_1,\quad b=3\eta_1^2"
    # mutants of the other clause are made where that one is the target
    found = compare(tex, letters, lambda los_amplitude: 2 * los_amplitude, target="a")
    assert found.unused == ("b",)
    assert found.killed == found.mutants > 0
    with pytest.raises(FormulaError, match="b is neither compared nor used"):
        compare(tex, letters, lambda los_amplitude: 2 * los_amplitude)


def test_a_vector_may_follow_from_other_quantities():
    found = compare(
        r"\|2\mathbf h\|^2",
        table(),
        lambda channel: 4 * np.linalg.norm(channel) ** 2,
        derived={"channel": lambda N, los_amplitude: np.full(N, los_amplitude + 0.5j)},
    )
    assert found.killed == found.mutants > 2


def test_a_name_of_one_module_precedes_the_plain_name():
    # "snr" is transmit power over noise, but not in the module of detection
    found = compare(
        r"\mathrm e^{-\epsilon/(1+S)}", table(paper="foundation"), mean_detection_probability
    )
    assert found.killed == found.mutants > 3


def test_an_own_letter_precedes_a_name_of_the_vocabulary():
    letters = table("$x$ in (0, 1): share")
    assert letters.resolve("x") == "x"
    found = compare("1-x", letters, lambda x: 1 - x)
    assert found.killed == found.mutants > 3


def test_a_factor_that_cancels_to_nothing():
    # rounding leaves 1e-17 of the matrix where N = 1
    found = compare(
        r"\eta_1(\mathbf h\mathbf h^{\mathrm H}-\|\mathbf h\|^2\mathbf I)",
        table(),
        lambda channel, los_amplitude: (
            los_amplitude * np.outer(channel, channel.conj())
            - los_amplitude * np.eye(len(channel)) * np.linalg.norm(channel) ** 2
        ),
    )
    assert found.killed == found.mutants > 5


@pytest.mark.filterwarnings("error")
def test_an_integral_that_diverges_is_no_number_and_no_warning():
    letters = table("$t$ in (0, inf): variable", "$x$ in (1.5, 3): exponent")
    found = compare(
        r"\int_1^\infty t^{-x}\,\mathrm dt=\frac1{x-1}", letters, lambda x: 1 / (x - 1), points=8
    )
    assert found.killed == found.mutants > 3


def test_means_of_inverse_counts():
    mean = value("A_3", table(paper="foundation"), poisson_mean=2.5)
    assert mean == pytest.approx(float(inverse_mean(3, 2.5)), rel=1e-14)


def test_a_sum_without_end():
    tex = r"\mathrm e^x=\sum_{n\ge0}\frac{x^n}{n!}=\sum_{n=0}^\infty\frac{x^n}{n!}"
    found = compare(tex, table("$x$ in (0, 30): argument"), lambda x: np.exp(x), points=8)
    assert found.killed == found.mutants > 4
    assert np.isnan(value(r"\sum_{n\ge1}\frac1n", table()))
    with pytest.raises(FormulaError, match="one limit"):
        value(r"\sum_{n=1}\frac1n", table())
    with pytest.raises(FormulaError, match="plain sums"):
        value(r"\prod_{n\ge1}2^{-n}", table())


def test_marcum_of_any_whole_order():
    # Pr[N_y <= N_x + j - 1] for Poisson counts of means 2 and 4.5
    letters = table("$a$ in (0, inf): signal", "$b$ in (0, inf): threshold", paper="foundation")
    x, y = scipy.stats.poisson(2.0), scipy.stats.poisson(4.5)
    for order in (-2, 0, 1, 3):
        lead = np.arange(80)
        race = x.pmf(lead) @ y.cdf(lead + order - 1)
        found = value(rf"Q_{{1+({order}-1)}}(a,b)", letters, a=2.0, b=3.0)
        assert found == pytest.approx(race, rel=1e-12)


def test_the_normal_quantile():
    letters = table("$p$ in (0, 1): probability", paper="foundation")
    assert value(r"\Phi^{-1}(p)", letters, p=0.975) == pytest.approx(1.959963984540054)


def test_and_goes_on_with_the_condition_before_it():
    """Both conditions restrict the points: outside them the two sides differ."""
    table = table_for("beyond", [parse_own("$x$ in [-2, 5]: a number")])
    tex = r"\sqrt{x^2}+\sqrt{(3-x)^2} = 3 \qquad\text{for } x\ge0 \text{ and } x\le3"
    found = compare(tex, table, lambda x: abs(x) + abs(3 - x))
    assert found.points > 10


def test_kummers_function_has_a_letter():
    letters = table("${}_1F_1$ is hyp1f1", paper="coupling")
    found = compare(
        r"{}_1F_1(1;2;-\kappa)",
        letters,
        lambda rician_factor: scipy.special.hyp1f1(1, 2, -rician_factor),
    )
    assert found.letters == (r"\kappa", "{}_1F_1")
    assert letters.name_of("{}_1F_1") == "hyp1f1"


def test_a_letter_without_an_index_is_one_number_beside_families():
    found = compare(
        r"P_T\sum_j\beta_{t,j}\sin^2(\theta_j-\theta_k)",
        table(paper="coupling"),
        lambda target_power, target_path_loss, target_angle, k: (
            target_power * target_path_loss @ np.sin(target_angle - target_angle[k]) ** 2
        ),
    )
    assert found.killed == found.mutants > 5


def test_a_family_of_several_meanings_can_be_chosen():
    letters = table("$I_m$ is bessel_i", paper="foundation")
    assert value("I_m(2)", letters, m=3) == pytest.approx(scipy.special.iv(3, 2.0))
    assert value("I_{m-1}(2)", letters, m=3) == pytest.approx(scipy.special.iv(2, 2.0))


def test_tricomis_function_to_all_digits():
    # scipy.special.hyperu gives 7 digits here
    found = value(r"\mathcal U(\frac32,\frac12,20)", table(paper="coupling"))
    with mpmath.workdps(30):
        assert found == pytest.approx(float(mpmath.hyperu(1.5, 0.5, 20)), rel=1e-14)
    letters = table(r"$I_\nu$ is tricomi_integral", paper="foundation")
    integral = quad(lambda u: u**2 * np.exp(-u * u - 2 * np.sqrt(0.7) * u), 0, np.inf, epsabs=0)[0]
    assert value(r"I_{1+2}(w)", letters, w=0.7) == pytest.approx(integral, rel=1e-9)


def test_the_joint_density_of_projection_and_norm():
    letters = table("$t$ in complex: projection", "$z$ in (0, inf): squared norm")
    setting = {"N": 4, "rician_factor": 1.5, "array_sum": 1.2, "user_phase": 0.1}
    point = setting | {"target_phase": 1.0, "t": 0.8 - 0.3j}
    z = np.linspace(0.05, 30, 1_000)
    density = [value("f_{t,Z}(t,z)", letters, z=one, **point) for one in z]
    centre = np.sqrt(0.6) * 1.2 * np.exp(0.9j)
    expected = 2.5 / (4 * np.pi) * np.exp(-2.5 * abs(0.8 - 0.3j - centre) ** 2 / 4)
    assert np.trapezoid(density, z) == pytest.approx(expected, rel=1e-3)


def test_a_determinant():
    letters = table(r"$\mathbf A$ in matrix N N: any matrix", "$t$ in (0, 1): number")
    found = compare(
        r"\det(t\mathbf A)=t^4\det\mathbf A", letters, lambda t, A: np.linalg.det(t * A)
    )
    assert found.killed == found.mutants > 2


def test_the_cumulant_function_of_a_law():
    law = {
        "weights": 1.0,
        "dof": 2,
        "term_noncentrality": 0.0,
        "normal_std": 0.0,
        "form_offset": 0.0,
    }
    letters = table(r"$\kappa$ is cumulant_function", "$t$ in (0, 1): argument", paper="foundation")
    # an exponential variable of mean 2
    assert value(r"\kappa(t)", letters, t=0.2, **law) == pytest.approx(-np.log(1 - 0.4))
    assert np.isnan(value(r"\kappa(t)", letters, t=0.7, **law))


def test_a_function_made_by_sympy():
    a, b = sympy.symbols("a b")
    made = sympy.lambdify((a, b), a**2 * b)
    found = compare(
        r"\eta_1^2\eta_2",
        table(),
        lambda los_amplitude, scatter_amplitude: made(los_amplitude, scatter_amplitude),
    )
    assert found.killed == found.mutants > 3
    assert functions_in(lambda x: made(x, x)) == []


def test_terms_that_cancel_inside_cases():
    letters = table(paper="coupling")
    tex = r"\rho=\begin{cases}F_Z(z)-F_Z(z),&\epsilon_u^C<\frac12,\\ 1,&\text{otherwise}\end{cases}"
    (clause,) = read(tex, letters.symbols).clauses
    values = {"z": 1e9, "K": 3, "user_density": 1.0, "target_density": 1.0}
    for threshold in (0.1, 0.7):
        env = Environment(values | {"nmse_threshold": threshold}, letters.functions)
        assert rounding_scale(clause.args[-1], env) == pytest.approx(1)
        assert evaluate(clause.args[-1], env) == (threshold > 0.5)


def test_letters_that_differ_in_a_sign():
    letters = table("$f_s$ in (0, 1): forth", "$f_{-s}$ in (1, 2): back")
    found = compare("f_s-2f_{-s}", letters, lambda f_s, f_minus_s: f_s - 2 * f_minus_s)
    assert found.killed == found.mutants > 4
    with pytest.raises(FormulaError, match="are both"):
        table("$f_s$ in (0, 1): one", "$f_{s}$ in (1, 2): the same")


def test_clauses_that_are_no_definitions_are_compared_one_by_one():
    tex = r"\begin{aligned}Q_1(z,z)&=\eta_1^2+z,\\ \eta_2&\ge\eta_1+z,\\ z&=2\eta_1\end{aligned}"
    letters = table("$z$: twice the first")
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
        table(),
        lambda scatter_amplitude, path_gain: path_gain + 1 - 1 / scatter_amplitude,
        target=r"\eta_2",
    )
    assert found.killed == found.mutants > 4
    assert found.unused == (r"\frac1{\eta_1}\ge\varrho",)
    with pytest.raises(FormulaError, match="no clause has"):
        compare(tex, table(), lambda path_gain: path_gain, target="N")


def test_few_digits_of_an_integral_tell_only_what_is_clearly_other():
    letters = table("$x$ in (0.1, 3): rate")
    tex = r"\int_0^\infty\mathrm e^{-xt}\,\mathrm dt=\frac1x"
    (clause,) = read(tex, letters.symbols).clauses
    exact, coarse = (
        evaluate(clause.args[0], Environment({"x": 0.7}, precision=precision))
        for precision in (1e-11, 1e-4)
    )
    assert exact == pytest.approx(1 / 0.7, rel=1e-10)
    assert coarse == pytest.approx(1 / 0.7, rel=1e-3)
    # a mutant within the coarse error is decided by all digits
    near = r"(1+10^{-7})\int_0^\infty\mathrm e^{-xt}\,\mathrm dt"
    found = compare(near, letters, lambda x: (1 + 1e-7) / x)
    assert found.killed == found.mutants > 5
    with pytest.raises(Mismatch, match="differs from"):
        compare(near, letters, lambda x: 1 / x)
