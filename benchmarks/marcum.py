"""Marcum's Q, its inverse, and certified values of it."""

import math

import mpmath
import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats
from flint import arb

from isacnb.special.certified import certified_marcum_p, certified_marcum_q
from isacnb.special.marcum import (
    log_marcum_p,
    log_marcum_q,
    marcum_p,
    marcum_q,
    marcum_q_inverse_a,
)

from .measure import exact_floats, fails_from, figure, log10, relative_error, row, seconds, series


def grid(count: int = 1000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return orders to 256 and arguments to 200, from 1e-300 in one tail to 1e-300 in the other."""
    rng = np.random.default_rng(7)
    m = np.round(2 ** rng.uniform(0, 8, count)).astype(int)
    a = exact_floats(rng.uniform(0, 1, count) ** 2 * 200)
    b = exact_floats(np.sqrt(a * a + 2 * m) + rng.uniform(-38, 37, count))
    return m[b > 0], a[b > 0], b[b > 0]


def far_grid(count: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points of both tails down to about exp(-10000)."""
    rng = np.random.default_rng(8)
    m = np.round(2 ** rng.uniform(0, 8, count)).astype(int)
    a = exact_floats(rng.uniform(0, 200, count))
    b = exact_floats(np.abs(np.sqrt(a * a + 2 * m) + rng.uniform(-140, 140, count)))
    return m, a, b


def quadrature(m: int, a: float, b: float) -> float:
    """Return the integral that defines Q, by mpmath with its usual settings."""

    def density(t):
        bessel = mpmath.besseli(m - 1, a * t)
        return t * (t / a) ** (m - 1) * mpmath.exp(-(t * t + a * a) / 2) * bessel

    return float(mpmath.quad(density, [b, mpmath.inf]))


def marcum() -> dict:
    """Measure both tails to 1e-300, the logarithms to exp(-10000), and the speed."""
    m, a, b = grid()
    methods = {
        "isacnb": (marcum_q, marcum_p),
        "scipy.stats.ncx2": (
            lambda m, a, b: scipy.stats.ncx2.sf(b * b, 2 * m, a * a),
            lambda m, a, b: scipy.stats.ncx2.cdf(b * b, 2 * m, a * a),
        ),
        "1 - scipy.special.chndtr": (
            lambda m, a, b: 1 - scipy.special.chndtr(b * b, 2 * m, a * a),
            lambda m, a, b: scipy.special.chndtr(b * b, 2 * m, a * a),
        ),
    }
    balls = {
        tail: [function(*point) for point in zip(m.tolist(), a.tolist(), b.tolist(), strict=True)]
        for tail, function in (("Q", certified_marcum_q), ("P", certified_marcum_p))
    }
    inside = {tail: [ball > arb("1e-300") for ball in balls[tail]] for tail in "QP"}
    where = {
        tail: [log10(ball) for ball, keep in zip(balls[tail], inside[tail], strict=True) if keep]
        for tail in "QP"
    }
    errors, lines = {}, {}
    for name, functions in methods.items():
        for tail, function in zip("QP", functions, strict=True):
            values = function(m, a, b)
            found = [
                relative_error(value, ball)
                for value, ball, keep in zip(values, balls[tail], inside[tail], strict=True)
                if keep
            ]
            errors[name, tail] = found
            lines[f"{name}, {tail}"] = series(where[tail], found)

    chosen = [i for i in range(len(m)) if a[i] > 0 and m[i] <= 30][:40]
    values = [quadrature(int(m[i]), a[i], b[i]) for i in chosen]
    quad_errors = [relative_error(v, balls["Q"][i]) for v, i in zip(values, chosen, strict=True)]
    lines["mpmath.quad, Q"] = series([log10(balls["Q"][i]) for i in chosen], quad_errors)

    fm, fa, fb = far_grid()
    far = 0.0
    for log_function, certified in (
        (log_marcum_q, certified_marcum_q),
        (log_marcum_p, certified_marcum_p),
    ):
        for value, point in zip(
            log_function(fm, fa, fb),
            zip(fm.tolist(), fa.tolist(), fb.tolist(), strict=True),
            strict=True,
        ):
            exact = certified(*point).log()
            if exact > -10_000 and value < -0.5:
                far = max(far, relative_error(value, exact))

    rng = np.random.default_rng(9)
    many = 200_000
    sm, sa = rng.integers(1, 257, many), rng.uniform(0, 200, many)
    sb = np.abs(np.sqrt(sa * sa + 2 * sm) + rng.normal(0, 3, many))
    ours = seconds(lambda: marcum_q(sm, sa, sb))
    few = slice(0, 20_000)
    theirs = seconds(lambda: scipy.stats.ncx2.sf(sb[few] ** 2, 2 * sm[few], sa[few] ** 2)) * 10
    m1 = np.ones(many, dtype=int)
    a1, b1 = rng.uniform(0, 6, many), rng.uniform(0.1, 8, many)
    ours_small = seconds(lambda: marcum_q(m1, a1, b1))
    theirs_small = seconds(lambda: scipy.stats.ncx2.sf(b1 * b1, 2 * m1, a1 * a1))
    quad_time = seconds(lambda: [quadrature(1, 1.0, 2.0) for _ in range(5)]) / 5

    peers = {}
    for name in list(methods)[1:]:
        figures = []
        for tail in "QP":
            label = f"{tail} in the "
            figures += [
                figure(
                    f"log10 {tail} from which a relative error of 1e-10 is exceeded",
                    fails_from(where[tail], errors[name, tail], 1e-10),
                ),
                figure(
                    f"share of {label}range that is 0 or without a right digit",
                    np.mean(np.array(errors[name, tail]) > 0.5),
                ),
            ]
        peers[name] = figures
    peers["scipy.stats.ncx2"] += [
        figure("million evaluations/s, orders to 256, a to 200", many / theirs / 1e6),
        figure("million evaluations/s, order 1, a to 6", many / theirs_small / 1e6),
    ]
    peers["mpmath.quad"] = [
        figure("largest relative error of Q", max(quad_errors)),
        figure("million evaluations/s", 1e-6 / quad_time),
    ]
    return row(
        "marcum",
        "Marcum Q and its complement P, orders 1 to 256, a to 200, both tails to 1e-300",
        [
            figure("points compared", sum(map(len, where.values()))),
            figure("largest relative error of Q", max(errors["isacnb", "Q"]), 1e-12),
            figure("largest relative error of P", max(errors["isacnb", "P"]), 1e-12),
            figure("largest relative error of the logarithms to exp(-10000)", far, 1e-12),
            figure(
                "million evaluations/s, orders to 256, a to 200",
                many / ours / 1e6,
                0.5,
                larger=True,
            ),
            figure(
                "million evaluations/s, order 1, a to 6", many / ours_small / 1e6, 0.5, larger=True
            ),
            figure("times as fast as ncx2, orders to 256, a to 200", theirs / ours),
            figure("times as fast as ncx2, order 1, a to 6", theirs_small / ours_small),
        ],
        peers,
        series=lines,
    )


def inverse() -> dict:
    """Measure the error of the inverse in a, and that of a root finder over scipy's tail."""
    rng = np.random.default_rng(10)
    points = []
    for m in (1, 2, 16, 256):
        for b in exact_floats(np.array([0.5, 3.0, 24.0, 60.0, 200.0])).tolist():
            least = float(log_marcum_q(m, 0.0, b))
            for log_p in -(rng.uniform(0, 1, 12) ** 3) * 667:
                if least < log_p < -1e-15:
                    points.append((m, b, math.exp(log_p)))
    m, b, p = (np.array(column) for column in zip(*points, strict=True))
    solutions = marcum_q_inverse_a(m, p, b)

    def error(m, b, p, a):
        residual = certified_marcum_q(m, a, b, digits=40) - arb(p)
        step = 1e-7 * max(a, 1e-3)
        slope = certified_marcum_q(m, a + step, b, digits=40)
        slope = (slope - certified_marcum_q(m, a, b, digits=40)) / step
        return abs(float((residual / slope).mid()))

    ours = [error(*point, a) for point, a in zip(points, solutions.tolist(), strict=True)]
    theirs = []
    for m, b, p in points:
        # the same search with scipy's tail; failure to bracket counts as failure

        def miss(a, m=m, b=b, p=p):
            return scipy.stats.ncx2.sf(b * b, 2 * m, a * a) - p

        try:
            a = scipy.optimize.brentq(miss, 0.0, b + 10, xtol=1e-14, rtol=1e-14)
            theirs.append(error(m, b, p, a))
        except ValueError:
            theirs.append(math.inf)
    where = [math.log10(p) for _, _, p in points]
    array = np.linspace(3, 100, 20_000)
    time = seconds(lambda: marcum_q_inverse_a(1, np.full(array.size, 0.9), array))
    return row(
        "inverse",
        "Inverse of Marcum Q in a, probabilities from 1e-290 to 1",
        [
            figure("points compared", len(points)),
            figure("largest error of a", max(ours), 1e-12),
            figure("thousand evaluations/s", array.size / time / 1e3),
        ],
        {
            "scipy.optimize.brentq on ncx2.sf": [
                figure("share of points with an error above 1e-9", np.mean(np.array(theirs) > 1e-9))
            ]
        },
        series={
            "isacnb": series(where, [max(e, 1e-17) for e in ours]),
            "scipy.optimize.brentq on ncx2.sf": series(where, [min(e, 1.0) for e in theirs]),
        },
    )


def certified() -> dict:
    """Measure the time of 2,000 certified values and their worst accuracy."""
    m, a, b = grid(2200)
    points = list(zip(m.tolist(), a.tolist(), b.tolist(), strict=True))[:2000]
    balls = []

    def run():
        balls[:] = [certified_marcum_q(*p) if i % 2 else certified_marcum_p(*p)
                    for i, p in enumerate(points)]  # fmt: skip

    time = seconds(run, repeat=1)
    digits = min(ball.rel_accuracy_bits() for ball in balls) * math.log10(2)
    return row(
        "certified",
        "Certified enclosures",
        [
            figure("seconds for 2,000 values of Marcum Q and P", time, 15),
            figure("least number of certified digits among them", digits, 12, larger=True),
        ],
    )
