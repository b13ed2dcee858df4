"""The ratio law, the exponential integral and the generalised chi-square law."""

import math
import warnings

import mpmath
import numpy as np
import scipy.integrate
import scipy.optimize
import scipy.special

from isacnb.probability.poisson import (
    certified_ratio_cdf,
    certified_ratio_sf,
    ratio_cdf,
    ratio_sf,
)
from isacnb.special.certified import (
    certified_genchi2_cdf,
    certified_genchi2_sf,
    certified_scaled_expn,
    certified_tricomi_u,
)
from isacnb.special.exponential import scaled_expn
from isacnb.special.genchi2 import GenChi2

from .measure import TINY, figure, log10, relative_error, row, seconds, series

try:
    import gx2
    import momentchi2
except ImportError:
    gx2 = momentchi2 = None


def ratio() -> dict:
    """Measure both tails of the ratio law, and scipy's Tricomi function, which it is made of."""
    user, target = 1e-4, 1e-3
    unit = target * math.sqrt(math.pi / user) / 2  # z = unit / sqrt(w)
    errors, where = [], []
    u_errors = {}
    for K in (1, 2, 3, 4, 8, 16, 24, 32, 48, 64):
        w = 10 ** np.linspace(-12, 12, 49)
        z = unit / np.sqrt(w)
        for function, certified in (
            (ratio_cdf, certified_ratio_cdf),
            (ratio_sf, certified_ratio_sf),
        ):
            for value, argument in zip(function(z, K, user, target), z.tolist(), strict=True):
                ball = certified(argument, K, user, target)
                if ball > 1e-300:
                    errors.append(relative_error(value, ball))
                    where.append(log10(ball))
        w = 10 ** np.linspace(-4, 4, 41)
        values = scipy.special.hyperu(1.5 * K, 0.5, w)
        u_errors[K] = max(
            relative_error(v, certified_tricomi_u(3 * K, x))
            for v, x in zip(values, w.tolist(), strict=True)
        )
    rng = np.random.default_rng(11)
    z = unit / np.sqrt(10 ** rng.uniform(-3, 3, 100_000))
    w = (unit / z) ** 2
    speed = {K: z.size / seconds(lambda K=K: ratio_cdf(z, K, user, target)) / 1e3 for K in (8, 64)}
    few = w[:5000]
    scipy_speed = few.size / seconds(lambda: scipy.special.hyperu(12.0, 0.5, few)) / 1e3
    rare = w[:50].tolist()
    mp_speed = 50 / seconds(lambda: [mpmath.hyperu(12, 0.5, x) for x in rare], 1) / 1e3
    return row(
        "ratio",
        "Law of d_U/d_T^2 (F_Z), both tails to 1e-300, K = 1 to 64",
        [
            figure("points compared", len(errors)),
            figure("largest relative error", max(errors), 1e-12),
            figure("thousand evaluations/s at K = 8", speed[8], 150, larger=True),
            figure("thousand evaluations/s at K = 64", speed[64], 25, larger=True),
            figure("times as fast as one call of scipy's hyperu, K = 8", speed[8] / scipy_speed),
        ],
        {
            "scipy.special.hyperu alone": [
                figure("largest relative error at K = 1", u_errors[1]),
                figure("largest relative error at K = 8", u_errors[8]),
                figure("largest relative error at K = 48 (1: nan or no digit)", u_errors[48]),
                figure("thousand evaluations/s at K = 8", scipy_speed),
            ],
            "mpmath.hyperu alone": [figure("thousand evaluations/s at K = 8", mp_speed)],
        },
        series={"isacnb": series(where, errors)},
    )


def expn() -> dict:
    """Measure x e^x E_k(x) against the naive product and the Tricomi form."""
    x = 10 ** np.linspace(-6, 8, 113)
    errors = {"isacnb": [], "x * exp(x) * expn(k, x)": [], "x * hyperu(1, 2 - k, x)": []}
    where = []
    for k in (1, 2, 4, 8, 16, 32, 64):
        balls = [certified_scaled_expn(k, v) for v in x.tolist()]
        with np.errstate(all="ignore"):
            values = (
                scaled_expn(k, x),
                x * np.exp(x) * scipy.special.expn(k, x),
                x * scipy.special.hyperu(1.0, 2.0 - k, x),
            )
        for name, found in zip(errors, values, strict=True):
            errors[name] += [relative_error(v, ball) for v, ball in zip(found, balls, strict=True)]
        where += [math.log10(v) for v in x.tolist()]
    naive = np.array(errors["x * exp(x) * expn(k, x)"])
    argument = np.array(where)
    many = 10 ** np.random.default_rng(12).uniform(-3, 5, 100_000)
    ours = seconds(lambda: scaled_expn(4, many))
    theirs = seconds(lambda: scipy.special.expn(4, many))
    return row(
        "expn",
        "x e^x E_k(x), k = 1 to 64, x from 1e-6 to 1e8",
        [
            figure("largest relative error", max(errors["isacnb"]), 1e-14),
            figure("million evaluations/s", many.size / ours / 1e6),
            figure("times as fast as scipy's expn alone", theirs / ours),
        ],
        {
            "x * exp(x) * expn(k, x)": [
                figure("log10 x from which no digit is right", argument[naive > 0.5].min()),
            ],
            "x * hyperu(1, 2 - k, x)": [
                figure("largest relative error", max(errors["x * hyperu(1, 2 - k, x)"]))
            ],
        },
        series={name: series(where, found) for name, found in errors.items()},
    )


FORMS = {
    "definite": [
        ([3.0, 1.0, 0.2], [1, 2, 5], [0.5, 0.0, 8.0]),
        ([1.0, 0.7, 0.45, 0.1], [2, 2, 2, 3], [0.0, 0.0, 0.0, 0.0]),
        ([1.0, 0.01], [2, 14], [6.0, 0.0]),
    ],
    "indefinite": [
        ([2.0, -1.0], [3, 3], [0.0, 0.0]),
        ([1.0, 0.4, -0.7], [1, 3, 1], [2.0, 0.0, 5.0]),
        ([1.0, -0.05], [2, 14], [12.0, 1.0]),
    ],
}
LEVELS = (-2, -4, -6, -8, -10, -13, -16, -20, -25, -30)


def threshold(form: tuple, level: float, upper: bool) -> float:
    """Return an x at which the chosen tail is about 10^level."""
    law = GenChi2(*form)
    log_tail = law.logsf if upper else law.logcdf
    w, d, n = map(np.asarray, form)
    mean, deviation = np.sum(w * (d + n)), math.sqrt(2 * np.sum(w * w * (d + 2 * n)))

    def miss(x):
        return max(float(log_tail(x)), -1e4) - level * math.log(10)

    positive = w.min() > 0
    if upper or not positive:
        far = mean + (300 if upper else -300) * deviation
        return scipy.optimize.brentq(miss, *sorted((mean, far)), xtol=1e-6)
    return math.exp(
        scipy.optimize.brentq(lambda t: miss(math.exp(t)), -200, math.log(mean), xtol=1e-6)
    )


def inversion(x: float, form: tuple, upper: bool) -> float:
    """Return the tail by Imhof's integral on the real axis with scipy's quadrature."""
    w, d, n = map(np.asarray, form)

    def integrand(u):
        angle = 0.5 * np.sum(d * np.arctan(w * u) + n * w * u / (1 + (w * u) ** 2)) - 0.5 * x * u
        rho = np.prod((1 + (w * u) ** 2) ** (d / 4)) * np.exp(
            0.5 * np.sum(n * (w * u) ** 2 / (1 + (w * u) ** 2))
        )
        return np.sin(angle) / (u * rho)

    half = scipy.integrate.quad(integrand, 0, np.inf)[0] / np.pi
    return 0.5 + half if upper else 0.5 - half


def genchi2_methods() -> dict:
    """Return a function (x, form, upper) for each method that is installed."""
    methods = {
        "isacnb": lambda x, form, upper: (GenChi2.sf if upper else GenChi2.cdf)(GenChi2(*form), x),
        "scipy.integrate.quad of Imhof's integral": inversion,
    }
    if gx2 is not None:
        side = {True: "upper", False: "lower"}
        methods["gx2, method auto"] = lambda x, form, upper: gx2.cdf(
            x, *form, 0, 0, side=side[upper]
        )
        methods["gx2, method imhof in vpa"] = lambda x, form, upper: gx2.cdf(
            x, *form, 0, 0, side=side[upper], method="imhof", precision="vpa"
        )
        methods["gx2, method ray"] = lambda x, form, upper: gx2.cdf(
            x, *form, 0, 0, side=side[upper], method="ray"
        )
    if momentchi2 is not None:

        def three_cumulants(x, form, upper):
            weights, dof, noncentrality = form
            if min(weights) < 0 or max(noncentrality) > 0:
                return None  # outside its domain: no figure
            lower = momentchi2.hbe(coeff=np.repeat(weights, dof).tolist(), x=x)
            return 1 - lower if upper else lower

        methods["momentchi2, method hbe"] = three_cumulants
    return methods


def genchi2() -> dict:
    """Measure definite and indefinite forms, both tails, 1e-2 to 1e-30."""
    points = []
    for kind, forms in FORMS.items():
        for form in forms:
            for upper in (True, False):
                for level in LEVELS:
                    x = threshold(form, level, upper)
                    certified = certified_genchi2_sf if upper else certified_genchi2_cdf
                    points.append((kind, x, form, upper, certified(x, GenChi2(*form))))
    results, lines = {}, {}
    for name, method in genchi2_methods().items():
        used, errors, elapsed = [], [], 0.0
        for kind, x, form, upper, ball in points:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                found = []

                def run(found=found, x=x, form=form, upper=upper, method=method):
                    found[:] = [method(x, form, upper)]

                try:
                    time = seconds(run, repeat=1)
                except (ArithmeticError, ValueError, IndexError):
                    found, time = [math.nan], 0.0
            if found[0] is None:
                continue
            elapsed += time
            used.append((kind, log10(ball)))
            errors.append(relative_error(np.asarray(found[0]).item(), ball))
        results[name] = (used, errors, 1e3 * elapsed / len(errors))
        for kind in FORMS:
            chosen = [(p, e) for (k, p), e in zip(used, errors, strict=True) if k == kind]
            if chosen:
                lines[f"{name}, {kind}"] = series(*zip(*chosen, strict=True))

    def figures(name):
        used, errors, milliseconds = results[name]
        at = {
            level: [e for (_, p), e in zip(used, errors, strict=True) if abs(p - level) < 0.5]
            for level in (-2, -6, -13, -30)
        }
        found = [
            figure(f"median relative error at 1e{level}", np.median(at[level])) for level in at
        ]
        found += [
            figure("largest relative error at 1e-2", max(at[-2])),
            figure("milliseconds a point", milliseconds),
        ]
        return found

    used, errors, milliseconds = results.pop("isacnb")
    many = np.linspace(0.1, 60, 1000)
    vector = seconds(lambda: GenChi2(*FORMS["indefinite"][1]).sf(many))
    return row(
        "genchi2",
        "Generalised chi-square, definite and indefinite, both tails, 1e-2 to 1e-30",
        [
            figure("points compared", len(points)),
            figure(
                "largest relative error, definite forms",
                max(e for (k, _), e in zip(used, errors, strict=True) if k == "definite"),
                1e-12,
            ),
            figure(
                "largest relative error, indefinite forms",
                max(e for (k, _), e in zip(used, errors, strict=True) if k == "indefinite"),
                1e-12,
            ),
            figure("milliseconds a point, one at a time", milliseconds, 3),
            figure("milliseconds a point, 1,000 at a time", vector, 3),
        ],
        {name: figures(name) for name in results},
        series=lines,
        smallest_error_shown=TINY,
    )
