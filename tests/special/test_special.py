"""Special functions against certified enclosures, closed forms and their own identities."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from flint import acb, arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from isacnb.special import certified, exponential, genchi2, marcum

INF = math.inf
settings.register_profile("isacnb", max_examples=60, deadline=None, derandomize=True)
settings.load_profile("isacnb")


def relative_error(value: float, ball: arb) -> float:
    """Return the relative error of a float against a certified ball, an upper bound."""
    return float((abs(arb(float(value)) - ball) / abs(ball)).upper())


# -- Marcum's Q -----------------------------------------------------------------------------------

MARCUM_ORDERS = (1, 2, 3, 7, 30, 100, 256)
MARCUM_A = (0.0, 1e-9, 0.03, 1.0, 4.0, 17.0, 60.0, 200.0)
MARCUM_DISTANCES = (-38, -30, -20, -12, -6, -2.5, -1, -0.3, 0, 0.2, 1, 3, 7, 13, 21, 30, 37)


def marcum_grid():
    """Return orders, a and b: the middle and both tails to the underflow, at all sizes."""
    points = [
        (m, a, b)
        for m in MARCUM_ORDERS
        for a in MARCUM_A
        for distance in MARCUM_DISTANCES
        for b in (math.sqrt(a * a + 2 * m) + distance,)
        if b > 0
    ]
    points += [(m, a, b) for m in MARCUM_ORDERS for a in MARCUM_A for b in (1e-3, 0.1, 1.0)]
    return tuple(np.array(column) for column in zip(*points, strict=True))


def test_marcum_against_certified_values():
    m, a, b = marcum_grid()
    assert len(m) > 900
    values = {
        name: getattr(marcum, name)(m, a, b)
        for name in ("marcum_q", "marcum_p", "log_marcum_q", "log_marcum_p")
    }
    in_range = {"q": 0, "p": 0}
    for i, point in enumerate(zip(m.tolist(), a.tolist(), b.tolist(), strict=True)):
        small = "q" if values["log_marcum_q"][i] < values["log_marcum_p"][i] else "p"
        ball = getattr(certified, f"certified_marcum_{small}")(*point, digits=17)
        for tail in "qp":
            value, log_value = values[f"marcum_{tail}"][i], values[f"log_marcum_{tail}"][i]
            exact, exact_log = (ball, ball.log()) if tail == small else (1 - ball, (-ball).log1p())
            if exact > arb("1e-300"):
                in_range[tail] += 1
                assert relative_error(value, exact) < 1e-12, (tail, point)
            else:
                assert value < 1.1e-300
            if exact_log < -1e-300:
                assert relative_error(log_value, exact_log) < 1e-12, ("log", tail, point)
            else:
                assert -1.1e-300 < log_value <= 0
    assert min(in_range.values()) > 600


@pytest.mark.parametrize(
    ("m", "a", "b"),
    [(1, 0.0, 141.0), (1, 40.0, 181.0), (256, 200.0, 345.0), (5, 1e-6, 139.0), (64, 3.0, 140.0)],
)
def test_log_marcum_q_far_beyond_underflow(m, a, b):
    value = marcum.log_marcum_q(m, a, b)
    assert -10500 < value < -9000
    assert marcum.marcum_q(m, a, b) == 0
    assert marcum.log_marcum_p(m, a, b) == 0
    assert relative_error(value, certified.certified_marcum_q(m, a, b).log()) < 1e-14


@pytest.mark.parametrize(
    ("m", "a", "b"), [(1, 160.0, 20.0), (256, 200.0, 63.0), (30, 150.0, 12.0), (1, 143.0, 1e-9)]
)
def test_log_marcum_p_far_beyond_underflow(m, a, b):
    value = marcum.log_marcum_p(m, a, b)
    assert -10500 < value < -8000
    assert marcum.marcum_p(m, a, b) == 0
    assert relative_error(value, certified.certified_marcum_p(m, a, b).log()) < 1e-14


def test_marcum_q_agrees_with_scipy_where_scipy_is_right():
    rng = np.random.default_rng(1)
    m = rng.integers(1, 20, 2000)
    a = rng.uniform(0, 10, 2000)
    b = np.abs(np.sqrt(a * a + 2 * m) + rng.normal(0, 2, 2000))
    q, p = scipy.stats.ncx2.sf(b * b, 2 * m, a * a), scipy.stats.ncx2.cdf(b * b, 2 * m, a * a)
    np.testing.assert_allclose(marcum.marcum_q(m, a, b), q, rtol=1e-11)
    np.testing.assert_allclose(marcum.marcum_p(m, a, b), p, rtol=1e-11)


@pytest.mark.parametrize(("m", "a", "b"), [(1, 1.0, 2.0), (3, 2.5, 7.0), (12, 6.0, 4.0)])
def test_marcum_q_is_its_defining_integral(m, a, b):
    with mpmath.workdps(25):

        def density(t):
            bessel = mpmath.besseli(m - 1, a * t)
            return t * (t / mpmath.mpf(a)) ** (m - 1) * mpmath.exp(-(t * t + a * a) / 2) * bessel

        reference = mpmath.quad(density, [b, b + 2, b + 6, b + 20])
    assert float(marcum.marcum_q(m, a, b) / reference - 1) == pytest.approx(0, abs=1e-13)


orders = st.integers(1, 256)
amplitudes = st.floats(0, 200)
positive = st.floats(1e-3, 200)


@given(orders, amplitudes, amplitudes)
def test_marcum_tails_sum_to_one(m, a, b):
    q, p = marcum.marcum_q(m, a, b), marcum.marcum_p(m, a, b)
    assert 0 <= q <= 1
    assert 0 <= p <= 1
    assert q + p == pytest.approx(1, abs=2e-16)
    with np.errstate(under="ignore"):
        assert math.exp(marcum.log_marcum_q(m, a, b)) == pytest.approx(q, rel=1e-12, abs=1e-300)
        assert math.exp(marcum.log_marcum_p(m, a, b)) == pytest.approx(p, rel=1e-12, abs=1e-300)


@given(orders, st.floats(0.05, 200), positive, st.floats(1e-3, 20))
def test_marcum_q_grows_with_a_and_order_and_falls_with_b(m, a, b, step):
    def logs(*arguments):
        return marcum.log_marcum_q(*arguments), -marcum.log_marcum_p(*arguments)

    # every change is far above rounding, so the logarithms of both tails must move strictly
    for low, high in (
        (logs(m, a, b), logs(m, a + step, b)),
        (logs(m, a, b), logs(m + 1, a, b)),
        (logs(m, a, b + step), logs(m, a, b)),
    ):
        for before, after in zip(low, high, strict=True):
            # -log of a tail that differs from 1 by less than 1e-300 may underflow
            assert before < after or (before == after and abs(after) < 1e-290)


@given(orders, st.floats(1e-2, 200), positive)
def test_marcum_order_recurrence(m, a, b):
    """Q_(m+1) - Q_m = (b/a)^m exp(-(a^2+b^2)/2) I_m(ab), in units of the larger term."""
    bessel = scipy.special.ive(m, a * b)
    if bessel < 1e-290:  # scipy's function underflows, not ours
        return
    log_jump = m * math.log(b / a) - (a - b) ** 2 / 2 + math.log(bessel)
    upper = marcum.log_marcum_q(m, a, b) < marcum.log_marcum_p(m, a, b)
    log_tail = marcum.log_marcum_q if upper else marcum.log_marcum_p
    first, second = log_tail(m, a, b), log_tail(m + 1, a, b)
    larger = max(first, second)
    jump = math.exp(second - larger) - math.exp(first - larger)
    size = abs(log_jump) + 2 * abs(larger) + m
    assert jump == pytest.approx(
        (1 if upper else -1) * math.exp(log_jump - larger), abs=1e-14 + 2e-15 * size
    )


@given(st.floats(0, 30), st.floats(0, 30))
def test_marcum_q1_reflection(a, b):
    """Q_1(a,b) + Q_1(b,a) = 1 + exp(-(a^2+b^2)/2) I_0(ab)."""
    total = marcum.marcum_q(1, a, b) + marcum.marcum_q(1, b, a)
    expected = 1 + math.exp(-((a - b) ** 2) / 2) * scipy.special.ive(0, a * b)
    assert total == pytest.approx(expected, abs=1e-14)


@given(orders, st.floats(1e-3, 40))
def test_marcum_without_noncentrality_is_the_gamma_function(m, b):
    q, p = scipy.special.gammaincc(m, b * b / 2), scipy.special.gammainc(m, b * b / 2)
    assert marcum.marcum_q(m, 0, b) == pytest.approx(q, rel=1e-11, abs=1e-290)
    assert marcum.marcum_p(m, 0, b) == pytest.approx(p, rel=1e-11, abs=1e-290)


def test_marcum_limits_are_exact():
    m = np.array([1, 256])
    for a, b, q in ((3.0, 0.0, 1), (0.0, 0.0, 1), (INF, 5.0, 1), (5.0, INF, 0), (0.0, INF, 0)):
        assert np.all(marcum.marcum_q(m, a, b) == q)
        assert np.all(marcum.marcum_p(m, a, b) == 1 - q)
        assert np.all(marcum.log_marcum_q(m, a, b) == (0 if q else -INF))
        assert np.all(marcum.log_marcum_p(m, a, b) == (-INF if q else 0))


@pytest.mark.parametrize(
    ("a", "b", "q", "log_q", "log_p"),
    [
        (1e200, 1e200, 0.5, -math.log(2), -math.log(2)),
        (1e12, 1e12, 0.5, -math.log(2), -math.log(2)),
        (1e150, 1.1e150, 0.0, -5e297, 0.0),
        (1.1e150, 1e150, 1.0, 0.0, -5e297),
        (1.0, 1.7e308, 0.0, -INF, 0.0),
        (1.7e308, 1.0, 1.0, 0.0, -INF),
        (1.0, 1e154, 0.0, -5e307, 0.0),
        (1e-300, 1e-300, 1.0, 0.0, 2 * math.log(1e-300) - math.log(2)),
        (1e-320, 5e-324, 1.0, 0.0, 2 * math.log(5e-324) - math.log(2)),
    ],
)
def test_marcum_at_the_ends_of_the_floats(a, b, q, log_q, log_p):
    assert marcum.marcum_q(1, a, b) == pytest.approx(q, rel=1e-12)
    assert marcum.marcum_p(1, a, b) == pytest.approx(1 - q, rel=1e-12)
    assert marcum.log_marcum_q(1, a, b) == pytest.approx(log_q, rel=1e-12)
    assert marcum.log_marcum_p(1, a, b) == pytest.approx(log_p, rel=1e-12)


def test_marcum_broadcasts():
    a, b = np.linspace(0, 5, 7)[:, None], np.linspace(0, 9, 1001)
    table = marcum.marcum_q([[[1]], [[4]]], a, b)
    assert table.shape == (2, 7, 1001)
    assert table[1, 3, 700] == pytest.approx(marcum.marcum_q(4, a[3, 0], b[700]), rel=1e-14)
    assert marcum.marcum_q(1, np.zeros((0, 3)), 1.0).shape == (0, 3)
    assert isinstance(marcum.marcum_q(1, 1, 2), float)


MARCUM_FUNCTIONS = [
    marcum.marcum_q,
    marcum.marcum_p,
    marcum.log_marcum_q,
    marcum.log_marcum_p,
    certified.certified_marcum_q,
    certified.certified_marcum_p,
]


@pytest.mark.parametrize("function", MARCUM_FUNCTIONS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1.0, 1.0), "m must be a whole number >= 1, got 0"),
        ((1.5, 1.0, 1.0), "m must be a whole number >= 1, got 1.5"),
        ((math.nan, 1.0, 1.0), "m must be a whole number >= 1, got nan"),
        ((1, -1e-9, 1.0), r"a must be .*\[0, inf.*got -1e-09"),
        ((1, math.nan, 1.0), r"a must be .*got nan"),
        ((1, 1.0, -1.0), r"b must be .*\[0, inf.*got -1"),
        ((1, 1.0, math.nan), r"b must be .*got nan"),
        ((1, "one", 1.0), "a must be real"),
        ((1, INF, INF), "must be finite"),
    ],
)
def test_marcum_rejects(function, arguments, message):
    if function in MARCUM_FUNCTIONS[4:] and message == "a must be real":
        message = "a must be"
    with pytest.raises(ValueError, match=message):
        function(*arguments)


def test_marcum_rejects_one_bad_entry_of_an_array():
    with pytest.raises(ValueError, match=r"b must be .*got -3"):
        marcum.marcum_q(1, 1.0, [1.0, -3.0])


# -- the inverse ----------------------------------------------------------------------------------


def inverse_points():
    for m in (1, 2, 30, 256):
        for b in (0.5, 3.0, 24.0, 60.0, 200.0):
            least = float(marcum.log_marcum_q(m, 0.0, b))
            for log_p in (-667.0, -400.0, -60.0, -8.0, -0.8, -0.3, -1e-3, -1e-9, -1e-15):
                if log_p > least:
                    yield m, b, math.exp(log_p)
            if -650 < least < -1e-14:
                # just above the least probability the solution is like a square root
                for excess in (1e-14, 1e-9, 1e-4, 0.1):
                    if (p := math.exp(least) * (1 + excess)) < 1:
                        yield m, b, p


def test_marcum_inverse_is_within_1e12_of_the_certified_solution():
    points = list(inverse_points())
    assert len(points) > 100
    solutions = marcum.marcum_q_inverse_a(*np.array([(m, p, b) for m, b, p in points]).T)
    for (m, b, p), a in zip(points, solutions.tolist(), strict=True):
        above = certified.certified_marcum_q(m, a + 1e-12, b, digits=40)
        assert above > arb(p), (m, b, p, a)
        if a >= 1e-12:
            below = certified.certified_marcum_q(m, a - 1e-12, b, digits=40)
            assert below < arb(p), (m, b, p, a)


def test_marcum_inverse_at_the_least_probability_is_zero():
    p = marcum.marcum_q(3, 0.0, 4.0)
    exact = certified.certified_marcum_q(3, 0, 4, digits=40)
    a = marcum.marcum_q_inverse_a(3, p, 4.0)
    assert a == 0 if arb(float(p)) <= exact else a < 1e-6
    assert marcum.marcum_q_inverse_a(3, p * (1 - 1e-13), 4.0) == 0
    with pytest.raises(ValueError, match=r"probability must be in \[Q_m\(0, b\), 1\) = \[0.0137"):
        marcum.marcum_q_inverse_a(3, p * (1 - 1e-11), 4.0)


@given(orders, st.floats(1e-2, 200), st.floats(1e-2, 200))
def test_marcum_inverse_inverts(m, a, b):
    p = marcum.marcum_q(m, a, b)
    if 1e-290 < p < 0.999:
        slope = a * math.expm1(marcum.log_marcum_q(m + 1, a, b) - marcum.log_marcum_q(m, a, b))
        expected = pytest.approx(a, abs=1e-12 + 1e-12 / slope)
        assert marcum.marcum_q_inverse_a(m, p, b) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 0.0, 1.0), r"probability must be .*\(0, 1"),
        ((1, 1.0, 1.0), "probability must be"),
        ((1, math.nan, 1.0), "probability must be"),
        ((1, 0.5, 0.0), r"b must be .*\(0, inf"),
        ((1, 0.5, INF), "b must be finite"),
        ((0, 0.5, 1.0), "m must be"),
        ((1, 0.1, 1.0), r"probability must be in \[Q_m\(0, b\), 1\) = \[0.606.*got 0.1"),
    ],
)
def test_marcum_inverse_rejects(arguments, message):
    with pytest.raises(ValueError, match=message):
        marcum.marcum_q_inverse_a(*arguments)


# -- the contour rule ------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "a", "b"), [(1, 1.0, 3.0), (4, 30.0, 20.0), (16, 12.0, 12.0)])
def test_a_step_is_the_difference_of_two_certified_values(m, a, b):
    step = certified.certified_marcum_q(m + 1, a, b, digits=60)
    step -= certified.certified_marcum_q(m, a, b, digits=60)
    assert relative_error(marcum.marcum_q_step(m, a, b), step) < 1e-12
    # order 0 is the density of the amplitude over b
    slope = scipy.stats.ncx2.pdf(b * b, 2, a * a) * 2
    assert marcum.marcum_q_step(0, a, b) == pytest.approx(slope, rel=1e-9)


def test_the_saddle_point_is_one():
    D, z0, E = marcum.marcum_saddle_point(3, 2.0, 5.0)
    x, y = 2.0, 12.5

    def exponent(z):
        return 3 * math.log(z) + x * (z - 1) + y * (1 / z - 1)

    assert exponent(z0) == pytest.approx(E, rel=1e-13)
    assert exponent(z0) < min(exponent(z0 * 1.001), exponent(z0 / 1.001))
    curvature = (exponent(z0 * math.exp(1e-3)) + exponent(z0 * math.exp(-1e-3)) - 2 * E) / 1e-6
    assert curvature == pytest.approx(D, rel=1e-5)


def test_the_rule_keeps_its_bound():
    for m, a, b, n in [(1, 1.0, 3.0, 12), (4, 3.0, 8.0, 36), (2, 9.0, 9.5, 24)]:
        with mpmath.workdps(40):
            z0 = marcum.marcum_saddle_point(m, mpmath.mpf(a), mpmath.mpf(b))[1]
            value = marcum.marcum_contour_mean(m, mpmath.mpf(a), mpmath.mpf(b), n)
            value += 1 / (1 + z0**n)
            ball = certified.certified_marcum_q(m, a, b, digits=40)
            error = abs(value - mpmath.mpf(ball.str(40, radius=False)))
            assert error <= marcum.marcum_contour_bound(m, mpmath.mpf(a), mpmath.mpf(b), n)
        in_floats = marcum.marcum_contour_mean(m, a, b, n) + 1 / (1 + float(z0) ** n)
        assert in_floats == pytest.approx(float(value), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: marcum.marcum_q_step(-1, 1.0, 1.0), "m must be"),
        (lambda: marcum.marcum_q_step(1, 0.0, 1.0), "a must be"),
        (lambda: marcum.marcum_saddle_point(1, 1.0, 0.0), "b must be"),
        (lambda: marcum.marcum_contour_mean(1, 1.0, 3.0, 0), "contour_points"),
        (lambda: marcum.marcum_contour_bound(1, 3.0, 1.0, 12), "contour_points must leave"),
    ],
)
def test_ranges_of_the_contour(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# -- exponential integral -------------------------------------------------------------------------


def test_scaled_expn_against_certified_values():
    x = np.concatenate([10.0 ** np.arange(-300, 301, 30), 10 ** np.linspace(-3, 4, 57), [4.999, 5]])
    k = np.array([1, 2, 3, 8, 40, 300, 5000])
    values = exponential.scaled_expn(k[:, None], x)
    assert values.shape == (k.size, x.size)
    for row, order in zip(values, k.tolist(), strict=True):
        for value, argument in zip(row, x.tolist(), strict=True):
            ball = certified.certified_scaled_expn(order, argument)
            assert relative_error(value, ball) < 3e-15, (order, argument)


@given(st.integers(1, 500), st.floats(1e-6, 1e6))
def test_scaled_expn_recurrence_and_bounds(k, x):
    value, following = exponential.scaled_expn(k, x), exponential.scaled_expn(k + 1, x)
    assert x / (x + k) * (1 - 1e-14) <= value
    assert k == 1 or value <= x / (x + k - 1) * (1 + 1e-14)
    # k E_(k+1) = exp(-x) - x E_k
    assert k * following == pytest.approx(x * (1 - value), rel=1e-13, abs=4e-15 * x)


def test_scaled_expn_limits():
    assert exponential.scaled_expn(1, 0.0) == 0
    assert exponential.scaled_expn(3, INF) == 1
    assert exponential.scaled_expn(1, 5e-324) > 0
    assert exponential.scaled_expn(1, 1e4) == pytest.approx(1 - 1e-4 + 2e-8 - 6e-12, rel=1e-14)
    assert isinstance(exponential.scaled_expn(1, 1.0), float)
    assert float(exponential.scaled_expn(4, 2.5)) == pytest.approx(
        float(2.5 * mpmath.exp(2.5) * mpmath.expint(4, 2.5)), rel=1e-14
    )


@pytest.mark.parametrize("function", [exponential.scaled_expn, certified.certified_scaled_expn])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1.0), "k must be a whole number >= 1, got 0"),
        ((1.5, 1.0), "k must be"),
        ((1, -1.0), r"x must be .*\[0, inf"),
        ((1, math.nan), "x must be"),
    ],
)
def test_scaled_expn_rejects(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


# -- Tricomi's U ----------------------------------------------------------------------------------


def test_log_tricomi_u_against_certified_values():
    nu = np.array([0.05, 1, 2, 3, 4.5, 24, 192, 1000])
    w = np.concatenate([10.0 ** np.arange(-300, 301, 50), 10 ** np.linspace(-4, 6, 31)])
    values = exponential.log_tricomi_u(nu[:, None], w)
    for row, parameter in zip(values, nu.tolist(), strict=True):
        for value, argument in zip(row, w.tolist(), strict=True):
            ball = certified.certified_tricomi_u(parameter, argument, digits=18).log()
            error = float(abs(arb(float(value)) - ball).upper())
            assert error < 2e-13 * max(1, abs(value)), (parameter, argument)


def test_log_tricomi_u_closed_forms():
    w = np.array([1e-8, 0.3, 2.0, 50.0])
    # U(1/2, 1/2, w) = sqrt(pi) exp(w) erfc(sqrt(w))
    expected = np.log(np.sqrt(np.pi) * scipy.special.erfcx(np.sqrt(w)))
    np.testing.assert_allclose(exponential.log_tricomi_u(1, w), expected, rtol=0, atol=2e-14)
    # U(a, 1/2, 0) = sqrt(pi) / Gamma(a + 1/2)
    nu = np.array([0.1, 1, 5, 192])
    expected = 0.5 * np.log(np.pi) - scipy.special.gammaln(nu / 2 + 0.5)
    np.testing.assert_allclose(exponential.log_tricomi_u(nu, 0.0), expected, rtol=1e-14, atol=2e-14)


@given(st.floats(0.1, 400), st.floats(1e-6, 1e4))
def test_log_tricomi_u_recurrence(nu, w):
    """nu I(nu) = 2 I(nu+2) + 2 sqrt(w) I(nu+1) for I(nu) = 2^-nu Gamma(nu) U(nu/2, 1/2, w)."""
    log_i = [
        exponential.log_tricomi_u(mu, w) - mu * math.log(2) + math.lgamma(mu)
        for mu in (nu, nu + 1, nu + 2)
    ]
    right = 2 * math.exp(log_i[2] - log_i[0]) + 2 * math.sqrt(w) * math.exp(log_i[1] - log_i[0])
    assert right == pytest.approx(nu, rel=1e-11)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 1.0), r"nu must be .*\(0, inf"),
        ((math.nan, 1.0), "nu must be"),
        ((3, -1.0), r"w must be .*, inf"),
        ((3, INF), "w must be finite"),
    ],
)
@pytest.mark.parametrize("function", [exponential.log_tricomi_u, certified.certified_tricomi_u])
def test_tricomi_rejects(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


# -- generalised chi-square -----------------------------------------------------------------------

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
    "huge mean": ([1.0], [2], [1e6], 0.0),
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
def test_genchi2_against_certified_values(form):
    x = form_points(form)
    assert x.size >= 8
    sf, cdf = genchi2.genchi2_sf(x, *form), genchi2.genchi2_cdf(x, *form)
    log_sf, log_cdf = genchi2.genchi2_logsf(x, *form), genchi2.genchi2_logcdf(x, *form)
    compared = 0
    for i, threshold in enumerate(x.tolist()):
        if min(log_sf[i], log_cdf[i]) < -10_000:
            continue
        compared += 1
        upper_is_small = log_sf[i] < log_cdf[i]
        name = "certified_genchi2_sf" if upper_is_small else "certified_genchi2_cdf"
        ball = getattr(certified, name)(threshold, *form, digits=17)
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
    log_sf, log_cdf = genchi2.genchi2_logsf(x, *form), genchi2.genchi2_logcdf(x, *form)
    if log_sf < log_cdf:
        value, ball = log_sf, certified.certified_genchi2_sf(x, *form, digits=16)
    else:
        value, ball = log_cdf, certified.certified_genchi2_cdf(x, *form, digits=16)
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
    sf, cdf = genchi2.genchi2_sf(weight * b * b, *form), genchi2.genchi2_cdf(weight * b * b, *form)
    np.testing.assert_allclose(sf, marcum.marcum_q(m, a, b), rtol=1e-12)
    np.testing.assert_allclose(cdf, marcum.marcum_p(m, a, b), rtol=1e-12)


def test_genchi2_of_exponentials_is_a_sum_of_exponentials():
    # two degrees each: the density is a sum of exponentials by partial fractions
    p, q = 1.5, 0.8  # means of the exponentials with positive and negative sign
    x = np.array([-40.0, -3.0, -0.2, 0.0, 0.3, 2.0, 50.0])
    exact_sf = np.where(
        x >= 0, p / (p + q) * np.exp(-np.abs(x) / p), 1 - q / (p + q) * np.exp(-np.abs(x) / q)
    )
    np.testing.assert_allclose(genchi2.genchi2_sf(x, [p / 2, -q / 2], 2), exact_sf, rtol=1e-13)
    x = np.array([1e-6, 0.3, 2.0, 90.0])
    exact_sf = (p * np.exp(-x / p) - q * np.exp(-x / q)) / (p - q)
    np.testing.assert_allclose(genchi2.genchi2_sf(x, [p / 2, q / 2], 2), exact_sf, rtol=1e-13)


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
        for x in (0.05, 1.0, 6.0, 60.0):
            half = mpmath.mpf(x) / beta / 2
            lower = mpmath.fsum(
                c * mpmath.gammainc(3 + k, 0, half, regularized=True) for k, c in enumerate(mixture)
            )
            upper = mpmath.fsum(
                c * mpmath.gammainc(3 + k, half, regularized=True) for k, c in enumerate(mixture)
            )
            arguments = (x, weights, dof, noncentrality)
            assert abs(genchi2.genchi2_cdf(*arguments) / lower - 1) < 1e-12
            assert abs(genchi2.genchi2_sf(*arguments) / upper - 1) < 1e-12
            ball = certified.certified_genchi2_sf(*arguments, digits=18)
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
        exact = genchi2.genchi2_sf(x, *form)
        standard_error = math.sqrt(exact * (1 - exact) / count)
        assert abs(np.mean(value > x) - exact) < 4 * standard_error
        # the control: a noncentrality forgotten shows at the same tolerance
        wrong = genchi2.genchi2_sf(x, [2, -0.7, -1.3], [2, 1, 1], [0.64, 0, 0.5], 0.9, 0.4)
        assert abs(np.mean(value > x) - wrong) > 4 * standard_error


def test_quadratic_form_parameters_give_the_moments_and_the_law():
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(4, 4))
    linear, constant, mean = rng.normal(size=4), -1.3, rng.normal(size=4)
    root = rng.normal(size=(4, 4))
    covariance = root @ root.T
    form = genchi2.quadratic_form_parameters(matrix, linear, constant, mean, covariance)
    weights, dof, noncentrality, std, offset = form
    np.testing.assert_array_equal(dof, 1)
    assert std == 0
    # mean tr(A S) + q(mu), variance 2 tr(A S A S) + g^T S g with the gradient g at the mean
    symmetric = (matrix + matrix.T) / 2
    expected = np.trace(matrix @ covariance) + mean @ matrix @ mean + linear @ mean + constant
    assert np.sum(weights * (1 + noncentrality)) + offset == pytest.approx(expected, rel=1e-12)
    gradient = 2 * symmetric @ mean + linear
    product = symmetric @ covariance
    variance = 2 * np.trace(product @ product) + gradient @ covariance @ gradient
    assert 2 * np.sum(weights**2 * (1 + 2 * noncentrality)) == pytest.approx(variance, rel=1e-12)
    x = mean + rng.standard_normal((200_000, 4)) @ root.T
    value = np.einsum("ni,ij,nj->n", x, matrix, x) + x @ linear + constant
    for level in np.quantile(value, [0.01, 0.3, 0.7, 0.99]):
        exact = genchi2.genchi2_cdf(level, *form)
        assert abs(np.mean(value <= level) - exact) < 4 * math.sqrt(exact * (1 - exact) / 200_000)


def test_quadratic_form_parameters_of_degenerate_cases():
    # a flat direction is normal: q = x_1^2 + 3 x_2
    form = genchi2.quadratic_form_parameters(np.diag([1.0, 0.0]), [0, 3], 0, [2, 1], np.eye(2))
    weights, _, noncentrality, std, offset = form
    assert (weights.tolist(), std, offset) == ([1.0], 3.0, 3.0)
    assert noncentrality == pytest.approx(4.0)
    # no curvature at all, and a singular covariance
    form = genchi2.quadratic_form_parameters(
        np.zeros((2, 2)), [1, 1], 5, [0, 1], [[4.0, -2.0], [-2.0, 1.0]]
    )
    assert genchi2.genchi2_sf(7.0, *form) == pytest.approx(scipy.stats.norm.sf(1.0), rel=1e-12)
    # x_1 = x_2: (x_1 + x_2)^2 is four times a chi-square variable
    form = genchi2.quadratic_form_parameters(np.ones((2, 2)), [0, 0], 0, [0, 0], np.ones((2, 2)))
    assert genchi2.genchi2_sf(6.0, *form) == pytest.approx(scipy.stats.chi2.sf(1.5, 1), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"matrix": np.eye(3)}, r"matrix must have shape \(2, 2\), got \(3, 3\)"),
        ({"linear": [0.0]}, r"linear must have shape \(2,\), got \(1,\)"),
        ({"mean": np.zeros((2, 1))}, "mean must have shape"),
        ({"covariance": [1.0, 1.0]}, "covariance must have shape"),
        ({"covariance": [[1.0, 0.5], [0.0, 1.0]]}, "covariance must be symmetric"),
        ({"covariance": [[1.0, 2.0], [2.0, 1.0]]}, "covariance must be symmetric"),
        ({"constant": math.nan}, "constant must be finite"),
        ({"matrix": [[math.nan, 0], [0, 1]]}, "matrix must be finite"),
    ],
)
def test_quadratic_form_parameters_rejects(change, message):
    arguments = {
        "matrix": np.eye(2),
        "linear": [0.0, 0.0],
        "constant": 0.0,
        "mean": [0.0, 0.0],
        "covariance": np.eye(2),
    }
    with pytest.raises(ValueError, match=message):
        genchi2.quadratic_form_parameters(**(arguments | change))


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
    log_sf = genchi2.genchi2_logsf(x, w, dof, noncentrality, std)
    log_cdf = genchi2.genchi2_logcdf(x, w, dof, noncentrality, std)
    assert np.logaddexp(log_sf, log_cdf) == pytest.approx(0, abs=1e-15)

    def same(*arguments, other=log_sf, function=genchi2.genchi2_logsf):
        value = function(*arguments)
        assert value == pytest.approx(other, rel=1e-11, abs=1e-300), arguments

    if max(log_sf, log_cdf) < 0 and min(log_sf, log_cdf) > -INF:
        # thresholds are rounded anew: leave the edge of the support alone
        same(-x, -w, dof, noncentrality, std, function=genchi2.genchi2_logcdf)
        same(x, w[::-1], dof, noncentrality, std)
        same(x, [*w, 0.0], dof, [*[noncentrality] * w.size, 7.0], std)
        same(4 * x, 4 * w, dof, noncentrality, 4 * std)
        split = ([*w, *w], [1] * w.size + [dof] * w.size, [0.0] * w.size + [noncentrality] * w.size)
        whole = genchi2.genchi2_logsf(x, w, dof + 1, noncentrality, std)
        if -INF < whole < 0:
            same(x, *split, std, other=whole)
    # farther out there is less
    assert genchi2.genchi2_logsf(x + factor, w, dof, noncentrality, std) <= log_sf
    assert genchi2.genchi2_logcdf(x + factor, w, dof, noncentrality, std) >= log_cdf


def test_genchi2_offset_and_shapes():
    x = np.linspace(-3, 9, 12).reshape(3, 4)
    shifted = genchi2.genchi2_sf(x + 2.5, [1, -0.5], 3, offset=2.5)
    np.testing.assert_allclose(shifted, genchi2.genchi2_sf(x, [1, -0.5], 3), rtol=1e-13)
    assert shifted.shape == (3, 4)
    assert isinstance(genchi2.genchi2_cdf(1.0, 1.0, 1), float)
    assert genchi2.genchi2_sf(np.zeros((0, 2)), 1.0, 1).shape == (0, 2)
    many = np.linspace(0.01, 80, 1500)  # several blocks
    np.testing.assert_allclose(genchi2.genchi2_sf(many, 1.0, 2), np.exp(-many / 2), rtol=1e-13)


def test_genchi2_edge_of_the_support_is_exact():
    for x in (0.0, -1.0, -INF):
        assert genchi2.genchi2_cdf(x, [1, 2], [1, 3]) == 0
        assert genchi2.genchi2_sf(x, [1, 2], [1, 3]) == 1
        assert genchi2.genchi2_logcdf(x, [1, 2], [1, 3]) == -INF
        assert genchi2.genchi2_sf(-x, [-1, -2], [1, 3]) == 0
        assert genchi2.genchi2_logcdf(-x, [-1, -2], [1, 3]) == 0
        assert certified.certified_genchi2_cdf(max(x, -9.0), [1, 2], [1, 3]) == 0
    assert genchi2.genchi2_cdf(3.0, [1], [1], offset=3.0) == 0
    assert genchi2.genchi2_cdf(INF, [1, -1], [1, 1]) == 1
    assert genchi2.genchi2_logsf(INF, [1, -1], [1, 1]) == -INF
    assert genchi2.genchi2_logcdf(-INF, [1, -1], [1, 1], 0, 1.0) == -INF
    # beyond the floats: the largest weight decides
    assert genchi2.genchi2_sf(1e300, [1e-300], [2]) == 0
    assert genchi2.genchi2_cdf(1e-300, [1e300], [2]) == 0


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_genchi2_of_any_scale(scale):
    value = genchi2.genchi2_logsf(30.0 * scale, np.array([2.0, -1.0]) * scale, 3)
    assert value == pytest.approx(math.log(0.0010174362346090213), rel=1e-14)


def test_genchi2_pure_normal():
    x = np.array([-40.0, -1.0, 0.0, 3.0, 39.0])
    expected = scipy.stats.norm.logsf(x, loc=1.0, scale=2.0)
    np.testing.assert_allclose(genchi2.genchi2_logsf(x, 0.0, 1, 0, 2.0, 1.0), expected, rtol=1e-13)
    ball = certified.certified_genchi2_sf(39.0, 0.0, 1, 0, 2.0, 1.0)
    assert relative_error(math.exp(expected[-1]), ball) < 1e-12
    np.testing.assert_array_equal(
        genchi2.genchi2_logsf(x, [], [], [], 2.0, 1.0),
        genchi2.genchi2_logsf(x, 0.0, 1, 0, 2.0, 1.0),
    )
    ball = certified.certified_genchi2_cdf(-3.0, [], [], [], 2.0, 1.0)
    assert relative_error(scipy.stats.norm.cdf(-2.0), ball) < 1e-14


@pytest.mark.parametrize(
    ("function"),
    [
        genchi2.genchi2_sf,
        genchi2.genchi2_cdf,
        genchi2.genchi2_logsf,
        genchi2.genchi2_logcdf,
        certified.certified_genchi2_sf,
        certified.certified_genchi2_cdf,
    ],
)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((math.nan, 1.0, 1), "x must be"),
        ((1.0, [1.0, math.nan], 1), "weights must be finite"),
        ((1.0, [1.0, INF], 1), "weights must be finite"),
        ((1.0, 1.0, 0.5), r"dof must be .*\[1, inf"),
        ((1.0, 1.0, -2), "dof must be"),
        ((1.0, 1.0, 1, -0.1), r"noncentrality must be .*\[0, inf"),
        ((1.0, 1.0, 1, 0.0, -1.0), r"normal_std must be .*\[0, inf"),
        ((1.0, 1.0, 1, 0.0, 0.0, INF), "offset must be finite"),
        ((1.0, [1.0, 2.0], [1, 1, 1]), "weights must .* length.* 3,"),
        ((1.0, [1.0, 2.0, 3.0], [1, 1, 1], [0.0, 1.0]), "noncentrality must .* length.* 3,"),
        ((1.0, [0.0, 0.0], 1), "weights must have a nonzero entry unless normal_std"),
    ],
)
def test_genchi2_rejects(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


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
    value = genchi2.genchi2_cumulant_function(t, *FORM)
    assert np.exp(value) == pytest.approx(moments_by_quadrature(t, *FORM), rel=1e-7)
    assert np.isrealobj(value) == np.isrealobj(t)
    both = genchi2.genchi2_cumulant_function([t, t], *FORM)
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
            assert genchi2.genchi2_cumulant(order, *FORM) == pytest.approx(float(slope), rel=1e-12)


def test_the_normal_approximation_has_the_right_middle():
    mean = genchi2.genchi2_cumulant(1, *FORM)
    assert genchi2.genchi2_cdf_gaussian(mean, *FORM) == 0.5
    # many degrees of freedom: both laws are near
    x = np.array([900.0, 1000.0, 1100.0])
    near = genchi2.genchi2_cdf_gaussian(x, 1.0, 1000)
    assert near == pytest.approx(genchi2.genchi2_cdf(x, 1.0, 1000), abs=0.01)


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

    found = marcum.hermitian_form_parameters(A, b, constant, m, covariance)
    stacked = genchi2.quadratic_form_parameters(
        block(A), 2 * pair(b), constant, pair(m), block(covariance) / 2
    )
    for order in range(1, 6):
        assert genchi2.genchi2_cumulant(order, *found) == pytest.approx(
            genchi2.genchi2_cumulant(order, *stacked), rel=1e-9
        )


def test_the_mean_of_a_complex_form_is_a_trace():
    A, b, constant, m, covariance = complex_form(10, 4, 3)
    found = marcum.hermitian_form_parameters(A, b, constant, m, covariance)
    mean = np.trace(A @ covariance).real + np.vdot(m, A @ m + 2 * b).real + constant
    g = A @ m + b
    variance = np.trace(A @ covariance @ A @ covariance).real + 2 * np.vdot(g, covariance @ g).real
    assert genchi2.genchi2_cumulant(1, *found) == pytest.approx(mean, rel=1e-12)
    assert genchi2.genchi2_cumulant(2, *found) == pytest.approx(variance, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: genchi2.genchi2_cumulant_function(0.5, 1.0, 2), "2 w t < 1 on the real axis"),
        (lambda: genchi2.genchi2_cumulant_function(np.nan, 1.0, 2), "moment_argument must be"),
        (lambda: genchi2.genchi2_cumulant(0, 1.0, 2), "cumulant_order"),
        (lambda: genchi2.genchi2_cumulant(1, [1.0, 2.0], [1, 2, 3]), "one length"),
        (lambda: marcum.hermitian_form_parameters([[1j]], [0], 0, [0], [[1]]), "matrix must be"),
        (lambda: marcum.hermitian_form_parameters([[1]], [0], 0, [0], [[-1]]), "semidefinite"),
        (lambda: marcum.hermitian_form_parameters([[1]], [0, 1], 0, [0], [[1]]), "linear"),
        (lambda: marcum.hermitian_form_parameters([[1]], [0], 0, [0], np.eye(2)), "covariance"),
    ],
)
def test_ranges_of_cumulants_and_forms(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# -- certified values -----------------------------------------------------------------------------


def test_integral_handles_branch_cuts():
    for digits in (10, 40):
        ball = certified.integral(lambda z, branch: branch.sqrt(z), 1, 4, digits=digits)
        exact = arb(14) / 3
        with ctx.workdps(digits + 10):
            assert ball.real.contains(arb(14) / 3)
            assert abs(ball.real - arb(14) / 3) < arb(10) ** -digits * exact
    # the trap: without the flag the enclosure misses the value
    naive = acb.integral(lambda z, analytic: z.sqrt(), 1, 4)
    assert not naive.real.overlaps(arb(14) / 3)


def test_integral_offers_log_power_and_reciprocal_root():
    ball = certified.integral(lambda z, branch: branch.log(z), 1, 3)
    with ctx.workdps(40):
        assert ball.real.overlaps(3 * arb(3).log() - 2)
    ball = certified.integral(lambda z, branch: branch.power(z, arb(1) / 3), 1, 8)
    with ctx.workdps(40):
        assert ball.real.overlaps(arb("11.25"))
    ball = certified.integral(lambda z, branch: branch.rsqrt(z), 1, 9)
    assert ball.real.overlaps(arb(4))
    # a path around the cut, in two pieces: the logarithm gains nothing on the principal sheet
    pieces = [
        certified.integral(lambda z, branch: branch.log(z), start, stop)
        for start, stop in ((-1 - 1j, 1 - 1j), (1 - 1j, 1 + 1j), (1 + 1j, -1 + 1j))
    ]
    antiderivative = [z * z.log() - z for z in (acb(-1, 1), acb(-1, -1))]
    assert sum(pieces, acb(0)).overlaps(antiderivative[0] - antiderivative[1])


def test_integral_reports_what_it_cannot_reach():
    with pytest.raises(ValueError, match="no ball of 20 digits"):
        certified.integral(lambda z, branch: z.sin(), -1, 1)
    ball = certified.integral(lambda z, branch: z.sin(), -1, 1, absolute=1e-15)
    assert ball.real.contains(0)
    assert ball.abs_upper() < 1e-15
    with pytest.raises(ArithmeticError):
        certified.integral(lambda z, branch: 1 / z, -1, 1, digits=1)
    with pytest.raises(ValueError, match="digits must be"):
        certified.integral(lambda z, branch: z, 0, 1, digits=0)
    with pytest.raises(ValueError, match="absolute must be"):
        certified.integral(lambda z, branch: z, 0, 1, absolute=-1.0)


CERTIFIED = {
    "marcum_q": lambda digits: certified.certified_marcum_q(5, 7.3, 14.1, digits=digits),
    "marcum_p": lambda digits: certified.certified_marcum_p(5, 7.3, 0.7, digits=digits),
    "tricomi": lambda digits: certified.certified_tricomi_u(24, 0.37, digits=digits),
    "expn": lambda digits: certified.certified_scaled_expn(3, 12.5, digits=digits),
    "definite": lambda digits: certified.certified_genchi2_cdf(
        0.2, [3, 1], [1, 2], [0.5, 0], digits=digits
    ),
    "indefinite": lambda digits: certified.certified_genchi2_sf(
        9.0, [1, -0.5], [1, 3], 2, 0.4, 1.0, digits=digits
    ),
}


@pytest.mark.parametrize("compute", CERTIFIED.values(), ids=CERTIFIED.keys())
def test_certified_balls_of_two_precisions_overlap(compute):
    coarse, fine = compute(15), compute(60)
    assert coarse.overlaps(fine)
    assert coarse.rel_accuracy_bits() >= 49
    assert fine.rel_accuracy_bits() >= 199
    middle, radius = certified.midpoint_radius(fine)
    assert arb(middle, radius).contains(fine)
    assert radius < 2e-16 * middle
    with pytest.raises(ValueError, match="digits must be a whole number >= 1"):
        compute(0)


def test_certified_marcum_contains_closed_forms():
    with ctx.workdps(60):
        for b in (0.5, 3.0, 40.0):
            ball = certified.certified_marcum_q(1, 0, b, digits=50)
            assert ball.overlaps((-(arb(b) ** 2) / 2).exp())
        for a in (0.25, 2.0, 90.0):
            ball = certified.certified_marcum_q(1, a, a, digits=50)
            square = arb(a) ** 2
            assert ball.overlaps((1 + (-square).exp() * square.bessel_i(0)) / 2)
    assert certified.certified_marcum_q(3, 1.0, 0) == 1
    assert certified.certified_marcum_p(3, 1.0, 0) == 0


def test_certified_marcum_difference_is_the_bessel_term():
    for m, a, b in ((1, 3.0, 9.0), (17, 40.0, 20.0), (256, 200.0, 230.0), (256, 200.0, 180.0)):
        with ctx.workdps(300):
            jump = certified.certified_marcum_q(m + 1, a, b, digits=300)
            jump -= certified.certified_marcum_q(m, a, b, digits=300)
            x, y = arb(a), arb(b)
            exact = (y / x) ** m * (-(x * x + y * y) / 2).exp() * (x * y).bessel_i(m)
            assert jump.overlaps(exact)
            assert jump.rel_accuracy_bits() > 100


def test_certified_functions_contain_mpmath_values():
    with mpmath.workdps(40):
        cases = [
            (certified.certified_tricomi_u(9, 2.5), mpmath.hyperu(4.5, 0.5, 2.5)),
            (certified.certified_tricomi_u(1, 1e-3), mpmath.hyperu(0.5, 0.5, mpmath.mpf(1e-3))),
            (
                certified.certified_scaled_expn(7, 0.3),
                mpmath.mpf(0.3) * mpmath.exp(mpmath.mpf(0.3)) * mpmath.expint(7, mpmath.mpf(0.3)),
            ),
        ]
        for ball, value in cases:
            assert ball.overlaps(arb(mpmath.nstr(value, 35)))
    assert certified.certified_scaled_expn(2, 0) == 0


def test_certified_arguments_may_be_exact():
    third = certified.certified_marcum_q(1, 0, Fraction(1, 3), digits=30)
    with ctx.workdps(40):
        assert third.overlaps((arb(-1) / 18).exp())
    assert not third.overlaps(certified.certified_marcum_q(1, 0, 1 / 3, digits=30))
    with pytest.raises(ValueError, match="a must be"):
        certified.certified_marcum_q(1, Fraction(-1, 3), 1)
    with ctx.workdps(40):
        ball = certified.certified_genchi2_sf(Fraction(2, 3), Fraction(1, 3), 2, digits=30)
        assert ball.overlaps(arb(-1).exp())
    with pytest.raises(ValueError, match="b must be a float"):
        certified.certified_marcum_q(1, 1, mpmath.mpf(1))


@pytest.mark.parametrize("dof", [1e3, 1e5, 1e6])
@pytest.mark.parametrize("deviations", [-5.0, -1.0, 0.5, 3.0, 8.0])
def test_genchi2_at_many_degrees_of_freedom(dof, deviations):
    """Against the incomplete gamma function in 40 digits: the bulk and both tails."""
    x = dof + deviations * np.sqrt(2 * dof)
    with mpmath.workdps(40):
        half = mpmath.mpf(dof) / 2
        limits = (mpmath.mpf(x) / 2, mpmath.inf) if deviations > 0 else (0, mpmath.mpf(x) / 2)
        expected = mpmath.gammainc(half, *limits, regularized=True)
        law = genchi2.genchi2_sf if deviations > 0 else genchi2.genchi2_cdf
        error = abs(mpmath.mpf(float(law(x, [1.0], [dof], [0.0]))) / expected - 1)
    # the saddle point times x is rounded, and the logarithms add as much again
    assert error < 4 * np.finfo(float).eps * (2 + abs(deviations) * np.sqrt(dof / 2))
