"""The laws of planar Poisson networks against references that share no code with them."""

import flint
import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from isacnb.coupling import printed as printed_forms
from isacnb.probability import poisson
from isacnb.probability.poisson import (
    per_km2,
    ratio_cdf,
    ratio_isf,
    ratio_ppf,
    ratio_sf,
)

USER, TARGET = per_km2(100), per_km2(1000)


def relative_error(value, ball):
    return abs(float((flint.arb(float(value)) - ball) / ball))


# --- distances ---


@pytest.mark.parametrize("rank", [1, 2, 5, 40, 300])
def test_distance_density_is_a_chi_law(rank):
    # sqrt of a chi-square variable of 2i degrees of freedom, in units of 1/sqrt(2 lambda pi)
    scale = 1 / np.sqrt(2 * np.pi * USER)
    r = scale * np.sqrt(2 * rank) * np.array([0.3, 0.8, 1.0, 1.3, 2.5])
    law = stats.chi(2 * rank, scale=scale)
    # the logarithm of the density is known to eps times its largest term
    tolerance = 1e-13 * max(rank, 10)
    np.testing.assert_allclose(poisson.distance_pdf(r, rank, USER), law.pdf(r), rtol=tolerance)
    np.testing.assert_allclose(poisson.distance_cdf(r, rank, USER), law.cdf(r), rtol=1e-11)
    np.testing.assert_allclose(poisson.distance_sf(r, rank, USER), law.sf(r), rtol=1e-11)


def test_distance_ends():
    assert poisson.distance_cdf(0, 3, USER) == 0
    assert poisson.distance_cdf(np.inf, 3, USER) == 1
    assert poisson.distance_sf(np.inf, 3, USER) == 0
    assert poisson.distance_pdf(1e200, 1, USER) == 0
    assert poisson.distance_pdf(1e-200, 3, USER) == 0


def test_mean_distance_digits():
    assert float(poisson.mean_distance(1, USER)) == pytest.approx(50, rel=1e-14)
    # Gamma(9/2) / (sqrt(pi/1000) 3!) = 105/16 / (6 / sqrt(1000))
    assert float(poisson.mean_distance(4, TARGET)) == pytest.approx(
        105 / 96 * np.sqrt(1000), rel=1e-14
    )


@pytest.mark.parametrize(("order", "rank"), [(2, 1), (-1.5, 1), (-5.6, 4), (3.7, 2), (0, 9)])
def test_moments_by_quadrature(order, rank):
    value, _ = integrate.quad(
        lambda t: np.exp(t * (1 + order)) * poisson.distance_pdf(np.exp(t), rank, USER),
        -60,
        9,
        points=[3, 5],
        limit=400,
        epsrel=1e-12,
    )
    assert poisson.distance_moment(order, rank, USER) == pytest.approx(value, rel=1e-9)


def test_density_of_a_process_scales_with_the_unit():
    ratio = poisson.mean_distance(3, per_km2(25)) / poisson.mean_distance(3, per_km2(100))
    assert ratio == pytest.approx(2, rel=1e-14)


def test_drawn_points_are_a_poisson_process():
    # what defines the process: counts in a disc are Poisson, in disjoint rings independent
    rng = np.random.default_rng(5)
    distance = poisson.sample_distances(rng, 40_000, 30, USER)
    assert distance.shape == (40_000, 30)
    assert (np.diff(distance, axis=1) >= 0).all()
    inner = (distance < 60).sum(axis=1)
    ring = ((distance >= 60) & (distance < 90)).sum(axis=1)
    for count, area in ((inner, np.pi * 60**2), (ring, np.pi * (90**2 - 60**2))):
        mean = area * USER
        assert abs(count.mean() - mean) < 5 * np.sqrt(mean / count.size)
        variance_error = np.sqrt((2 * mean**2 + mean) / count.size)
        assert abs(count.var(ddof=1) - mean) < 5 * variance_error
    assert abs(np.corrcoef(inner, ring)[0, 1]) < 5 / np.sqrt(inner.size)


def test_drawn_points_need_a_disc_that_holds_them():
    rng = np.random.default_rng(6)
    with pytest.raises(ValueError, match="disc_radius must be large enough to hold 5 points"):
        poisson.sample_distances(rng, 1000, 5, USER, disc_radius=60)


# --- the ratio law ---


@pytest.mark.parametrize("rank", [1, 2, 3, 7, 11, 16, 43, 64])
@pytest.mark.parametrize(
    ("function", "certified"),
    [
        (poisson.ratio_cdf, poisson.certified_ratio_cdf),
        (poisson.ratio_sf, poisson.certified_ratio_sf),
    ],
)
def test_tails_against_balls(rank, function, certified):
    tested = 0
    for z in np.geomspace(1e-7, 1e5, 25):
        ball = certified(z, rank, USER, TARGET)
        assert ball.rad() < 1e-19 * ball
        if ball > 1e-300:
            assert relative_error(function(z, rank, USER, TARGET), ball) < 1e-12
            tested += 1
    assert tested >= 8


def test_balls_against_a_certified_double_integral():
    # E over the target's cleared area of the incomplete gamma function: no finite sum anywhere
    with flint.ctx.workprec(120):
        for rank, z in [(1, 0.05), (3, 0.2), (6, 0.03)]:
            w = flint.arb.pi() * flint.arb(TARGET) ** 2 / (4 * flint.arb(USER) * flint.arb(z) ** 2)

            def integrand(v, _, rank=rank, w=w):
                inside = (v * v / (4 * w)).gamma_lower(rank, regularized=1)
                return v ** (rank - 1) * (-v).exp() * inside

            value = flint.acb.integral(integrand, 0, 90).real / flint.arb(rank).gamma()
            cut = flint.arb(90) ** rank * flint.arb(-90).exp()  # bounds what lies beyond 90
            assert abs(value - poisson.certified_ratio_cdf(z, rank, USER, TARGET)) < 2 * cut + 1e-20


def test_ratio_density_is_the_derivative_of_the_distribution():
    with flint.ctx.workprec(250):
        step = flint.arb(10) ** -15
        for rank, z in [(1, 0.3), (4, 0.02), (9, 0.11)]:
            above, below = (
                poisson.certified_ratio_cdf(z + sign * step, rank, USER, TARGET, digits=50)
                for sign in (1, -1)
            )
            slope = float((above - below) / (2 * step))
            assert poisson.ratio_pdf(z, rank, USER, TARGET) == pytest.approx(slope, rel=1e-12)


def test_ratio_density_forms_agree():
    # the formula of Theorem 1 as it stands, on three kinds of number
    arguments = (0.5, 4, USER, TARGET)
    fast = poisson.ratio_pdf(*arguments)
    with mp.workdps(30):
        slow = poisson.ratio_pdf(*(mp.mpf(a) for a in arguments))
    assert float(slow) == pytest.approx(fast, rel=1e-13)
    symbols = sp.symbols("z K u t", positive=True)
    expression = poisson.ratio_pdf(*symbols)
    value = sp.lambdify(symbols, expression, [{"U": mp.hyperu}, "mpmath"])(*arguments)
    assert float(value) == pytest.approx(fast, rel=1e-12)


@pytest.mark.parametrize("nu", [0.5, 1, 3, 24, 140, 300])
def test_integral_of_tricomi_against_its_definition_at_many_digits(nu):
    for w in (1e-3, 0.3, 20.0, 1e4):
        with mp.workdps(30):
            x = mp.sqrt(w)
            peak = nu / (x + mp.sqrt(w + 2 * nu))

            def over_log(t, x=x):
                u = mp.exp(t)
                return mp.exp(nu * t - u * u - 2 * x * u)

            ends = [mp.log(peak) + s for s in (-2 - 80 / nu, -1, 0, 1, 3 + mp.log1p(80 / nu))]
            wanted = float(mp.quad(over_log, ends))
            through_tricomi = poisson.tricomi_integral(mp.mpf(nu), mp.mpf(w))
        assert poisson.tricomi_integral(nu, w) == pytest.approx(wanted, rel=1e-12)
        assert float(through_tricomi) == pytest.approx(wanted, rel=1e-12)
    assert poisson.tricomi_integral([nu, nu], [[1.0], [2.0]]).shape == (2, 2)


def test_density_of_a_squared_distance_is_a_gamma_law():
    areas = np.array([30.0, 1600.0, 9000.0])
    gamma = stats.gamma(4, scale=1 / (TARGET * np.pi))
    assert poisson.distance_squared_pdf(areas, 4, TARGET) == pytest.approx(gamma.pdf(areas))


def test_printed_density_of_the_appendix_has_the_wrong_mass():
    value, _ = integrate.quad(
        lambda t: np.exp(t) * printed_forms.ratio_pdf_printed(np.exp(t), 4, USER, TARGET), -12, 8
    )
    assert value == pytest.approx(0.25, rel=1e-6)


def test_rank_one_has_an_elementary_law():
    # 1 - F_Z = sqrt(pi w) erfcx(sqrt w) for K = 1
    z = np.geomspace(1e-3, 1e3, 40)
    x = np.sqrt(np.pi / (4 * USER)) * TARGET / z
    np.testing.assert_allclose(
        poisson.ratio_sf(z, 1, USER, TARGET), np.sqrt(np.pi) * x * special.erfcx(x), rtol=2e-15 * 40
    )


def test_logarithms_outlive_the_probabilities():
    # K z-powers of the tails: F_Z ~ z^2K downwards, 1 - F_Z ~ z^-K upwards
    lower = poisson.ratio_logcdf([1e-200, 1e-201], 4, USER, TARGET)
    assert lower[0] - lower[1] == pytest.approx(8 * np.log(10), rel=1e-10)
    upper = poisson.ratio_logsf([1e200, 1e201], 4, USER, TARGET)
    assert upper[0] - upper[1] == pytest.approx(4 * np.log(10), rel=1e-10)
    assert poisson.ratio_cdf(1e-200, 4, USER, TARGET) == 0
    assert lower[0] < -3000
    # and near 1 they keep their digits through the complement
    small = poisson.ratio_sf(1e9, 4, USER, TARGET)
    assert poisson.ratio_logcdf(1e9, 4, USER, TARGET) == pytest.approx(-small, rel=1e-12)


def test_ratio_ends_and_broadcasting():
    np.testing.assert_array_equal(poisson.ratio_cdf([0, np.inf], 5, USER, TARGET), [0, 1])
    np.testing.assert_array_equal(poisson.ratio_sf([0, np.inf], 5, USER, TARGET), [1, 0])
    grid = poisson.ratio_cdf(np.ones((3, 1)) * 0.1, [1, 2], USER, TARGET)
    assert grid.shape == (3, 2)
    assert grid[2, 1] == poisson.ratio_cdf(0.1, 2, USER, TARGET)
    assert np.isfinite(poisson.ratio_logcdf([1e-3, 1.0, 1e3], 1000, USER, TARGET)).all()


positive = st.floats(-3, 3).map(lambda e: 10.0**e)


@settings(max_examples=150, deadline=None)
@given(z=positive, rank=st.integers(1, 80), user=positive, target=positive)
def test_ratio_law_properties(z, rank, user, target):
    user, target = per_km2(100 * user), per_km2(100 * target)
    lower, upper = poisson.ratio_cdf(z, rank, user, target), poisson.ratio_sf(z, rank, user, target)
    assert lower + upper == pytest.approx(1, abs=1e-12)
    assert 0 <= lower <= 1
    assert 0 <= upper <= 1
    # only target^2 / (user z^2) matters
    scaled = poisson.ratio_logcdf(3 * z, rank, user * 4, target * 6)
    assert scaled == pytest.approx(poisson.ratio_logcdf(z, rank, user, target), rel=1e-9, abs=1e-12)
    assert poisson.ratio_cdf(1.01 * z, rank, user, target) >= lower * (1 - 1e-13)


# --- bad input ---


def test_missing_moments_say_why():
    with pytest.raises(
        ValueError,
        match=r"distance_moment_order must be in \(-2 rank, inf\) for the moment to exist",
    ):
        poisson.distance_moment(-4, 2, USER)
    with pytest.raises(ValueError, match=r"could not be broadcast|shape mismatch"):
        poisson.ratio_cdf(np.ones(3), np.ones(2, dtype=int), USER, TARGET)


def test_more_points_than_fit_are_refused():
    with pytest.raises(ValueError, match="GiB"):
        poisson.sample_distances(np.random.default_rng(1), 10**9, 100, USER)


@pytest.mark.parametrize("rank", [1, 2, 4, 64, 1000])
def test_quantiles_of_the_ratio_give_their_probabilities(rank):
    levels = np.array([1e-290, 1e-100, 1e-9, 0.1, 0.5, 0.7, 1 - 1e-9])
    for quantile, law in ((ratio_ppf, ratio_cdf), (ratio_isf, ratio_sf)):
        z = quantile(levels, rank, 1e-4, 1e-3)
        found = law(z, rank, 1e-4, 1e-3)
        # a relative step of 1e-12 in z on either side encloses what is not next to 1
        ends = [law(z * (1 + d), rank, 1e-4, 1e-3)[:-1] for d in (-1e-12, 1e-12)]
        assert (np.minimum(*ends) < levels[:-1]).all()
        assert (levels[:-1] < np.maximum(*ends)).all()
        assert found == pytest.approx(levels, rel=1e-10)


def test_ends_and_shapes_of_the_quantiles_of_the_ratio():
    assert ratio_ppf([0.0, 1.0], 3, 1e-4, 1e-3).tolist() == [0.0, np.inf]
    assert ratio_isf([0.0, 1.0], 3, 1e-4, 1e-3).tolist() == [np.inf, 0.0]
    table = ratio_ppf([[0.1], [0.9]], [1, 2, 3], 1e-4, [1e-3, 1e-3, 2e-3])
    assert table.shape == (2, 3)
    assert table[1, 2] == pytest.approx(ratio_ppf(0.9, 3, 1e-4, 2e-3), rel=1e-14)
    # z goes with the density of the targets and the root of that of the users
    assert ratio_ppf(0.3, 2, 4e-4, 3e-3) == pytest.approx(1.5 * ratio_ppf(0.3, 2, 1e-4, 1e-3))
    assert isinstance(ratio_isf(0.3, 2, 1e-4, 1e-3), float)
