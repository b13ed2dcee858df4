"""The generalised chi-square law against certified values, drawn forms and identities."""

import math

import flint
import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from isacnb.special import certified, marcum
from isacnb.special.genchi2 import GenChi2

INF = math.inf

# weights, degrees of freedom, noncentralities, standard deviation of the normal term
FORMS = {
    "one weight": ([1.0], [3], [0.0], 0.0),
    "one weight, one degree": ([2.0], [1], [0.0], 0.0),
    "one negative weight": ([-0.7], [5], [2.0], 0.0),
    "equal weights": ([1.5, 1.5, 1.5], [1, 2, 4], [0.0, 1.0, 3.0], 0.0),
    "definite": ([3.0, 1.0, 0.2], [1, 2, 5], [0.5, 0.0, 8.0], 0.0),
    "very unequal": ([1.0, 1e-3, 1e-7], [1, 1, 3], [0.0, 4.0, 1.0], 0.0),
    "indefinite": ([2.0, -1.0], [3, 3], [0.0, 0.0], 0.0),
    "indefinite, odd": ([1.0, 0.4, -0.7], [1, 3, 1], [2.0, 0.0, 5.0], 0.0),
    "indefinite, unequal": ([1.0, -1e-4, -1e-6], [1, 7, 1], [0.0, 3.0, 0.0], 0.0),
    "indefinite, large": ([1.0, -2.0, 0.5], [200, 100, 90], [50.0, 0.0, 300.0], 0.0),
    "few degrees, unequal signs": ([1.0, -10.0], [1, 1], [0.0, 0.0], 0.0),
    "many degrees": ([-3.0, 1.0, 2.0, 3.0], [52, 530, 150, 271], [0.0, 19.5, 31.5, 0.0], 0.0),
    "strong mean": ([1.0, 0.3], [2, 2], [900.0, 100.0], 0.0),
    "huge mean": ([1.0], [2], [1e5], 0.0),
    "with normal": ([1.0, -0.2], [2, 1], [0.0, 3.0], 1.5),
    "mostly normal": ([1e-3, -1e-3], [1, 1], [0.0, 2.0], 1.0),
    "little normal": ([1.0, 0.2], [1, 3], [0.0, 2.0], 1e-3),
}
DISTANCES = (-25, -9, -4, -1.5, -0.6, -0.02, 0.0, 0.01, 0.5, 2, 7, 15, 30)


def moments(weights, dof, noncentrality, std):
    w, d, n = map(np.asarray, (weights, dof, noncentrality))
    return np.sum(w * (d + n)), math.sqrt(std**2 + 2 * np.sum(w * w * (d + 2 * n)))


def form_points(form):
    """Return thresholds from the far lower to the far upper tail, inside the support."""
    mean, deviation = moments(*form)
    x = [mean + distance * deviation for distance in DISTANCES]
    if form[3] == 0 and min(form[0]) > 0:
        x = [v for v in x if v > 0] + [mean * 10.0**-e for e in (1, 2, 4, 8)]
    if form[3] == 0 and max(form[0]) < 0:
        x = [v for v in x if v < 0] + [mean * 10.0**-e for e in (1, 2, 4, 8)]
    if min(form[0]) < 0 < max(form[0]):
        x += [0.0, 1e-9, -1e-9]
    return np.array(x)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_genchi2_against_certified_values(form, relative_error):
    x = form_points(form)
    assert x.size >= 8
    sf, cdf = GenChi2(*form).sf(x), GenChi2(*form).cdf(x)
    log_sf, log_cdf = GenChi2(*form).logsf(x), GenChi2(*form).logcdf(x)
    compared = 0
    for i, threshold in enumerate(x.tolist()):
        if min(log_sf[i], log_cdf[i]) < -10_000:
            continue
        compared += 1
        upper_is_small = log_sf[i] < log_cdf[i]
        name = "certified_genchi2_sf" if upper_is_small else "certified_genchi2_cdf"
        ball = getattr(certified, name)(threshold, GenChi2(*form), digits=17)
        small, large = (ball, ball.log()), (1 - ball, (-ball).log1p())
        for (exact, exact_log), value, log_value in (
            (small if upper_is_small else large, sf[i], log_sf[i]),
            (large if upper_is_small else small, cdf[i], log_cdf[i]),
        ):
            if exact > arb("1e-300"):
                tolerance = 2e-13 if exact > arb("1e-31") else 1e-12
                assert relative_error(value, exact) < tolerance, (threshold, value)
            if exact_log < -1e-300:
                assert relative_error(log_value, exact_log) < 2e-13, (threshold, log_value)
            else:
                assert -1.1e-300 < log_value <= 0
    assert compared >= 7


@given(
    st.lists(
        st.tuples(
            st.floats(0.01, 5).flatmap(lambda w: st.sampled_from([w, -w])),
            st.integers(1, 40),
            st.one_of(st.just(0.0), st.floats(0.01, 50)),
        ),
        min_size=1,
        max_size=5,
    ),
    st.one_of(st.just(0.0), st.floats(0.01, 5)),
    st.floats(-12, 12),
)
@settings(max_examples=100)
def test_genchi2_against_certified_values_anywhere(terms, std, distance):
    form = (*map(list, zip(*terms, strict=True)), std)
    mean, deviation = moments(*form)
    x = mean + distance * deviation
    log_sf, log_cdf = GenChi2(*form).logsf(x), GenChi2(*form).logcdf(x)
    if log_sf < log_cdf:
        value, ball = log_sf, certified.certified_genchi2_sf(x, GenChi2(*form), digits=16)
    else:
        value, ball = log_cdf, certified.certified_genchi2_cdf(x, GenChi2(*form), digits=16)
    if ball == 0:
        assert value == -INF
    else:
        error = float(abs(arb(float(value)) - ball.log()).upper())
        assert error < 1e-12 * max(1, abs(value) / 70)


@pytest.mark.parametrize("m", [1, 2, 9])
def test_genchi2_with_equal_weights_is_marcums(m):
    a, weight = 3.0, 0.37
    b = np.array([0.05, 1.0, 4.0, 9.0, 14.0])
    form = ([weight] * 3, [2 * m - 2 or 1, 1, 1] if m > 1 else [0.5 + 0.5, 1, 1], [0, a * a, 0])
    if m == 1:
        form = ([weight, weight], [1, 1], [a * a, 0])
    sf, cdf = GenChi2(*form).sf(weight * b * b), GenChi2(*form).cdf(weight * b * b)
    np.testing.assert_allclose(sf, marcum.marcum_q(m, a, b), rtol=1e-12)
    np.testing.assert_allclose(cdf, marcum.marcum_p(m, a, b), rtol=1e-12)


def test_genchi2_of_exponentials_is_a_sum_of_exponentials():
    # two degrees each: the density is a sum of exponentials by partial fractions
    p, q = 1.5, 0.8  # means of the exponentials with positive and negative sign
    x = np.array([-40.0, -3.0, -0.2, 0.0, 0.3, 2.0, 50.0])
    exact_sf = np.where(
        x >= 0, p / (p + q) * np.exp(-np.abs(x) / p), 1 - q / (p + q) * np.exp(-np.abs(x) / q)
    )
    np.testing.assert_allclose(GenChi2([p / 2, -q / 2], 2).sf(x), exact_sf, rtol=1e-13)
    x = np.array([1e-6, 0.3, 2.0, 90.0])
    exact_sf = (p * np.exp(-x / p) - q * np.exp(-x / q)) / (p - q)
    np.testing.assert_allclose(GenChi2([p / 2, q / 2], 2).sf(x), exact_sf, rtol=1e-13)


def test_genchi2_agrees_with_rubens_series():
    """A positive definite form is a mixture of central chi-square laws (Ruben 1962)."""
    weights, dof, noncentrality = [1.0, 0.7, 0.45], [1, 2, 3], [0.6, 0.0, 1.9]
    with mpmath.workdps(30):
        w = [mpmath.mpf(v) for v in weights]
        beta = min(w)
        ratio = [1 - beta / v for v in w]
        mixture = [
            mpmath.fprod((beta / v) ** (mpmath.mpf(d) / 2) for v, d in zip(w, dof, strict=True))
            * mpmath.exp(-mpmath.fsum(noncentrality) / 2)
        ]
        moment = [
            mpmath.fsum(
                (d * r**k + k * mpmath.mpf(n) * (beta / v) * r ** (k - 1)) / 2
                for v, r, d, n in zip(w, ratio, dof, noncentrality, strict=True)
            )
            for k in range(1, 160)
        ]
        for k in range(1, 160):
            mixture.append(mpmath.fsum(moment[k - 1 - i] * mixture[i] for i in range(k)) / k)
        assert abs(mpmath.fsum(mixture) - 1) < 1e-24
        law = GenChi2(weights, dof, noncentrality)
        for x in (0.05, 1.0, 6.0, 60.0):
            half = mpmath.mpf(x) / beta / 2
            lower = mpmath.fsum(
                c * mpmath.gammainc(3 + k, 0, half, regularized=True) for k, c in enumerate(mixture)
            )
            upper = mpmath.fsum(
                c * mpmath.gammainc(3 + k, half, regularized=True) for k, c in enumerate(mixture)
            )
            assert abs(law.cdf(x) / lower - 1) < 1e-12
            assert abs(law.sf(x) / upper - 1) < 1e-12
            ball = certified.certified_genchi2_sf(x, law, digits=18)
            assert abs(mpmath.mpf(ball.str(25, radius=False)) / upper - 1) < 1e-17


def test_genchi2_describes_gaussian_quadratic_forms():
    """Frequencies of a quadratic form of a Gaussian vector, drawn from its definition."""
    rng = np.random.default_rng(20240)
    count = 200_000
    shift = np.array([0.8, -0.3, 0.0, 1.1])
    z = rng.standard_normal((count, 4)) + shift
    value = 2 * z[:, 0] ** 2 + 2 * z[:, 1] ** 2 - 0.7 * z[:, 2] ** 2 - 1.3 * z[:, 3] ** 2
    value += 0.9 * rng.standard_normal(count) + 0.4
    form = ([2, -0.7, -1.3], [2, 1, 1], [0.64 + 0.09, 0, 1.21], 0.9, 0.4)
    for x in (-6.0, -1.0, 1.0, 4.0, 15.0):
        exact = GenChi2(*form).sf(x)
        standard_error = math.sqrt(exact * (1 - exact) / count)
        assert abs(np.mean(value > x) - exact) < 4 * standard_error
        # the control: a noncentrality forgotten shows at the same tolerance
        wrong = GenChi2([2, -0.7, -1.3], [2, 1, 1], [0.64, 0, 0.5], 0.9, 0.4).sf(x)
        assert abs(np.mean(value > x) - wrong) > 4 * standard_error


def test_a_real_form_has_its_moments_and_its_law():
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(4, 4))
    matrix = (matrix + matrix.T) / 2
    linear, constant, mean = rng.normal(size=4), -1.3, rng.normal(size=4)
    root = rng.normal(size=(4, 4))
    covariance = root @ root.T
    law = GenChi2.of_real_form(matrix, linear, constant, mean, covariance)
    assert (law.dof, law.normal_std) == (1, 0)
    # mean tr(A S) + q(mu), variance 2 tr(A S A S) + 4 g^T S g with g = A mu + b
    gradient, product = matrix @ mean + linear, matrix @ covariance
    expected = np.trace(product) + mean @ matrix @ mean + 2 * linear @ mean + constant
    assert law.cumulant(1) == pytest.approx(expected, rel=1e-12)
    variance = 2 * np.trace(product @ product) + 4 * gradient @ covariance @ gradient
    assert law.cumulant(2) == pytest.approx(variance, rel=1e-12)
    x = mean + rng.standard_normal((200_000, 4)) @ root.T
    value = np.einsum("ni,ij,nj->n", x, matrix, x) + 2 * x @ linear + constant
    for level in np.quantile(value, [0.01, 0.3, 0.7, 0.99]):
        exact = law.cdf(level)
        assert abs(np.mean(value <= level) - exact) < 4 * math.sqrt(exact * (1 - exact) / 200_000)


def test_degenerate_real_forms():
    # a flat direction is normal: q = x_1^2 + 3 x_2
    law = GenChi2.of_real_form(np.diag([1.0, 0.0]), [0, 1.5], 0, [2, 1], np.eye(2))
    assert (law.weights.tolist(), law.normal_std, law.offset) == ([1.0], 3.0, 3.0)
    assert law.noncentrality == pytest.approx(4.0)
    # no curvature at all, and a singular covariance
    law = GenChi2.of_real_form(np.zeros((2, 2)), [0.5, 0.5], 5, [0, 1], [[4.0, -2.0], [-2.0, 1.0]])
    assert law.sf(7.0) == pytest.approx(scipy.stats.norm.sf(1.0), rel=1e-12)
    # x_1 = x_2: (x_1 + x_2)^2 is four times a chi-square variable
    law = GenChi2.of_real_form(np.ones((2, 2)), [0, 0], 0, [0, 0], np.ones((2, 2)))
    assert law.sf(6.0) == pytest.approx(scipy.stats.chi2.sf(1.5, 1), rel=1e-12)
    # a vector without spread is where it is
    still = GenChi2.of_real_form(np.eye(2), [1, 0], 0.5, [2, 1], np.zeros((2, 2)))
    assert (still.weights.size, still.normal_std, still.offset) == (0, 0.0, 9.5)


@pytest.mark.parametrize("law_of", [GenChi2.of_real_form, GenChi2.of_hermitian_form])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"form_matrix": np.eye(3)}, r"form_matrix must have shape \(2, 2\), got", id="size"
        ),
        pytest.param({"form_matrix": [[0, 1], [2, 0]]}, "form_matrix must be Hermitian", id="skew"),
        pytest.param({"form_linear": [0.0]}, r"form_linear must have shape \(2,\)", id="linear"),
        pytest.param({"mean": np.zeros((2, 1))}, "mean must have shape", id="mean"),
        pytest.param({"covariance": [1.0, 1.0]}, "covariance must have shape", id="covariance"),
        pytest.param(
            {"covariance": [[1.0, 0.5], [0.0, 1.0]]}, "covariance must be Hermitian", id="not one"
        ),
        pytest.param(
            {"covariance": [[1.0, 2.0], [2.0, 1.0]]}, "covariance must be positive", id="negative"
        ),
        pytest.param({"form_constant": math.nan}, "form_constant must be finite", id="nan"),
        pytest.param({"form_matrix": [[math.nan, 0], [0, 1]]}, "form_matrix must be", id="entry"),
    ],
)
def test_forms_that_are_refused(law_of, change, message):
    form = {
        "form_matrix": np.eye(2),
        "form_linear": [0.0, 0.0],
        "form_constant": 0.0,
        "mean": [0.0, 0.0],
        "covariance": np.eye(2),
    }
    with pytest.raises(ValueError, match=message):
        law_of(**(form | change))


def test_a_real_form_is_real():
    with pytest.raises(ValueError, match="must be real"):
        GenChi2.of_real_form([[1]], [1j], 0, [0], [[1]])


any_form = st.tuples(
    st.lists(st.floats(-3, 3).filter(lambda w: abs(w) > 0.05), min_size=2, max_size=4),
    st.integers(1, 9),
    st.floats(0, 9),
    st.sampled_from([0.0, 0.5, 2.0]),
)


@given(any_form, st.floats(-8, 8), st.floats(0.01, 100))
def test_genchi2_identities(form, distance, factor):
    weights, dof, noncentrality, std = form
    w = np.array(weights)
    mean, deviation = moments(w, [dof] * w.size, [noncentrality] * w.size, std)
    x = mean + distance * deviation
    log_sf = GenChi2(w, dof, noncentrality, std).logsf(x)
    log_cdf = GenChi2(w, dof, noncentrality, std).logcdf(x)
    assert np.logaddexp(log_sf, log_cdf) == pytest.approx(0, abs=1e-15)

    def same(x, law, other=log_sf, tail=GenChi2.logsf):
        assert tail(law, x) == pytest.approx(other, rel=1e-11, abs=1e-300), law

    if max(log_sf, log_cdf) < 0 and min(log_sf, log_cdf) > -INF:
        # thresholds are rounded anew: leave the edge of the support alone
        same(-x, GenChi2(-w, dof, noncentrality, std), tail=GenChi2.logcdf)
        same(x, GenChi2(w[::-1], dof, noncentrality, std))
        same(x, GenChi2([*w, 0.0], dof, [*[noncentrality] * w.size, 7.0], std))
        same(4 * x, GenChi2(4 * w, dof, noncentrality, 4 * std))
        split = GenChi2(
            [*w, *w], [1] * w.size + [dof] * w.size, [0.0] * w.size + [noncentrality] * w.size, std
        )
        whole = GenChi2(w, dof + 1, noncentrality, std).logsf(x)
        if -INF < whole < 0:
            same(x, split, other=whole)
    # farther out there is less
    law = GenChi2(w, dof, noncentrality, std)
    assert law.logsf(x + factor) <= log_sf
    assert law.logcdf(x + factor) >= log_cdf


def test_genchi2_offset_and_shapes():
    x = np.linspace(-3, 9, 12).reshape(3, 4)
    shifted = GenChi2([1, -0.5], 3, offset=2.5).sf(x + 2.5)
    np.testing.assert_allclose(shifted, GenChi2([1, -0.5], 3).sf(x), rtol=1e-13)
    assert shifted.shape == (3, 4)
    assert isinstance(GenChi2(1.0, 1).cdf(1.0), float)
    assert GenChi2(1.0, 1).sf(np.zeros((0, 2))).shape == (0, 2)
    many = np.linspace(0.01, 80, 1500)  # several blocks
    np.testing.assert_allclose(GenChi2(1.0, 2).sf(many), np.exp(-many / 2), rtol=1e-13)


def test_genchi2_edge_of_the_support_is_exact():
    for x in (0.0, -1.0, -INF):
        assert GenChi2([1, 2], [1, 3]).cdf(x) == 0
        assert GenChi2([1, 2], [1, 3]).sf(x) == 1
        assert GenChi2([1, 2], [1, 3]).logcdf(x) == -INF
        assert GenChi2([-1, -2], [1, 3]).sf(-x) == 0
        assert GenChi2([-1, -2], [1, 3]).logcdf(-x) == 0
        assert certified.certified_genchi2_cdf(max(x, -9.0), GenChi2([1, 2], [1, 3])) == 0
    assert GenChi2([1], [1], offset=3.0).cdf(3.0) == 0
    assert GenChi2([1, -1], [1, 1]).cdf(INF) == 1
    assert GenChi2([1, -1], [1, 1]).logsf(INF) == -INF
    assert GenChi2([1, -1], [1, 1], 0, 1.0).logcdf(-INF) == -INF
    # beyond the floats: the largest weight decides
    assert GenChi2([1e-300], [2]).sf(1e300) == 0
    assert GenChi2([1e300], [2]).cdf(1e-300) == 0


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_genchi2_of_any_scale(scale):
    value = GenChi2(np.array([2.0, -1.0]) * scale, 3).logsf(30.0 * scale)
    assert value == pytest.approx(math.log(0.0010174362346090213), rel=1e-14)


def test_genchi2_pure_normal(relative_error):
    x = np.array([-40.0, -1.0, 0.0, 3.0, 39.0])
    expected = scipy.stats.norm.logsf(x, loc=1.0, scale=2.0)
    np.testing.assert_allclose(GenChi2(0.0, 1, 0, 2.0, 1.0).logsf(x), expected, rtol=1e-13)
    ball = certified.certified_genchi2_sf(39.0, GenChi2(0.0, 1, 0, 2.0, 1.0))
    assert relative_error(math.exp(expected[-1]), ball) < 1e-12
    np.testing.assert_array_equal(
        GenChi2([], [], [], 2.0, 1.0).logsf(x),
        GenChi2(0.0, 1, 0, 2.0, 1.0).logsf(x),
    )
    ball = certified.certified_genchi2_cdf(-3.0, GenChi2([], [], [], 2.0, 1.0))
    assert relative_error(scipy.stats.norm.cdf(-2.0), ball) < 1e-14


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param(([1.0, math.nan], 1), "weights must be finite", id="nan weight"),
        pytest.param(([1.0, INF], 1), "weights must be finite", id="infinite weight"),
        pytest.param((1.0, 0.5), r"dof must be .*\[1, inf", id="half a degree"),
        pytest.param((1.0, 1, -0.1), r"noncentrality must be .*\[0, inf", id="noncentrality"),
        pytest.param((1.0, 1, 0.0, -1.0), r"normal_std must be .*\[0, inf", id="deviation"),
        pytest.param((1.0, 1, 0.0, [1.0, 2.0]), "normal_std must be one number", id="deviations"),
        pytest.param((1.0, 1, 0.0, 0.0, INF), "offset must be finite", id="offset"),
        pytest.param(([1.0, 2.0], [1, 1, 1]), "must be numbers or have one length", id="lengths"),
        pytest.param(([1.0] * 3, [1] * 3, [0.0, 1.0]), "one length", id="length of the last"),
        pytest.param(([[1.0]], 1), "one length", id="two axes"),
    ],
)
def test_laws_that_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        GenChi2(*fields)


TAILS = {
    **{name: getattr(GenChi2, name) for name in ("sf", "cdf", "logsf", "logcdf")},
    "certified sf": lambda law, x: certified.certified_genchi2_sf(x, law),
    "certified cdf": lambda law, x: certified.certified_genchi2_cdf(x, law),
}


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS)
def test_tails_that_are_refused(tail):
    with pytest.raises(ValueError, match="x must be"):
        tail(GenChi2(1.0, 1), math.nan)
    with pytest.raises(ValueError, match="weights must have a nonzero entry unless normal_std"):
        tail(GenChi2([0.0, 0.0], 1), 1.0)


def test_a_certified_tail_wants_a_law():
    with pytest.raises(ValueError, match="law must be a GenChi2"):
        certified.certified_genchi2_sf(1.0, 1.0)


def test_a_sum_of_gammas_is_half_the_chi_squares():
    rng = np.random.default_rng(4)
    shift = np.array([0.5, 1j, -0.3 + 0.2j])
    z = rng.standard_normal((200_000, 3, 2)) @ np.array([1, 1j]) * math.sqrt(0.5)
    value = 1.5 * np.sum(np.abs(z + shift) ** 2, axis=1)
    law = GenChi2.of_gammas(1.5, 3, np.sum(np.abs(shift) ** 2))
    assert law.cdf(math.inf) == 1
    for level in (1.0, 4.0, 9.0):
        exact = law.cdf(level)
        error = math.sqrt(exact * (1 - exact) / value.size)
        assert abs(np.mean(value <= level) - exact) < 4 * error
        assert abs(np.mean(value <= level) - GenChi2.of_gammas(1.5, 3).cdf(level)) > 4 * error


def test_a_tilted_law_has_the_reweighted_density():
    law, tilt = GenChi2([1.5, -0.7], [3, 2], [0.8, 2.0], 0.6, -0.4), 0.15
    tilted = law.tilted(tilt)
    for t in (-0.2, 0.1, 0.3j):
        moved = law.cumulant_function(tilt + t) - law.cumulant_function(tilt)
        assert tilted.cumulant_function(t) == pytest.approx(moved, rel=1e-12)
    with mpmath.workdps(30):
        slope = mpmath.diff(lambda t: law.cumulant_function(float(t)), tilt, h=1e-5)
    assert tilted.cumulant(1) == pytest.approx(float(slope), rel=1e-8)
    with pytest.raises(ValueError, match="tilt must leave 2 w t below 1"):
        law.tilted(0.34)


def moments_by_quadrature(t, weights, dof, noncentrality, normal_std, offset):
    """E exp(t X) of independent terms, each by an integral over its density."""
    total = np.exp(offset * t + (normal_std * t) ** 2 / 2)
    for w, d, delta in zip(weights, dof, noncentrality, strict=True):
        law = scipy.stats.ncx2(d, delta)

        def density(y, part, w=w, law=law):
            return part(np.exp(t * w * y)) * law.pdf(y)

        real, imaginary = (
            scipy.integrate.quad(density, 0, 200, args=(part,))[0] for part in (np.real, np.imag)
        )
        total *= real + 1j * imaginary
    return total


FORM = [1.5, -0.7], [3, 2], [0.8, 2.0], 0.6, -0.4


@pytest.mark.parametrize("t", [-0.3, 0.15, 0.1 + 0.5j, -1.2j])
def test_the_cumulant_function(t):
    value = GenChi2(*FORM).cumulant_function(t)
    assert np.exp(value) == pytest.approx(moments_by_quadrature(t, *FORM), rel=1e-7)
    assert np.isrealobj(value) == np.isrealobj(t)
    both = GenChi2(*FORM).cumulant_function([t, t])
    assert both.tolist() == [value, value]


def test_cumulants_are_derivatives_of_their_function():
    w, d, delta, std, c = FORM

    def function(t):
        terms = sum(
            -b / 2 * mpmath.log(1 - 2 * a * t) + e * a * t / (1 - 2 * a * t)
            for a, b, e in zip(w, d, delta, strict=True)
        )
        return terms + c * t + (std * t) ** 2 / 2

    with mpmath.workdps(40):
        for order in range(1, 6):
            slope = mpmath.diff(function, 0, order)
            assert GenChi2(*FORM).cumulant(order) == pytest.approx(float(slope), rel=1e-12)


def test_the_normal_approximation_has_the_right_middle():
    mean = GenChi2(*FORM).cumulant(1)
    assert GenChi2(*FORM).cdf_gaussian(mean) == 0.5
    # many degrees of freedom: both laws are near
    x = np.array([900.0, 1000.0, 1100.0])
    near = GenChi2(1.0, 1000).cdf_gaussian(x)
    assert near == pytest.approx(GenChi2(1.0, 1000).cdf(x), abs=0.01)


def complex_form(seed, size, rank):
    """A random complex form whose matrix has the given rank."""
    rng = np.random.default_rng(seed)
    root, spread, b, m = (
        rng.standard_normal((*shape, 2)) @ np.array([1, 1j])
        for shape in ((size, rank), (size, size), (size,), (size,))
    )
    signs = np.array([1, -1, 1, 1][:rank])
    return (root * signs) @ root.conj().T, b, 0.3, m, spread @ spread.conj().T


@pytest.mark.parametrize(("size", "rank"), [(1, 1), (4, 4), (5, 2)])
def test_a_complex_form_is_a_real_one_of_twice_the_size(size, rank):
    A, b, constant, m, covariance = complex_form(9, size, rank)

    def block(M):
        return np.block([[M.real, -M.imag], [M.imag, M.real]])

    def pair(v):
        return np.concatenate([v.real, v.imag])

    found = GenChi2.of_hermitian_form(A, b, constant, m, covariance)
    stacked = GenChi2.of_real_form(block(A), pair(b), constant, pair(m), block(covariance) / 2)
    for order in range(1, 6):
        assert found.cumulant(order) == pytest.approx(stacked.cumulant(order), rel=1e-9)


def test_the_mean_of_a_complex_form_is_a_trace():
    A, b, constant, m, covariance = complex_form(10, 4, 3)
    found = GenChi2.of_hermitian_form(A, b, constant, m, covariance)
    mean = np.trace(A @ covariance).real + np.vdot(m, A @ m + 2 * b).real + constant
    g = A @ m + b
    variance = np.trace(A @ covariance @ A @ covariance).real + 2 * np.vdot(g, covariance @ g).real
    assert found.cumulant(1) == pytest.approx(mean, rel=1e-12)
    assert found.cumulant(2) == pytest.approx(variance, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GenChi2(1.0, 2).cumulant_function(0.5), "2 w t < 1 on the real axis"),
        (lambda: GenChi2(1.0, 2).cumulant_function(np.nan), "moment_argument must be"),
        (lambda: GenChi2(1.0, 2).cumulant(0), "cumulant_order"),
    ],
)
def test_ranges_of_cumulants(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dof", [1e3, 1e5, 1e6])
@pytest.mark.parametrize("deviations", [-5.0, -1.0, 0.5, 3.0, 8.0])
def test_genchi2_at_many_degrees_of_freedom(dof, deviations):
    """Against the incomplete gamma function in 40 digits: the bulk and both tails."""
    x = dof + deviations * np.sqrt(2 * dof)
    with mpmath.workdps(40):
        half = mpmath.mpf(dof) / 2
        limits = (mpmath.mpf(x) / 2, mpmath.inf) if deviations > 0 else (0, mpmath.mpf(x) / 2)
        expected = mpmath.gammainc(half, *limits, regularized=True)
        tail = GenChi2.sf if deviations > 0 else GenChi2.cdf
        error = abs(mpmath.mpf(float(tail(GenChi2(1.0, dof), x))) / expected - 1)
    # the saddle point times x is rounded, and the logarithms add as much again
    assert error < 4 * np.finfo(float).eps * (2 + abs(deviations) * np.sqrt(dof / 2))


# -- many degrees ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dof", [1e3, 1e5, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("deviations", [-5, -0.3, 2, 8])
def test_as_many_degrees_as_one_likes(dof, deviations, relative_error):
    x = dof + deviations * math.sqrt(2 * dof)
    with flint.ctx.workprec(300):
        exact = (arb(x) / 2).gamma_upper(arb(dof) / 2, regularized=1)
        law = GenChi2([1.0], [dof])
        value = law.sf(x) if deviations > 0 else law.cdf(x)
        assert relative_error(value, exact if deviations > 0 else 1 - exact) < 1e-14


def test_many_degrees_in_two_weights_against_their_sum():
    # one law, written as two weights that the sum of means must not round away
    whole = GenChi2([3.0], [2e6], [1e5])
    parts = GenChi2([3.0, 3.0 * (1 + 2.0**-50)], [1e6, 1e6], [1e5, 0.0])
    x = whole.cumulant(1) + 4 * math.sqrt(whole.cumulant(2))
    assert parts.sf(x) == pytest.approx(whole.sf(x), rel=1e-10)


# -- quantiles -------------------------------------------------------------------------------------

LEVELS = np.array([1e-280, 1e-100, 1e-20, 1e-5, 0.1, 0.5, 0.7, 0.999, 1 - 1e-12])


@pytest.mark.parametrize("name", sorted(FORMS.keys() - {"one weight, one degree", "huge mean"}))
def test_quantiles_give_their_probabilities(name):
    law = GenChi2(*FORMS[name], offset=0.0)
    assert law.cdf(law.ppf(LEVELS)) == pytest.approx(LEVELS, rel=1e-12)
    assert law.sf(law.isf(LEVELS)) == pytest.approx(LEVELS, rel=1e-12)


def test_quantiles_in_closed_form_and_of_scipy():
    p = np.array([[1e-30, 1e-6], [0.3, 0.9]])
    assert GenChi2(1.0, 2).isf(p) == pytest.approx(-2 * np.log(p), rel=1e-14)
    assert GenChi2(-3.0, 2).ppf(p) == pytest.approx(6 * np.log(p), rel=1e-14)
    assert GenChi2(1.0, 1).ppf(1e-100) == pytest.approx(math.pi / 2 * 1e-200, rel=1e-12)
    assert GenChi2(1.0, 1).ppf(1e-280) == 0  # below every float
    want = scipy.stats.ncx2.ppf(p[1], 7, 3.0)
    assert GenChi2(2.0, 7, 3.0, offset=5.0).ppf(p[1]) == pytest.approx(5 + 2 * want, rel=1e-12)
    normal = GenChi2(0.0, 1.0, 0.0, 2.0, 1.0)
    assert normal.ppf(0.3) == pytest.approx(1 + 2 * scipy.stats.norm.ppf(0.3), rel=1e-14)
    assert isinstance(normal.isf(0.2), float)


def test_ends_of_the_quantiles():
    ends = [0.0, 1.0]
    assert GenChi2(1.0, 2, offset=4.0).ppf(ends).tolist() == [4.0, INF]
    assert GenChi2(-1.0, 2, offset=4.0).ppf(ends).tolist() == [-INF, 4.0]
    assert GenChi2(1.0, 2).isf(ends).tolist() == [INF, 0.0]
    assert GenChi2([2, -1], [3, 3]).isf(ends).tolist() == [INF, -INF]
    assert GenChi2(1.0, 2, normal_std=1.0).ppf(ends).tolist() == [-INF, INF]
    with pytest.raises(ValueError, match="probability"):
        GenChi2(1.0, 2).ppf(1.5)
