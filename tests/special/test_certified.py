"""Balls against closed forms, other precisions and each other."""

from fractions import Fraction

import mpmath
import pytest
from flint import acb, arb, ctx

from isacnb.special import certified
from isacnb.special.genchi2 import GenChi2


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
    with pytest.raises(ValueError, match="no ball of 1 digits"):
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
        0.2, GenChi2([3, 1], [1, 2], [0.5, 0]), digits=digits
    ),
    "indefinite": lambda digits: certified.certified_genchi2_sf(
        9.0, GenChi2([1, -0.5], [1, 3], 2, 0.4, 1.0), digits=digits
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
        ball = certified.certified_genchi2_sf(Fraction(2, 3), GenChi2(Fraction(1, 3), 2), digits=30)
        assert ball.overlaps(arb(-1).exp())
    with pytest.raises(ValueError, match="b must be a float"):
        certified.certified_marcum_q(1, 1, mpmath.mpf(1))
