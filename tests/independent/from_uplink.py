"""Uplink verdicts, computed again: matrices of the pilot, Rice tails, Poisson distances by quadrature.

The pair's observation is y = sqrt(P_U T) h + sqrt(P_T T) G w + n with h of Section 2, G w =
sqrt(beta N) zeta a. Powers and noise as in Section 5.1: 0 dB is 1 W, and N_0 is 1e-11 or 1e-8 W.
"""

import itertools
from functools import cache

import numpy as np
from quoted import Quoted
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import gammainc, i0e, roots_legendre
from scipy.stats import gamma, ncx2

C0, ALPHA, LEVEL = 1e-3, 2.8, 10**1.8
KIND, OTHER = 1e-11, 1e-8
RNG = np.random.default_rng(20250924)


def db(value):
    return 10 * np.log10(value)


def rice_tail(snr, level):
    """P(|sqrt(snr) + w|^2 > level) for w complex normal of unit power, by quadrature of Rice's density."""
    mean, edge = np.sqrt(snr), np.sqrt(level)

    def density(r):
        return 2 * r * np.exp(-((r - mean) ** 2)) * i0e(2 * r * mean)

    if mean > edge + 1:
        return 1 - quad(density, max(0.0, mean - 9), edge, epsabs=0, epsrel=1e-10)[0] * (
            edge > mean - 9
        )
    # far out the density falls within 1/(edge - mean)
    top = mean + np.hypot(max(edge - mean, 0), 7)
    points = np.linspace(edge, top, 5)
    return sum(
        quad(density, a, b, epsabs=0, epsrel=1e-10)[0] for a, b in itertools.pairwise(points)
    )


@cache
def snr_for(probability, level=LEVEL):
    """Signal-to-noise ratio at which a statistic of unit noise passes the level so often."""
    return brentq(lambda s: rice_tail(s, level) - probability, 1e-9, 60 * (level + 10), xtol=1e-9)


class Pair:
    """Moments of one pair from matrices: scattering, echo, noise of y over sqrt(P_U T)."""

    def __init__(
        self, N, user=25.0, target=10.0, p_t=0.1, noise=KIND, kappa=1.0, echo_over_user=None
    ):
        self.N, T = N, 64
        self.a = np.exp(1j * np.pi * 0.3 * np.arange(N))
        self.mu = C0 * user**-ALPHA / (1 + kappa)
        u, beta = T * self.mu, C0 * target ** (-2 * ALPHA)
        x = p_t * T * N * beta
        if echo_over_user is not None:
            x = echo_over_user * u
        self.u, self.x, self.n, self.p_t = u, x, noise, p_t
        one = np.eye(N)
        self.cov_y = (u + noise) * one + x * np.outer(self.a, self.a.conj())
        self.cross = u * one  # of sqrt(P_U T) h and y
        self.c = u / (u + x + noise)  # the printed gain
        self.best = np.linalg.solve(self.cov_y.T, self.cross.T).T

    def error(self, gain):
        """E ||h - h-hat||^2 / (N mu) of any linear estimate."""
        gain = gain * np.eye(self.N) if np.ndim(gain) == 0 else gain
        cov = self.u * np.eye(self.N) - gain @ self.cross.conj().T - self.cross @ gain.conj().T
        cov = cov + gain @ self.cov_y @ gain.conj().T
        return np.trace(cov).real / (self.N * self.u)

    @property
    def printed_error(self):
        return (self.x + self.n) / (self.u + self.x + self.n)

    @property
    def snr_printed(self):
        return self.N * self.x / (self.n + self.u * self.printed_error)

    @property
    def residual(self):
        """Mean and variance of a^H r at zeta = 1, from r = y - sqrt(P_U T) h-hat; and the printed power."""
        projector = (1 - self.c) * self.a.conj()
        quiet = (self.u + self.n) * np.eye(self.N)
        mean = abs(projector @ (np.sqrt(self.x) * self.a))
        variance = (projector @ quiet @ projector.conj()).real
        return mean, variance, self.N * (self.n + self.u * self.printed_error)

    @property
    def snr(self):
        mean, variance, _ = self.residual
        return mean**2 / variance

    def found_by_printed_test(self, level=LEVEL):
        mean, variance, printed = self.residual
        return rice_tail(mean**2 / variance, level * printed / variance)


# ---------------------------------------------------------------- networks
NODES, WEIGHTS = roots_legendre(400)


def over_targets(K):
    """Points and weights of pi lambda d^2 of the K-th target, a gamma variable."""
    edges = np.concatenate([[0.0], np.geomspace(1e-4, 60 + K, 12)])
    g = np.concatenate([(b - a) / 2 * NODES + (a + b) / 2 for a, b in itertools.pairwise(edges)])
    w = np.concatenate([(b - a) / 2 * WEIGHTS for a, b in itertools.pairwise(edges)])
    return g, w * gamma.pdf(g, K)


class Network:
    """Coverage over the distances of the K-th user and the K-th target."""

    def __init__(self, N=64, K=4, noise=KIND, p_u=1.0, p_t=0.1, lam_u=1e-4, lam_t=1e-3, kappa=1.0):
        self.N, self.K, self.n = N, K, noise
        g, self.w = over_targets(K)
        beta = C0 * (g / (np.pi * lam_t)) ** -ALPHA
        self.x = p_t * 64 * N * beta
        self.scale, self.lam_u = p_u * 64 * C0 / (1 + kappa), lam_u

    def chance(self, low, high):
        """P(low <= u <= high) of the user's energy u, limits that depend on the target."""

        def below_distance(u):  # P(user's energy >= u)
            with np.errstate(divide="ignore", over="ignore"):
                d2 = np.where(u > 0, (self.scale / np.maximum(u, 1e-300)) ** (2 / ALPHA), np.inf)
            return gammainc(self.K, np.pi * self.lam_u * d2)

        return float(self.w @ np.maximum(below_distance(low) - below_distance(high), 0.0))

    def printed_least(self, nmse):
        return (self.x + self.n) * (1 - nmse) / nmse

    def printed_most(self, probability):
        """Greatest u at which N x / (N_0 + u rho) reaches the demand, rho the printed error."""
        room = self.N * self.x / snr_for(probability) - self.n
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(
                room <= 0,
                0.0,
                np.where(
                    room >= self.x + self.n,
                    np.inf,
                    room * (self.x + self.n) / (self.x + self.n - room),
                ),
            )

    def best_most(self, probability, level=LEVEL):
        return np.maximum(self.N * self.x / snr_for(probability, level) - self.n, 0.0)

    def best_least(self, nmse):
        """Least u at which the error of the best estimate, summed over directions, is small enough."""
        N, x, n = self.N, self.x, self.n
        if n == 0:
            return N * x * (1 / (N * nmse) - 1) if N * nmse < 1 else 0 * x
        low, high = np.full(x.shape, -80.0), np.full(x.shape, 80.0)
        for _ in range(90):
            u = np.exp((low + high) / 2)
            error = ((N * x + n) / (u + N * x + n) + (N - 1) * n / (u + n)) / N
            high, low = (
                np.where(error <= nmse, np.log(u), high),
                np.where(error <= nmse, low, np.log(u)),
            )
        return np.exp(high)

    def printed(self, nmse=None, probability=None):
        low = 0 * self.x if nmse is None else self.printed_least(nmse)
        high = np.inf + 0 * self.x if probability is None else self.printed_most(probability)
        return self.chance(low, high)

    def best(self, nmse=None, probability=None):
        low = 0 * self.x if nmse is None else self.best_least(nmse)
        high = np.inf + 0 * self.x if probability is None else self.best_most(probability)
        return self.chance(low, high)

    def averaged(self, nmse, probability):
        """Best estimate and matched filter, detection averaged over a complex normal reflection."""
        low = 0 * self.x if nmse is None else self.best_least(nmse)
        most = self.N * self.x / mean_snr_for(probability) - self.n
        return self.chance(low, np.maximum(most, 0.0))

    def paper_system(self, nmse, probability, level=LEVEL):
        """Printed estimator and printed test of its residual, without noise: both see q = x / u."""
        N = self.N

        def found(q):
            return rice_tail(N * q, level * (1 + q) / q)

        q = np.exp(brentq(lambda t: found(np.exp(t)) - probability, -8, 12, xtol=1e-10))
        low = 0 * self.x if nmse is None else self.printed_least(nmse)
        return self.chance(low, self.x / q)


def own_pilots(nmse, probability):
    """Channel and echo each from a pilot of their own: two independent events."""
    net = Network()
    near = gammainc(4, np.pi * 1e-4 * (net.scale / (KIND * (1 - nmse) / nmse)) ** (2 / ALPHA))
    edge = (0.1 * 64 * 64**2 * C0 / (KIND * snr_for(probability))) ** (1 / ALPHA)
    seen = gammainc(4, np.pi * 1e-3 * edge)
    return float(near * seen)


@cache
def inverse_power(N=64, kappa=1.0):
    """E{||scattered||^2 / ||h||^2} and E{N mu / ||h||^2} from densities of the parts of h.

    2 ||h||^2 / mu is noncentral chi-squared; the first by the part along the line of sight.
    """
    power = ncx2(2 * N, 2 * N * kappa)
    inverse = quad(lambda t: power.pdf(t) * 2 / t, 0, 40 * N, limit=400, points=[2 * N, 8 * N])[0]
    # Stein: E{(h - m)^H h / ||h||^2} = (N - 1) E{1 / ||h||^2}; and m^H h = ||m||^2 + m^H (h - m)
    # ||h - m||^2 = ||h||^2 - 2 Re m^H h + ||m||^2, with (h - m)^H h = ||h||^2 - m^H h
    cross = 1 - (N - 1) * inverse  # E{m^H h / ||h||^2}
    return 1 - 2 * cross + N * kappa * inverse, N * inverse


def ratio_demand(nmse):
    """Printed error at which the mean of ||e||^2 / ||h||^2 is so great."""
    scattered, white = inverse_power()

    def mean_ratio(rho):  # gain 1 - rho; echo and noise have rho / (1 - rho) of N mu
        return rho**2 * scattered + (1 - rho) * rho * white

    return brentq(lambda rho: mean_ratio(rho) - nmse, 0, 0.5)


def averaged_floor(probability, N=64):
    """Least error without noise at a detection probability that is averaged over zeta."""
    pair = Pair(N, noise=0.0, echo_over_user=mean_snr_for(probability) / N)
    return db(pair.error(pair.best))


def mean_ratio_gap():
    """Printed error over E{||e||^2 / ||h||^2} in dB, channels drawn; with its standard error."""
    pair, size = Pair(64), 400_000
    along = np.sqrt(64.0) + (RNG.standard_normal(size) + 1j * RNG.standard_normal(size)) / np.sqrt(
        2
    )
    across = RNG.gamma(63, size=size)
    scattered = np.abs(along - 8) ** 2 + across
    c = pair.c
    # mean of ||e||^2 over echo and noise, given the channel
    error = (1 - c) ** 2 * scattered + c**2 * 64 * (pair.x + pair.n) / pair.u
    ratio = error / (np.abs(along) ** 2 + across)
    mean = ratio.mean()
    return db(pair.printed_error / mean), 10 / np.log(10) * ratio.std() / np.sqrt(size) / mean


def drawn_low_threshold():
    """Detections of the printed test at threshold 0.3, N = 16, all of the observation drawn."""
    pair, size = Pair(16), 100_000

    def normal(*shape):
        return (RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)) / np.sqrt(2)

    zeta = np.exp(2j * np.pi * RNG.random((size, 1)))
    scattered = np.sqrt(pair.u) * normal(size, 16)
    y = scattered + np.sqrt(pair.x) * zeta * pair.a + np.sqrt(pair.n) * normal(size, 16)
    r = y - pair.c * y
    statistic = np.abs(r @ pair.a.conj()) ** 2 / pair.residual[2]
    hit = statistic > 0.3
    return hit.mean(), hit.std() / np.sqrt(size)


def imbalance():
    """NMSE with the gain times 0.3 and 1, and detections at 5 % false alarms; target at 8.5 m, N = 16."""
    pair = Pair(16, target=8.5)
    errors = [db(pair.error(f * pair.c)) for f in (0.3, 1.0)]
    return (*errors, rice_tail(pair.snr, -np.log(0.05)))


@cache
def quoted():
    out = []

    def say(claim, pattern, *values, errors=()):
        out.append(
            Quoted(f"coupling.{claim}", pattern, tuple(float(v) for v in values), tuple(errors))
        )

    p16, p64 = Pair(16), Pair(64)
    say("mmse", "an error # dB above the least", db(p64.error(p64.c) / p64.error(p64.best)))
    gap, gap_error = mean_ratio_gap()
    say("eq4", "printed NMSE is # dB above the mean of the ratio", gap, errors=(gap_error,))
    share = p16.residual[0] / (np.sqrt(p16.x) * 16)  # of the echo in the residual
    say("eq5", "keeps # % of the echo", 100 * share)
    say("eq6", "known factor $#-c_k$", share + p16.c)
    say(
        "eq7",
        "is # % of the reflection",
        100 * share,
    )
    scale = p16.residual[2] / p16.residual[1]
    say(
        "glrt",
        "is # times too small: a threshold of # dB acts like # dB",
        scale,
        18,
        18 + db(scale),
    )
    say("residual-law", "$S$ is # where # is printed", p64.snr, p64.snr_printed)

    by_printed = rice_tail(p64.snr_printed, LEVEL)
    by_test, by_filter = p64.found_by_printed_test(), rice_tail(p64.snr, LEVEL)
    say("eq8", "printed #, printed test $#$, matched filter $#$", by_printed, by_test, by_filter)
    say(
        "fig2",
        "printed detection probability is #, that of the paper's test $#$, of the matched filter, "
        "other targets absent, $#$",
        by_printed,
        by_test,
        by_filter,
    )
    # averaged over a complex normal reflection the statistic is exponential
    mean, variance, printed = p64.residual
    say(
        "fig2",
        "they are #, $#$ and #",
        np.exp(-LEVEL / (1 + p64.snr_printed)),
        np.exp(-LEVEL * printed / (variance + mean**2)),
        np.exp(-LEVEL / (1 + p64.snr)),
    )

    still, kind, other = Network(noise=0.0), Network(), Network(noise=OTHER)
    say(
        "noise-uplink",
        "falls from # to #, or to less than",
        still.printed(0.01, 0.5),
        kind.printed(0.01, 0.5),
    )
    say(
        "noise-uplink",
        "sensing coverage at $|\\zeta|=#$ is # or #, and # without",
        1,
        kind.best(None, 0.5),
        other.best(None, 0.5),
        still.best(None, 0.5),
    )
    say(
        "noise-uplink",
        "sensing coverage is # ($N_#/P_U=#$) or # ($#$)",
        kind.printed(None, 0.5),
        0,
        KIND,
        other.printed(None, 0.5),
        OTHER,
    )
    say(
        "noise-uplink",
        "dB is # or # in place of #",
        kind.printed(0.01),
        other.printed(0.01),
        still.printed(0.01),
    )
    say("settings", "probability $#$", np.exp(-LEVEL))
    say(
        "settings",
        "is # in the first and # in the second, against # without",
        kind.printed(None, 0.5),
        other.printed(None, 0.5),
        still.printed(None, 0.5),
    )
    say("eq9", "needs # dB more power", db(mean_snr_for(0.9275) / snr_for(0.9275)))
    say("eq10", "printed coverage is #. With", still.printed(0.01))
    by_ratio = ratio_demand(0.01)
    say(
        "eq10",
        "over $N\\mu_K$ has # and #, the mean of the ratio # and #",
        *(net.printed(0.01) for net in (kind, other)),
        *(net.printed(by_ratio) for net in (kind, other)),
    )
    say("eq10", "angle has # in place of #", kind.best(0.01), kind.printed(0.01))
    say(
        "eq11",
        "matched filter is # in place of # at demand # and # in place of # at #;",
        still.best(None, 0.5),
        still.printed(None, 0.5),
        0.5,
        still.best(None, 0.9275),
        still.printed(None, 0.9275),
        0.9275,
    )
    say(
        "eq11",
        "test of the residual has # and #",
        still.paper_system(None, 0.5),
        still.paper_system(None, 0.9275),
    )
    say("eq11", "they are # and #", still.averaged(None, 0.5), still.averaged(None, 0.9275))
    say("rem1", "two bounds are # and $#$", rice_tail(64, LEVEL), np.exp(-LEVEL))
    nested = Network(N=8, noise=0.0, p_t=10.0)
    q = snr_for(0.3, 3.0)
    printed_nested = nested.chance(
        nested.printed_least(0.6), np.inf if q <= 8 else 8 * nested.x / (q - 8)
    )
    say(
        "eq12",
        "printed coverage is #, that of the paper's estimator and test #, "
        "that of best affine estimate and matched filter #;",
        printed_nested,
        nested.paper_system(0.6, 0.3, 3.0),
        nested.chance(nested.best_least(0.6), nested.best_most(0.3, 3.0)),
    )
    say(
        "eq13",
        "(#, #) the printed coverage is #, that of best affine estimate and matched filter, "
        "without echoes of other targets, # at $|\\zeta|=#$ and # with",
        0.03,
        0.5,
        still.printed(0.03, 0.5),
        kind.best(0.03, 0.5),
        1,
        kind.averaged(0.03, 0.5),
    )

    scaled = [Network(p_u=f, p_t=0.1 * f).printed(0.03, 0.5) for f in (1.0, 100.0, 0.01)]
    say(
        "rem2-power",
        "formulas give # at (#, #), # with both powers a hundredfold, and $#$ with a hundredth",
        scaled[0],
        0.03,
        0.5,
        scaled[1],
        scaled[2],
    )
    dense = Network(noise=OTHER, lam_u=4e-4, lam_t=2e-3)
    say(
        "rem2-density",
        "matched filter at (#, #) by #",
        0.03,
        0.3,
        dense.best(0.03, 0.3) / other.best(0.03, 0.3),
    )
    say(
        "rem2-density",
        "at −# dB from # to #",
        20,
        kind.printed(0.01),
        Network(lam_u=4e-4, lam_t=2e-3).printed(0.01),
    )
    # noise-free borders: the echo at which the demand is just met, and the errors there
    borders, averaged = [], []
    for noncentrality in (130.0, 176.0):
        s = noncentrality / 2
        pair = Pair(64, noise=0.0, echo_over_user=s / 64)
        assert abs(pair.snr - s) < 1e-9 * s
        # the printed noncentrality is met where N x / (u rho) = s, rho = x / (u + x)
        q = s / 64 - 1
        borders.append(
            (
                db(q / (1 + q)),
                db(pair.error(pair.c)),
                db(pair.error(pair.best)),
                rice_tail(s, LEVEL),
            )
        )
        mean_snr = mean_snr_for(borders[-1][3])
        pair = Pair(64, noise=0.0, echo_over_user=mean_snr / 64)
        averaged.append((db(pair.error(pair.best)), db(pair.error(pair.c))))
    low, high = borders
    # an echo of known modulus hides the tangent at its phase: one of 2 N real directions
    hidden = db(1 / (2 * 64))
    say("cor1", "probability of # %,", 100 * high[3])
    say(
        "cor1",
        "estimate can be # dB where # dB is called the least, and that of the channel's conditional "
        "mean as near # dB",
        high[2],
        high[0],
        hidden,
    )
    say("cor1", "estimator it is at least # dB", high[1])
    say("cor1", "floors are # dB for estimators of any kind and # dB for", *averaged[1])
    say(
        "fig5-numbers",
        "know the angle is # and # dB, that of the paper's estimator # and # dB",
        low[2],
        high[2],
        low[1],
        high[1],
    )
    say(
        "fig5-numbers",
        "of any kind is # and # dB, that of the paper's # and # dB",
        averaged[0][0],
        averaged[1][0],
        averaged[0][1],
        averaged[1][1],
    )
    say("fig5-numbers", "deterioration of # dB", high[0] - low[0])
    say("fig5-numbers", "price of detection is # dB", high[2] - low[2])
    say("fig5-numbers", "first value, # dB", low[0])
    worse, better, found = imbalance()
    say("imbalance", "improves from # to # dB and the detections stay at #", worse, better, found)

    # 1 / Psi at rho = 1/2 and kappa = 1 is 1 / (N (1 + mean quality))
    quality = [1 - 10 ** (b / 10) for b in high[:3]]
    say(
        "rem4",
        "least interference # printed, # with the paper's gain, # with the best affine",
        *(1 / (64 * (1 + value)) for value in quality),
    )
    near = Pair(64, target=7.2)
    found = rice_tail(near.snr, LEVEL)
    border = 1 - 64 / near.snr  # where the printed detection probability is met
    say(
        "best-achievable",
        "probability of # the drawn error is # dB, where # dB was called",
        found,
        db(near.error(near.best)),
        db(border),
    )
    say("pilot-shortage", "and detection probability # is #", 0.5, own_pilots(0.01, 0.5))
    say("pilot-shortage", "and # is printed for shared", still.printed(0.01, 0.5))
    say("pilot-shortage", "it is # for affine estimates", kind.best(0.01, 0.5))
    # near its floor of 1 / (2 N) < 0.01 the conditional mean is held by the detection alone
    say("pilot-shortage", "without noise, # for the conditional", still.best(None, 0.5))
    say("pilot-shortage", "floor of the NMSE is then # dB", averaged_floor(0.5))

    level = snr_for(0.54)
    three = [dict(), dict(lam_u=4e-4, p_u=2.0), dict(lam_u=4e-4, lam_t=2e-3, p_u=3.0, p_t=0.3)]
    say(
        "fig3",
        "are #, #, # in place of #",
        *(Network(noise=0.0, **c).best(None, 0.54) for c in three),
        float(level <= 64),
    )
    big = Network(N=128, noise=0.0)
    say(
        "fig4",
        "sensing coverage # at $|\\zeta|=#$, and # with the detection averaged",
        big.best(None, 0.9275),
        1,
        big.averaged(None, 0.9275),
    )
    say(
        "fig4",
        "in place of #; communication coverage # in place of #",
        big.printed(None, 0.9275),
        big.best(0.01),
        big.printed(0.01),
    )
    few, many = ({K: Network(N=N, K=K, noise=0.0) for K in (1, 4, 8)} for N in (16, 64))
    seen = {K: [net[K].printed(None, 0.9275) for net in (few, many)] for K in few}
    missed = {K: [1 - net[K].printed(0.01) for net in (few, many)] for K in few}
    say(
        "fig4",
        "coverage grows #-fold at $K=#$ and #-fold at $K=#$, the communication outage #-fold and #-fold",
        seen[1][1] / seen[1][0],
        1,
        seen[4][1] / seen[4][0],
        4,
        missed[1][1] / missed[1][0],
        missed[4][1] / missed[4][0],
    )
    say(
        "fig4",
        "rises by # at $K=#$ and by # at",
        100 * (seen[1][1] - seen[1][0]),
        1,
        100 * (seen[8][1] - seen[8][0]),
    )
    # the surfaces rise with the tolerated error and fall with the demand: their largest value is at the corner
    loosest = 10**-0.05
    corner = (
        still.printed(loosest, 0.01),
        still.paper_system(loosest, 0.01),
        kind.best(loosest, 0.01),
        own_pilots(loosest, 0.01),
    )
    say(
        "fig5",
        "is # as printed, # for the paper's estimator and test, # for best affine estimate and matched "
        "filter, and # with pilots",
        *corner,
    )
    say("fig5", "have at most #", kind.averaged(loosest, 0.01))
    say(
        "eq13",
        "printed surface reaches #, theirs # at",
        still.printed(10**-0.01, 0.01),
        kind.best(10**-0.01, 0.01),
    )
    hit, hit_error = drawn_low_threshold()
    say(
        "validation",
        "probability is # and the drawn one # ±",
        rice_tail(p16.snr_printed, 0.3),
        hit,
        errors=(0, hit_error),
    )
    return out


def mean_snr_for(probability):
    """Mean ratio at which a reflection of complex normal law is detected so often: exp(-eps / (1 + S))."""
    return LEVEL / -np.log(probability) - 1


if __name__ == "__main__":
    for entry in quoted():
        print(entry)
