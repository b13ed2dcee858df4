"""A formula held against a function: what is right passes, what is wrong, vague or untried fails."""

import time

import numpy as np
import pytest
from formulas import RIGHT, border, letters_of

from isacnb.coupling.uplink_coverage import joint_coverage
from isacnb.ledger.formula import FormulaError, Mismatch, compare
from isacnb.signals.arrays import steering_vector
from isacnb.signals.detection import required_snr

COUPLING = letters_of("coupling")


def table(*own):
    return letters_of("coupling", *own)


# --- right and wrong ----------------------------------------------------------------------------


def test_a_right_formula_passes():
    found = compare(RIGHT, COUPLING, border)
    assert found.points >= 48
    assert found.killed == found.mutants > 10
    assert found.equivalent == 0
    assert found.deviation < 1e-13
    assert set(found.letters) == {r"\epsilon_d^C", r"\rho", "N", r"\kappa_{u,k}"}
    assert compare(RIGHT, COUPLING, border) == found  # the points come from the text


@pytest.mark.parametrize(
    "right",
    [
        r"\frac{1-\rho}{\rho N(1+\kappa_{u,k})}",
        r"\epsilon_d^C=\frac1{N(1+\kappa_{u,k})}\left(\frac1\rho-1\right)",
        r"\epsilon_d^C=\frac{1-\rho}{\rho N+\rho N\kappa_{u,k}}=\frac{1-\rho}{\rho N(1+\kappa_{u,k})}",
        r"\epsilon_d^C=\frac{q}{\rho N},\quad q=\frac{1-\rho}{1+\kappa_{u,k}}",
        r"\begin{aligned}\epsilon_d^C&=\frac{q}{p},\\p&=\rho N(1+\kappa_{u,k}),\\q&=1-\rho\end{aligned}",
    ],
)
def test_other_ways_to_write_it_pass(right):
    letters = table("$p$: one helper", "$q$: another")
    assert compare(right, letters, border).killed > 5


WRONG = [
    r"\epsilon_d^C=\frac{1+\rho}{\rho N(1+\kappa_{u,k})}",
    r"\epsilon_d^C=\frac{\rho}{(1-\rho)N(1+\kappa_{u,k})}",
    r"\epsilon_d^C=\frac{2(1-\rho)}{\rho N(1+\kappa_{u,k})}",
    r"\epsilon_d^C=\frac{1-\rho}{\rho N(1-\kappa_{u,k})}",
    r"\epsilon_d^C=\frac{1-\rho}{\rho N^2(1+\kappa_{u,k})}",
    r"\epsilon_d^C=\frac{1-\rho}{\rho(1+\kappa_{u,k})}",
    r"\epsilon_d^C=\frac{1-\rho}{\rho N}(1+\kappa_{u,k})",
    r"\epsilon_d^C=\frac{1-\rho}{\rho N\kappa_{u,k}}",
    r"\epsilon_d^C=\frac{1-\rho}{\rho N+\kappa_{u,k}}",
    r"\epsilon_d^C=-\frac{1-\rho}{\rho N(1+\kappa_{u,k})}",
    r"\epsilon_d^C=\sqrt{\frac{1-\rho}{\rho N(1+\kappa_{u,k})}}",
    r"\epsilon_d^C=\left(\frac{1-\rho}{\rho N(1+\kappa_{u,k})}\right)^2",
    r"\epsilon_d^C=\frac{1-\rho}{\rho N(1+\kappa_{u,k})}+\frac1{10^7}",
    r"\epsilon_d^C=1.00000001\,\frac{1-\rho}{\rho N(1+\kappa_{u,k})}",
    r"\epsilon_d^C=\frac{1-\rho^2}{\rho N(1+\kappa_{u,k})}",
    r"\epsilon_d^C=\frac{1-\rho}{\rho(N+1)(1+\kappa_{u,k})}",
    r"\epsilon_d^C=\min\left\{1,\frac{1-\rho}{\rho N(1+\kappa_{u,k})}\right\}",
    r"\epsilon_d^C=\left[\frac{1-\rho}{\rho N(1+\kappa_{u,k})}-\frac1{1000}\right]^+",
    r"\epsilon_d^C=\begin{cases}\frac{1-\rho}{\rho N(1+\kappa_{u,k})},&N>1,\\"
    r"\frac{1-\rho}{\rho(1+\kappa_{u,k}/2)},&\text{otherwise}\end{cases}",
    r"\epsilon_d^C=\begin{cases}\frac{1-\rho}{\rho N(1+\kappa_{u,k})},&\kappa_{u,k}>0,\\"
    r"0,&\text{otherwise}\end{cases}",
    r"\epsilon_d^C=\frac{1-\rho}{\rho N(1+\kappa_{u,k})}=\frac{1-\rho}{\rho N(2+\kappa_{u,k})}",
    r"\epsilon_d^C=\frac{1-p}{\rho N(1+\kappa_{u,k})},\quad p=\rho^2",
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_formula_fails_with_the_point_and_both_values(wrong):
    letters = table("$p$: a helper")
    with pytest.raises(Mismatch, match=r"it gives \S+, the function \S+ \(relative") as caught:
        compare(wrong, letters, border)
    message = str(caught.value)
    assert "differs from border" in message
    for name in ("N=", "data_share=", "rician_factor="):
        assert name in message


# --- where one side has no value ----------------------------------------------------------------

POSITIVE = table("$x$ in (-1, 1): a number")


def test_undefined_on_one_side_fails():
    with pytest.raises(Mismatch, match="it gives nan, the function"):
        compare(r"\sqrt x", POSITIVE, lambda x: np.sqrt(abs(x)))
    with pytest.raises(Mismatch, match="the function nan"):
        compare(r"\sqrt{|x|}", POSITIVE, lambda x: np.sqrt(x))
    with pytest.raises(Mismatch, match="it gives inf, the function"):
        compare(r"\frac1{[x]^+}", POSITIVE, lambda x: 1 / x if x > 0 else 0.0)


def test_a_function_that_refuses_a_point_where_the_formula_has_a_value():
    def strict(x):
        if x < 0.5:
            raise ValueError("x must be at least 0.5")
        return x**2

    with pytest.raises(
        Mismatch, match=r"has no value \(x must be at least 0.5\) where the formula"
    ):
        compare("x^2", POSITIVE, strict)
    found = compare(r"x^2\qquad\text{for }x\ge\frac12", POSITIVE, strict, points=120)
    assert found.killed == found.mutants


def test_undefined_on_both_sides_passes():
    def root(x):
        if x < 0:
            raise ValueError("x must not be negative")
        return np.sqrt(x)

    assert compare(r"\sqrt x", POSITIVE, root).killed
    assert compare(r"\sqrt x", POSITIVE, np_root).killed


def np_root(x):
    return np.sqrt(x)


def test_infinities_have_a_sign_and_vectors_have_entries():
    with pytest.raises(Mismatch):
        compare(r"\frac{1}{x-x}", POSITIVE, lambda x: -np.inf)
    with pytest.raises(Mismatch, match="points lie in the domain"):
        compare(r"\frac{1}{x-x}", POSITIVE, lambda x: np.inf)
    with pytest.raises(Mismatch):
        compare(r"[x,\sqrt{-1-x^2}]", POSITIVE, lambda x: np.array([2 * x, np.nan]))


# --- branches and border points -----------------------------------------------------------------


def demanded(probability, detection_threshold):
    return 2 * required_snr(probability, detection_threshold)


def network(nmse_threshold, probability, parameters):
    """The uplink's joint coverage without noise, by the package."""
    return joint_coverage(nmse_threshold, probability, parameters.replace(noise_power=0.0))


RULE = (
    r"\begin{cases}\left(\frac{\epsilon_u^CP_U}{(1-N\epsilon_u^C)P_TN(1+\kappa)}\right)^{1/\alpha},"
    r"&N\epsilon_u^C<1,\\ \infty,&\text{otherwise}\end{cases}"
)
ARGUMENT = r"\left(\frac{\epsilon_u^CP_U}{(1-N\epsilon_u^C)P_TN(1+\kappa)}\right)^{1/\alpha}"
OTHER = r"\left(\frac{\bar\epsilon_u^SP_U}{2P_TN^2(1+\kappa)}\right)^{1/\alpha}"
THEOREM_1 = (
    r"\begin{aligned}P_{u,\mathrm{cov}}^{CS}&=\left[F_Z(z_C)-F_Z(z_S)\right]^+,\\z_C&=%s,\\z_S&=%s"
    r"\end{aligned}"
)
LETTERS = table(
    "$z_C$: ratio up to which", "$z_S$: ratio from which", r"$\alpha$ is path_loss_exponent"
)


HOW = {"derived": {"noncentrality": demanded}, "points": 24}


def test_theorem_1_with_its_rule():
    tex = THEOREM_1 % (RULE, OTHER)
    found = compare(tex, LETTERS, network, **HOW)
    assert found.killed == found.mutants > 30


@pytest.mark.parametrize(
    "lost",
    [
        ARGUMENT,  # no case for N eps >= 1
        RULE.replace("<1", r"<\frac12"),
        RULE.replace(r"\infty", "0"),
        RULE.replace(r"N\epsilon_u^C<1", r"\epsilon_u^C<1"),
        RULE.replace(r"N\epsilon_u^C<1", r"N^2\epsilon_u^C<1"),
    ],
)
def test_theorem_1_that_lost_its_rule_fails(lost):
    with pytest.raises(Mismatch, match="differs from network: it gives"):
        compare(THEOREM_1 % (lost, OTHER), LETTERS, network, **HOW)


def test_the_points_lie_on_both_sides_of_what_decides():
    """One of the two decides at one part in a thousand of the range."""

    def rule(x):
        return 1.0 if x > 0.998 else 0.0

    letters = table("$x$ in (0, 1): a number")
    tex = r"\begin{cases}1,&x>%s,\\0,&\text{otherwise}\end{cases}"
    with pytest.raises(Mismatch, match=r"differs from rule|mutants"):
        compare(tex % "0.9", letters, rule)


# --- inequalities, limits, laws -----------------------------------------------------------------

TWO = table("$x$ in (0.1, 3): one number", "$y$ in (0.1, 3): another")


def test_the_direction_of_an_inequality():
    def margin(x, y):
        return y**2 - x

    for tex in ("x<y^2", r"x\le y^2", "y^2>x", r"y^2\ge x"):
        found = compare(tex, TWO, margin)
        assert found.killed == found.mutants > 3
    for tex in ("x>y^2", r"x\ge y^2", "y^2<x", r"x\leqslant y", r"x\le2y^2", r"x\le y^3"):
        with pytest.raises(Mismatch):
            compare(tex, TWO, margin)
    with pytest.raises(FormulaError, match="between two expressions"):
        compare("x<y<1", TWO, margin)
    with pytest.raises(FormulaError, match="different relations"):
        compare("x=y<1", TWO, margin)


def test_a_limit_at_a_large_number():
    def ratio(N, x):
        return (N + x) / (2 * N - 1)

    how = {"fixed": {"N": 10**6}, "rtol": 1e-5}
    letters = table("$x$ in (0.1, 3): one number", "$q$: a ratio")
    assert compare(r"q\xrightarrow{N\to\infty}\frac12", letters, ratio, **how).killed
    with pytest.raises(Mismatch):
        compare(r"q\xrightarrow{N\to\infty}\frac13", letters, ratio, **how)
    with pytest.raises(Mismatch):  # not yet large enough
        compare(r"q\to\frac12", letters, ratio, fixed={"N": 100}, rtol=1e-5)


def test_a_law_by_its_moments():
    def moments(scattered_gain, line_of_sight, N):
        return np.sqrt(scattered_gain) * line_of_sight, scattered_gain * np.eye(N)

    tex = r"\boldsymbol h_k\sim\mathcal{CN}\!\left(\sqrt{\mu_k}\,\bar{\boldsymbol h}_k,\ %s\boldsymbol I_N\right)"
    assert compare(tex % r"\mu_k", COUPLING, moments).killed >= 2
    for wrong in (r"\mu_k^2", r"2\mu_k", ""):
        with pytest.raises(Mismatch):
            compare(tex % wrong, COUPLING, moments)
    product = r"\boldsymbol r_{P,k}^{\mathrm H}\boldsymbol a_N(\theta_k)\sim\mathcal{CN}(0,N\mu_k)"
    # the left side is what has the law, and no number
    assert compare(product, COUPLING, lambda N, scattered_gain: (0.0, N * scattered_gain))


# --- vectors, families, indices -----------------------------------------------------------------


def test_vectors_and_matrices():
    def beam(line_of_sight, target_angle, N):
        a = steering_vector(target_angle, N)
        return a * np.vdot(a, line_of_sight) / N

    tex = r"\frac1N\boldsymbol a_N(\theta_l)\boldsymbol a_N^{\mathrm H}(\theta_l)\bar{\boldsymbol h}_k"
    assert compare(tex, COUPLING, beam).killed >= 4
    for wrong in (
        tex.replace(r"\frac1N", ""),
        tex.replace(r"^{\mathrm H}", r"^{\mathrm T}"),
        tex.replace(r"\bar{\boldsymbol h}_k", r"\boldsymbol a_N(\theta_l)"),
        r"\frac1N\bar{\boldsymbol h}_k\bar{\boldsymbol h}_k^{\mathrm H}\boldsymbol a_N(\theta_l)",
    ):
        with pytest.raises(Mismatch):
            compare(wrong, COUPLING, beam)


def test_sums_over_users_with_two_indices():
    def share(scattered_gain, rician_factor, k):
        return scattered_gain[k] * rician_factor[k] ** 2 / (scattered_gain * rician_factor).sum()

    tex = r"\frac{\mu_k\kappa_{u,k}^2}{\sum_{i=1}^K\mu_i\kappa_{u,i}}"
    found = compare(tex, COUPLING, share)
    assert found.killed == found.mutants > 6
    for wrong in (
        tex.replace(r"\mu_i\kappa", r"\mu_k\kappa"),
        tex.replace(r"\kappa_{u,i}", r"\kappa_{u,k}"),
        tex.replace("i=1", "i=2"),
        tex.replace(r"{u,k}^2", "{u,K}^2"),
        tex.replace(r"\sum_{i=1}^K", r"\sum_{i\ne k}"),
    ):
        with pytest.raises(Mismatch):
            compare(wrong, COUPLING, share)
    others = r"\sum_{i\ne k}\mu_i\kappa_{u,k}"
    assert compare(
        others,
        COUPLING,
        lambda scattered_gain, rician_factor, k: (
            (scattered_gain.sum() - scattered_gain[k]) * rician_factor[k]
        ),
    )


def test_the_index_of_the_last_user():
    def last(scattered_gain, rician_factor, k):
        return scattered_gain[k] * rician_factor[-1]

    assert compare(r"\mu_k\kappa_{u,K}", COUPLING, last).killed
    with pytest.raises(Mismatch):
        compare(r"\mu_k\kappa_{u,k}", COUPLING, lambda scattered_gain, rician_factor: 0.0)
    with pytest.raises(Mismatch):
        compare(r"\mu_K\kappa_{u,k}", COUPLING, last)


def test_two_sums_in_one_another():
    def double(scattered_gain, rician_factor):
        return (np.outer(scattered_gain, rician_factor) ** 2).sum()

    tex = r"\sum_{k=1}^K\sum_{i=1}^K\mu_k^2\kappa_{u,i}^2"
    assert compare(tex, COUPLING, double).killed
    with pytest.raises(Mismatch):
        compare(tex.replace("_{u,i}", "_{u,k}"), COUPLING, double)


# --- what a comparison has to say ---------------------------------------------------------------


def test_a_redundant_part_gives_a_mutant_that_passes():
    tex = r"\epsilon_d^C=\frac{1-\rho+0N}{\rho N(1+\kappa_{u,k})}"
    with pytest.raises(Mismatch, match=r"\d+ of \d+ mutants of .* pass: .*0N"):
        compare(tex, COUPLING, border)
    found = compare(tex, COUPLING, border, equivalent={"+0N": "nothing is added"})
    assert found.equivalent > 0
    assert found.killed + found.equivalent == found.mutants


def test_an_argument_that_argues_nothing():
    with pytest.raises(Mismatch, match="names no mutant that passes: sign of 1"):
        compare(RIGHT, COUPLING, border, equivalent={"sign of 1": "no"})


def test_members_alone():
    tex = r"(\rho+N)^2=\rho^2+2\rho N+N^2"
    assert compare(tex, COUPLING, None).killed > 5
    with pytest.raises(Mismatch):
        compare(tex.replace("2\\rho N", "\\rho N"), COUPLING, None)
    with pytest.raises(FormulaError, match="needs a function"):
        compare(r"\epsilon_d^C=\rho", COUPLING, None)


def test_what_is_fixed_or_unreached_must_exist():
    with pytest.raises(FormulaError, match="antennas is no quantity"):
        compare(RIGHT, COUPLING, border, fixed={"antennas": 3})
    with pytest.raises(Mismatch, match="every line is reached"):
        compare(RIGHT, COUPLING, border, unreached="no reason")


def test_a_letter_without_a_domain():
    with pytest.raises(FormulaError, match="no domain from which to draw"):
        compare("2x", table("$x$: a number"), lambda N: 2.0)


def test_a_comparison_is_quick():
    """So that a chapter can hold many formulas."""
    start = time.perf_counter()
    compare(RIGHT, COUPLING, border)
    assert time.perf_counter() - start < 2


def test_the_size_of_vectors_can_be_fixed():
    sizes = set()

    def product(line_of_sight, estimate):
        sizes.add(len(estimate))
        return np.vdot(line_of_sight, estimate)

    tex = r"\bar{\boldsymbol h}_k^{\mathrm H}\hat{\boldsymbol h}_k"
    assert compare(tex, COUPLING, product, fixed={"N": 7}).killed
    assert sizes == {7}


# --- what chapters compare -----------------------------------------------------------------------


def test_a_matrix_is_compared_entry_by_entry():
    tex = r"\begin{pmatrix}\eta_1&0\\0&\eta_2\end{pmatrix}"

    def right(los_amplitude, scatter_amplitude):
        return np.diag([los_amplitude, scatter_amplitude])

    assert compare(tex, letters_of("rician"), right).killed == 4
    with pytest.raises(Mismatch):
        compare(tex, letters_of("rician"), lambda scatter_amplitude: right(1, scatter_amplitude))


def test_a_determinant():
    letters = letters_of(
        "rician", r"$\mathbf A$ in matrix N N: any matrix", "$t$ in (0, 1): number"
    )
    found = compare(
        r"\det(t\mathbf A)=t^4\det\mathbf A", letters, lambda t, A: np.linalg.det(t * A)
    )
    assert found.killed == found.mutants > 2


def test_a_definition_may_hold_the_index_of_a_sum():
    letters = letters_of(
        "rician", r"$n'=n-\frac{N-1}2$: place of an antenna", "$x$ in (0.1, 3): phase"
    )
    found = compare(r"\sum_{n=0}^{N-1}e^{jn'x}=\frac{\sin(Nx/2)}{\sin(x/2)}", letters, None)
    assert found.killed == found.mutants > 10
    with pytest.raises(Mismatch):
        compare(r"\sum_{n=0}^{N-1}e^{jnx}=\frac{\sin(Nx/2)}{\sin(x/2)}", letters, None)


def test_a_family_may_follow_from_another_quantity():
    found = compare(
        r"Z=\sum_n\lvert h_n\rvert^2",
        letters_of("rician"),
        lambda channel: np.linalg.norm(channel) ** 2,
        derived={"channel_entry": lambda channel: channel},
    )
    assert found.killed == found.mutants > 2


def test_a_vector_may_follow_from_other_quantities():
    found = compare(
        r"\|2\mathbf h\|^2",
        letters_of("rician"),
        lambda channel: 4 * np.linalg.norm(channel) ** 2,
        derived={"channel": lambda N, los_amplitude: np.full(N, los_amplitude + 0.5j)},
    )
    assert found.killed == found.mutants > 2


def test_a_letter_without_an_index_is_one_number_beside_families():
    found = compare(
        r"P_T\sum_j\beta_{t,j}\sin^2(\theta_j-\theta_k)",
        letters_of("coupling"),
        lambda target_power, target_path_loss, target_angle, k: (
            target_power * target_path_loss @ np.sin(target_angle - target_angle[k]) ** 2
        ),
    )
    assert found.killed == found.mutants > 5


def test_cases_that_end_in_otherwise_are_a_member():
    tex = r"\eta_2=\begin{cases}\eta_1^2,&\eta_1<\frac12,\\ \frac14,&\text{otherwise.}\end{cases}"
    found = compare(tex, letters_of("rician"), lambda los_amplitude: min(los_amplitude, 0.5) ** 2)
    assert found.killed == found.mutants > 3
    with pytest.raises(Mismatch):
        compare(tex, letters_of("rician"), lambda los_amplitude: los_amplitude**2)


def test_a_factor_that_cancels_to_nothing():
    # rounding leaves 1e-17 of the matrix where N = 1
    found = compare(
        r"\eta_1(\mathbf h\mathbf h^{\mathrm H}-\|\mathbf h\|^2\mathbf I)",
        letters_of("rician"),
        lambda channel, los_amplitude: (
            los_amplitude * np.outer(channel, channel.conj())
            - los_amplitude * np.eye(len(channel)) * np.linalg.norm(channel) ** 2
        ),
    )
    assert found.killed == found.mutants > 5


def test_denominators_that_vanish_inside_the_domain_are_told():
    letters = table("$x$ in [-2, 2]: a number", "$y$ in [0, 1]: another")
    formula = r"\frac{x}{(x-1)/(y+2)}+\frac{1}{y}"
    found = compare(formula, letters, lambda x, y: x * (y + 2) / (x - 1) + 1 / y)
    assert found.vanishing == ("(x-1)/(y+2)", "y")
    assert compare(r"\frac{x}{y+2}", letters, lambda x, y: x / (y + 2)).vanishing == ()
