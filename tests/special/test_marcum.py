"""Marcum's Q, its inverse and the contour rule, against certified values and identities."""

import math

import flint
import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from isacnb.special import certified, marcum

INF = math.inf

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


def test_marcum_against_certified_values(relative_error):
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
def test_log_marcum_q_far_beyond_underflow(m, a, b, relative_error):
    value = marcum.log_marcum_q(m, a, b)
    assert -10500 < value < -9000
    assert marcum.marcum_q(m, a, b) == 0
    assert marcum.log_marcum_p(m, a, b) == 0
    assert relative_error(value, certified.certified_marcum_q(m, a, b).log()) < 1e-14


@pytest.mark.parametrize(
    ("m", "a", "b"), [(1, 160.0, 20.0), (256, 200.0, 63.0), (30, 150.0, 12.0), (1, 143.0, 1e-9)]
)
def test_log_marcum_p_far_beyond_underflow(m, a, b, relative_error):
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
        ((0, 1.0, 1.0), r"m must be a whole number >= 1.*got 0"),
        ((1.5, 1.0, 1.0), r"m must be a whole number >= 1.*got 1.5"),
        ((math.nan, 1.0, 1.0), r"m must be a whole number >= 1.*got nan"),
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
def test_a_step_is_the_difference_of_two_certified_values(m, a, b, relative_error):
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


def test_float_contour_over_blocks_and_arrays():
    # more points than a block holds: the geometric rest of the pole is gone
    value = marcum.marcum_contour_mean(1, [1.0, 2.0], 3.0, 5000)
    assert value == pytest.approx(marcum.marcum_q(1, [1.0, 2.0], 3.0), rel=1e-12)
    with pytest.raises(ValueError, match="contour_points must be a whole number >= 1 and <= 1e"):
        marcum.marcum_contour_mean(1, 1.0, 3.0, 1_000_001)


# -- many orders -----------------------------------------------------------------------------------


@pytest.mark.parametrize("m", [33, 500, 10**4, 10**6, 10**9, 5 * 10**11])
@pytest.mark.parametrize("deviations", [-30, -7, -1, 0.1, 3, 25])
def test_without_a_limit_on_the_order(m, deviations, relative_error):
    b = math.sqrt(max(2 * m + deviations * math.sqrt(4 * m), 1.0))
    with flint.ctx.workprec(1400):
        exact = (arb(b) ** 2 / 2).gamma_upper(arb(m), regularized=1)
        if deviations < 0:
            exact = 1 - exact
        law = marcum.marcum_q if deviations > 0 else marcum.marcum_p
        if exact > arb("1e-300"):
            assert relative_error(law(m, 0.0, b), exact) < 1e-12
        else:
            assert law(m, 0.0, b) < 1e-300


def test_many_orders_with_noncentrality(relative_error):
    for m, a in ((1000, 50.0), (20_000, 300.0), (20_000, 1.0)):
        for deviation in (-6.0, -0.1, 4.0):
            b = math.sqrt(a * a + 2 * m) + deviation
            tail = "q" if deviation > 0 else "p"
            ball = getattr(certified, f"certified_marcum_{tail}")(m, a, b, digits=17)
            assert relative_error(getattr(marcum, f"marcum_{tail}")(m, a, b), ball) < 1e-13


# -- the inverse in the threshold ------------------------------------------------------------------

INVERSES = {
    "q": (marcum.marcum_q_inverse_b, certified.certified_marcum_q, -1),
    "p": (marcum.marcum_p_inverse_b, certified.certified_marcum_p, 1),
}


@pytest.mark.parametrize("tail", "qp")
@pytest.mark.parametrize("m", [1, 2, 9, 100])
@pytest.mark.parametrize("a", [0.0, 1e-6, 0.7, 12.0, 150.0])
def test_inverse_in_b_encloses_the_probability(tail, m, a):
    inverse, law, sign = INVERSES[tail]
    for p in (1e-290, 1e-40, 1e-5, 0.2, 0.5, 0.9, 1 - 1e-9, 1 - 2.0**-53):
        b = float(inverse(m, a, p))
        # the probability lies between those at both ends of an interval of relative width 2e-13
        low, high = (law(m, a, b * (1 + d), digits=25) for d in (-sign * 1e-13, sign * 1e-13))
        assert low < arb(p) < high, (tail, m, a, p, b)


def test_inverse_in_b_closed_form_and_scipy():
    p = np.array([1e-200, 1e-3, 0.5, 0.999])
    # one pair of degrees, no signal: exp(-b^2/2)
    assert marcum.marcum_q_inverse_b(1, 0.0, p) == pytest.approx(np.sqrt(-2 * np.log(p)), rel=1e-15)
    quantile = marcum.marcum_p_inverse_b([[2], [30]], 3.0, p[1:]) ** 2
    want = scipy.stats.ncx2.ppf(p[1:], [[4], [60]], 9.0)
    assert quantile == pytest.approx(want, rel=1e-8)
    assert quantile.shape == (2, 3)


def test_ends_and_extremes_of_the_inverses_in_b():
    assert marcum.marcum_q_inverse_b(3, 2.0, [0.0, 1.0]).tolist() == [INF, 0.0]
    assert marcum.marcum_p_inverse_b(3, 2.0, [0.0, 1.0]).tolist() == [0.0, INF]
    assert isinstance(marcum.marcum_q_inverse_b(3, 2.0, 0.4), float)
    for m, a, p in ((10**15, 1e300, 0.3), (1, 1e300, 1e-290), (10**15, 0.0, 1e-300)):
        for inverse in (marcum.marcum_q_inverse_b, marcum.marcum_p_inverse_b):
            assert inverse(m, a, p) == pytest.approx(math.hypot(a, math.sqrt(2 * m)), rel=1e-5)
    # and in a, where the threshold is far beyond every order
    assert marcum.marcum_q_inverse_a(2, 0.9, 2**70) == pytest.approx(2.0**70, rel=1e-15)
    assert marcum.marcum_q_inverse_a(1, 0.9, 1e300) == pytest.approx(1e300, rel=1e-15)


@pytest.mark.parametrize("m", [10**6, 10**10])
def test_inverses_at_many_orders(m):
    b = marcum.marcum_q_inverse_b(m, 5000.0, 1e-9)
    assert marcum.marcum_q(m, 5000.0, b) == pytest.approx(1e-9, rel=1e-6)
    a = marcum.marcum_q_inverse_a(m, 0.9, b)
    assert marcum.marcum_q(m, a, b) == pytest.approx(0.9, rel=1e-9)
