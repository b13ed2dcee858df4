"""Rician verdicts on the angle bound, computed again.

R = sum of w w^H over the beams; the information of the angle is that of the traces of (11) for centred
arrays, |bdot|^2 a^H R a + M (adot^H R adot - |a^H R adot|^2 / a^H R a). A design's loss is the straight
beam's information over its own; the outage is cos^2(theta) < level times loss.

With u = sin(theta), v = sin(phi), d = |u - v|: given d, a target uniform in angle has the density
[(1 - u^2)(1 - (u - d)^2)]^(-1/2) on (d - 1, 1), whose integrals are elliptic ones of Legendre's first kind.
"""

from functools import cache

import numpy as np
import sympy as sp
from from_rician import FACTORS, array_sum, between, dpc_share, joint_given, noncentral, steering
from quoted import Quoted
from scipy.optimize import brentq
from scipy.special import ellipk, ellipkinc, gammaincc, gammaincinv, gammaln, i0e, ndtr, ndtri
from scipy.stats import qmc

RNG = np.random.default_rng(20261127)


class Averages:
    """Points for d, T/sqrt(N), the slope's part and the rest of the channel, uniform angles."""

    def __init__(self, N, K, points=1024, scrambles=8, seed=0):
        u = np.concatenate(
            [
                qmc.Sobol(8, rng=np.random.default_rng([seed, 41, i])).random(points)
                for i in range(scrambles)
            ]
        )
        u = np.clip(u, 1e-14, 1 - 1e-14)
        theta, phi = np.pi * (u[:, 0] - 0.5), np.pi * (u[:, 1] - 0.5)
        d = np.sin(theta) - np.sin(phi)
        self.N, self.K, self.scrambles, self.d = N, K, scrambles, np.abs(d)
        S = array_sum(d, N)
        # adot^H a(phi) over |adot|: the derivative of S over that of the array
        n = np.arange(N) - (N - 1) / 2
        slope = np.sin(np.pi * np.outer(d, n)) @ n / np.sqrt((n**2).sum())
        los, sigma = np.sqrt(K / (K + 1)), np.sqrt(1 / (K + 1) / 2)
        g = ndtri(u[:, 2:7])
        self.T = los * S / np.sqrt(N) + sigma * (g[:, 0] + 1j * g[:, 1])
        self.slope = (los * slope + sigma * g[:, 2]) ** 2 + (sigma * g[:, 3]) ** 2
        rest = los * np.sqrt(np.maximum(N - S**2 / N - slope**2, 0))
        rest = (rest + sigma * g[:, 4]) ** 2 + 2 * sigma**2 * gammaincinv(N - 2.5, u[:, 7])
        self.gain = np.abs(self.T) ** 2
        self.Z = self.gain + self.slope + rest
        self.modulus = np.maximum(1 - self.d**2 / 4, 0)
        self.whole = ellipk(self.modulus)

    def beyond(self, u, at):
        """Share of targets with sin(theta) > u given d, u from d - 1 to 1, at some of the points."""
        u, d = u[at], self.d[at]
        s = 2 * (1 - u) / ((2 - d) * (d + 1 - u))
        share = np.zeros(self.d.shape)
        share[at] = (
            ellipkinc(np.arcsin(np.sqrt(np.clip(s, 0, 1))), self.modulus[at]) / self.whole[at]
        )
        return share

    def outages(self, level, loss):
        reach = np.clip(level * loss, 0, 1)
        m = np.sqrt(1 - reach)
        if self.K == 0:  # the loss does not depend on the angles
            share = 1 - 2 / np.pi * np.arcsin(m)
        else:
            share = self.beyond(np.maximum(m, self.d - 1), reach < 1)
            share = share + self.beyond(self.d + m, (self.d + m < 1) & (reach < 1))
            share = np.where(reach < 1, share, 1.0)
        return share.reshape(self.scrambles, -1).mean(axis=1)

    def outage(self, level, loss):
        v = self.outages(level, loss)
        return v.mean(), v.std(ddof=1) / np.sqrt(self.scrambles)

    def one_beam(self, xi, phase=0.0):
        """Loss of xi h/sqrt(..) and a, both of amplitude one at the target: 1 + power elsewhere over there."""
        there = self.gain if np.isinf(xi) else np.abs(self.T + np.exp(1j * phase) / xi) ** 2
        return 1 + (self.Z - self.gain) / there

    def two_beams(self, share, M, slope=None):
        G = (self.N**2 - 1) / (M**2 - 1)
        at = share * self.gain / self.Z + 1 - share
        part = self.slope / self.Z if slope is None else slope
        # adot^H R adot less what the reflection takes
        return 1 / (at + share * (1 - share) * G * part / at)


@cache
def averages(N, K, points=1024, seed=0):
    return Averages(N, K, points, seed=seed)


XI = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, np.inf)
PHASES = (0.0, np.pi / 2, np.pi)
LEVELS = (0.5, 0.3, 0.1, 0.03, 0.01, 0.001)


@cache
def one_beam_tables(seed):
    """Outages by N, K, phase, xi, level."""
    table = np.zeros((3, 3, 3, 7, 6))
    for i, N in enumerate((8, 16, 64)):
        for k, K in enumerate(FACTORS):
            c = averages(N, K, 1024, seed)
            for f, phase in enumerate(PHASES):
                for x, xi in enumerate(XI):
                    if np.isinf(xi) and f:
                        table[i, k, f, x] = table[i, k, 0, x]
                        continue
                    loss = c.one_beam(xi, phase)
                    table[i, k, f, x] = [c.outages(level, loss).mean() for level in LEVELS]
    return table


def one_beam_counts(table):
    """Cells in which K = 1 is below and above K = 0; those where K = 10 is lowest and highest."""
    rayleigh, moderate, strong = np.moveaxis(table, 1, 0)
    outer = np.sort([rayleigh, moderate], axis=0)
    cells = [
        moderate < 0.99 * rayleigh,
        moderate > 1.01 * rayleigh,
        strong < 0.99 * outer[0],
        strong > 1.01 * outer[1],
    ]
    low, high = slice(0, 3), slice(4, 7)
    rows = [[c[:, f, low].sum() for c in cells] for f in range(3)]
    rows.append([c[:, :, high].sum() for c in cells])
    saved = (cells[2] & (strong > 0.9))[:, :, high].sum()
    return np.array([*np.ravel(rows), saved], float)


# ---------------------------------------------------------------- two beams at fixed angles
def split_given(level, theta, phi, N, M, K, share, size=1_000_000):
    """True outage, drawn."""
    d = np.sin(theta) - np.sin(phi)
    n = np.arange(N) - (N - 1) / 2
    los, sigma = np.sqrt(K / (K + 1)), np.sqrt(1 / (K + 1))
    S, along = array_sum(d, N), np.sin(np.pi * d * n) @ n / np.sqrt((n**2).sum())
    z = RNG.standard_normal((2, size, 2)).view(complex)[..., 0] / np.sqrt(2)
    t = np.abs(los * S / np.sqrt(N) + sigma * z[0]) ** 2
    s = np.abs(los * along + sigma * z[1]) ** 2
    rest = RNG.noncentral_chisquare(2 * (N - 2), 2 * K * (N - S**2 / N - along**2), size)
    Z = t + s + rest / (2 * (K + 1))
    at, G = share * t / Z + 1 - share, (N**2 - 1) / (M**2 - 1)
    hit = np.cos(theta) ** 2 * (at + share * (1 - share) * G * s / Z / at) < level
    return hit.mean(), hit.std() / np.sqrt(size)


def split_aligned(level, N, M, K, share, count=300):
    """True outage with user and target at broadside: the rest of the channel and its slope are scatter."""
    G, m = (N**2 - 1) / (M**2 - 1), np.sqrt(K / (K + 1) * N)
    x, wx = between(max(m - 8 / np.sqrt(K + 1), 0), m + 8 / np.sqrt(K + 1), count)
    density = 2 * (K + 1) * x * np.exp(-(K + 1) * (x - m) ** 2) * i0e(2 * (K + 1) * x * m)
    t = x[:, None] ** 2
    # the slope is a beta(1, N - 2) part of the rest, which is a gamma variable over K + 1
    low = (K + 1) * t * (share / (level - (1 - share)) - 1)
    v, wv = between(0.0, 1.0, count)
    rest = low + (60.0 + N) * v
    law = (60.0 + N) * wv * np.exp((N - 2) * np.log(rest) - rest - gammaln(N - 1))
    W = rest / (K + 1)
    at = share * t / (t + W) + 1 - share
    most = np.clip((level - at) * at * (t + W) / (share * (1 - share) * G * W), 0, 1)
    return float((wx * density) @ (law * (1 - (1 - most) ** (N - 2))).sum(axis=1))


def printed_bound(level, theta, phi, N, M, K, share, slope, gaussian):
    """Outage of the bound with a slope share of 0 or 1, by quadrature over T; ||h||^2 normal given T or not."""
    c, G = np.cos(theta) ** 2 / level, (N**2 - 1) / (M**2 - 1)
    # c (at + p_c p_s G slope/at) < 1 for at between two roots
    gap = np.sqrt(1 - 4 * c**2 * share * (1 - share) * G * slope)
    # outage: |T|^2/N over Z between the two
    few, ratio = ((at / (2 * c) - (1 - share)) / share for at in (1 - gap, 1 + gap))
    S = float(array_sum(np.sin(theta) - np.sin(phi), N))
    e1, e2 = np.sqrt(K / (K + 1)), 1 / (K + 1)
    x, w = between(-7, 7, 400)
    z = x + 1j * x[:, None]
    weight = w * w[:, None] * np.exp(-(np.abs(z) ** 2)) / np.pi
    T = e1 * S + np.sqrt(N * e2) * z
    t = np.abs(T) ** 2 / N
    if gaussian:
        mean = N + 2 * e1 * S / N * (T.real - e1 * S)
        spread = np.sqrt(N * e2**2 + 2 * e1**2 * e2 * (N - S**2 / N))
        tail = ndtr((mean - t / ratio) / spread)
        tail -= ndtr((mean - t / few) / spread) if few > 0 else 0
    else:
        most = noncentral(t / few - t, N - 1, N - S**2 / N, K) if few > 0 else 1
        tail = most - noncentral(t / ratio - t, N - 1, N - S**2 / N, K)
    return float((weight * tail).sum())


def rayleigh_outage(level, N, M, share):
    """Two beams, K = 0, uniform angles: averages over the three gamma parts of the channel."""
    return averages(N, 0.0, 8192).outage(level, averages(N, 0.0, 8192).two_beams(share, M))


def best_single(q, share):
    return np.where(share <= q, 1.0, (np.sqrt(q * share) + np.sqrt((1 - q) * (1 - share))) ** 2)


def near_optimal():
    """Share of channels in which two beams with coding are better; loss without coding; largest sum of
    the loss with coding and q on a grid."""
    q, p = np.meshgrid(np.linspace(0.001, 0.999, 400), np.linspace(0.001, 0.999, 400))
    largest = (best_single(q, p) / (p * q + 1 - p) + q).max()
    wins = []
    for K, N in ((0, 4), (1, 16), (10, 8)):
        h, a = (
            RNG.standard_normal((40_000, N, 2)).view(complex)[..., 0] / np.sqrt(2),
            steering(np.array([0.3]), N),
        )
        h = np.sqrt(K / (K + 1)) * steering(np.array([-0.1]), N)[0] + h / np.sqrt(K + 1)
        Z = (np.abs(h) ** 2).sum(axis=1)
        q = np.abs(h @ a[0][0].conj()) ** 2 / (N * Z)
        r = np.abs(h @ a[1][0].conj()) ** 2 / ((np.abs(a[1][0]) ** 2).sum() * Z)
        for share in (0.1, 0.5, 0.9):
            at = share * q + 1 - share
            wins.append(at + share * (1 - share) * r / at > best_single(q, share))
    by_channel = np.mean(wins, axis=1)
    needed = 100 / 16 / (1 + 100 / 16)
    return by_channel.mean(), 0.5 / np.sqrt(9 * 40_000), 1 / (needed / 16 + 1 - needed), largest


def slope_share(N, K, theta=0.3, phi=-0.4):
    """E|T'|^2 and |E T'|^2 over the squared norm of adot."""
    n = np.arange(N) - (N - 1) / 2
    mean = K / (K + 1) * (np.sin(np.pi * (np.sin(theta) - np.sin(phi)) * n) @ n) ** 2 / (n**2).sum()
    return mean + 1 / (K + 1), mean


def rank_of(beams):
    return np.linalg.matrix_rank(beams @ beams.conj().T)


def bound_quantile(delta, N, M=4, share=0.5):
    """Value of N times the bound, of cos = 1 and K = 0, exceeded with probability delta."""
    x, w = between(0.0, 1.0, 400)
    q = 1 - (1 - x**2) ** (1 / (N - 1.0))  # |T|^2/(N Z), a beta(1, N - 1) variable

    def below(level):
        at, G = share * q + 1 - share, (N**2 - 1) / (M**2 - 1)
        # r/(1 - q) is beta(1, N - 2)
        r = np.clip((level - at) * at / (share * (1 - share) * G * (1 - q)), 0, 1)
        return w @ (-np.expm1((N - 2) * np.log1p(-np.minimum(r, 1 - 1e-16))) * 2 * x)

    top = brentq(
        lambda s: below(np.exp(s)) - delta, np.log(0.50000001), np.log(10 * (1 + N)), xtol=1e-11
    )
    return np.exp(-top)


def one_beam_given(level, theta, phi, N, K, ratio):
    """Outage of ratio h + a: the power off the target's direction over that in it, quadrature over T."""
    S = float(array_sum(np.sin(theta) - np.sin(phi), N))
    x, w = between(-7, 7, 200)
    z = x + 1j * x[:, None]
    weight = w * w[:, None] * np.exp(-(np.abs(z) ** 2)) / np.pi
    T = np.sqrt(K / (K + 1) / N) * S + z / np.sqrt(K + 1)
    most = (np.cos(theta) ** 2 / level - 1) * np.abs(
        T + (np.sqrt(N) / ratio if ratio < np.inf else 0)
    ) ** 2
    if abs(S) > N - 1e-9:  # the rest is scatter: its upper tail in full
        return float((weight * gammaincc(N - 1, (K + 1) * most)).sum())
    return float((weight * (1 - noncentral(most, N - 1, N - S**2 / N, K))).sum())


def bound_exponent(probability, ratio, sizes=(64, 256)):
    """Exponent of N of the bound exceeded with a probability, angles 0.3 and -0.4, K = 1."""
    levels = []
    for N in sizes:
        top = np.log(np.cos(0.3) ** 2)
        low = top - 0.2
        while one_beam_given(np.exp(low), 0.3, -0.4, N, 1.0, ratio) > probability:
            low -= 0.5
        levels.append(
            brentq(
                lambda s, N=N: one_beam_given(np.exp(s), 0.3, -0.4, N, 1.0, ratio) - probability,
                low,
                top - 1e-9,
                xtol=1e-6,
            )
        )
    return -1 - (levels[1] - levels[0]) / np.log(sizes[1] / sizes[0])


@cache
def quoted():
    out = []

    def say(claim, pattern, *values, errors=()):
        out.append(
            Quoted(f"rician.{claim}", pattern, tuple(float(v) for v in values), tuple(errors))
        )

    # degrees of freedom: rank of the covariance of one beam, two beams, orthogonal waveforms
    N = 6
    draw = RNG.standard_normal((N, 2, 2)).view(complex)[..., 0]
    ranks = [rank_of(b) for b in (draw[:, :1] + draw[:, 1:], draw, np.eye(N))]
    assert ranks[2] == N
    say("lb-radar-dof", "has rank #, against # for", ranks[1], ranks[0])
    say(
        "lb-radar-dof",
        "only for N = #",
        next(n for n in range(2, 9) if rank_of(np.eye(n)) == ranks[1]),
    )

    # Fig. 1(c)
    tables = [one_beam_tables(seed) for seed in (0, 1)]
    counts = np.array([one_beam_counts(t) for t in tables])
    m, e = counts.mean(axis=0), np.abs(np.diff(counts, axis=0)[0]) / 2 + 0.25
    say(
        "fig1c",
        r"$\xi\le#/#$ # and # of # cells in phase, # and # at #°, # and # at #°;",
        *(1, 2, *m[[0, 1]], 54, *m[[4, 5]], 90, *m[[8, 9]], 180),
        errors=(0, 0, *e[[0, 1]], 0, *e[[4, 5]], 0, *e[[8, 9]], 0),
    )
    say("fig1c", r"$\xi\ge#$ # and # of #", 2, *m[[12, 13]], 162, errors=(0, *e[[12, 13]], 0))
    say(
        "fig1c",
        r"of three: # and #, # and #, # and #; for $\xi\ge#$ # and #.",
        *(*m[[2, 3, 6, 7, 10, 11]], 2, *m[[14, 15]]),
        errors=(*e[[2, 3, 6, 7, 10, 11]], 0, *e[[14, 15]]),
    )
    c = [averages(16, K, 8192) for K in (0.0, 1.0)]
    at = [x.outage(0.01, x.one_beam(np.inf)) for x in c]
    say(
        "fig1c",
        "N = #, level # the outage is # at K = # and # at K = #.",
        *(16, 0.01, at[1][0], 1, at[0][0], 0),
        errors=(0, 0, at[1][1], 0, at[0][1], 0),
    )
    falls = np.mean(tables, axis=0)
    falls = 100 * (falls[..., 1:, :] / falls[..., :-1, :] - 1)
    say("fig1c", "falls by up to # % in opposite", -falls[:, :, 2].min(), errors=(0.02,))
    fine = averages(64, 10.0, 8192, 3)
    step = fine.outages(0.03, fine.one_beam(4.0)) - fine.outages(0.03, fine.one_beam(np.inf))
    say(
        "fig1c",
        "in phase once by #, standard",
        step.mean(),
        errors=(step.std(ddof=1) / np.sqrt(8),),
    )

    # Fig. 2(a)
    start = 2 / np.pi * np.arcsin(np.sqrt(0.1))
    least = min(rayleigh_outage(0.1, 64, 4, p)[0] for p in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9))
    say("fig2a", "outage falls by # %", 100 * (1 - least / start), errors=(0.1,))
    c = averages(32, 10.0, 8192)
    value, error = c.outage(0.1, c.two_beams(0.1, 8))
    say("fig2a", "it is # at $p_c$ = #, # at #", value, 0.1, start, 0, errors=(error, 0, 0, 0))

    # the outage of two beams as a bound on the norm
    Z, pc, ps, t1, t2, c_, G = sp.symbols("Z p_c p_s t_1 t_2 c G", positive=True)
    at = pc * t1 / Z + ps
    event = sp.Poly(sp.expand(sp.cancel((at - c_ * (at**2 + pc * ps * G * t2 / Z)) * Z**2)), Z)
    A, linear, _ = event.all_coeffs()
    assert sp.expand(A - ps * (1 - c_ * ps)) == 0
    B = sp.expand(-linear)
    discriminant = sp.expand(sp.discriminant(event.as_expr(), Z) - B**2)
    terms = sp.Poly(sp.cancel(discriminant / A), t1, pc)
    say(
        "lb-sen-intractable",
        r"\sqrt{B^#+#Ac\,p_c^#t_#^#}}{#A}",
        2,
        terms.coeffs()[0] / c_,
        terms.degree(pc),
        1,
        terms.degree(t1),
        2,
    )
    say(
        "lb-sen-intractable",
        r"p_ct_#(#cp_s-#)",
        1,
        B.coeff(t1).coeff(pc).coeff(ps) / c_,
        -B.coeff(t1).subs({pc: 1, ps: 0}),
    )

    mean, frozen = slope_share(256, 1.0)
    say(
        "appC",
        "replacement is # of the squared norm at $N=#$, $K=#$, where the mean of the true term is # of it",
        frozen,
        256,
        1,
        mean,
    )

    setting = dict(theta=0.0, phi=0.0, N=16, M=16, K=10.0, share=0.5)
    truth = [split_aligned(level, 16, 16, 10.0, 0.5) for level in (0.918, 0.887)]
    normal, exact = (
        [printed_bound(level, slope=0, gaussian=law, **setting) for level in (0.918, 0.887)]
        for law in (True, False)
    )
    say(
        "prop1",
        "value is $#$ where the true outage is #, and $#$ where it is $#$; "
        "the exact law of UCRB gives # and $#$",
        *(normal[0], truth[0], normal[1], truth[1], *exact),
    )
    setting = dict(theta=0.0, phi=0.0, N=8, M=8, K=1.0, share=0.995)
    say(
        "prop2",
        "and # % of the power for the radar the Gaussian value is # where the true outage is #; "
        "the exact law of LCRB gives #.",
        0.5,
        printed_bound(0.53, slope=1, gaussian=True, **setting),
        split_aligned(0.53, 8, 8, 1.0, 0.995),
        printed_bound(0.53, slope=1, gaussian=False, **setting),
    )
    wins, error, without, most = near_optimal()
    say("lb-near-optimal", "coding is better in # % (", 100 * wins, errors=(100 * error,))
    assert most < 2 + 1e-9
    say("lb-near-optimal", "loses at most a factor $#-q$", most)
    say("lb-near-optimal", "the loss is # at q", without)

    say(
        "scale-sjb-sen",
        r"=#$ the fitted exponent is #. The quantile exceeded with probability $#$ approaches its $#/N$ slowly: exponent #",
        0,
        bound_exponent(0.5, np.inf),
        1e-3,
        1,
        bound_exponent(1e-3, 2.0),
    )
    weak = joint_given(16, 10.0, 16.0, 1.0, 0.0, 9.6)
    coded, error = split_given(0.8, 0.3, 0.3, 16, 16, 10.0, dpc_share(9.6, 16, 10.0, weak))
    say(
        "dpc-best-communication",
        "sensing outage $#$ for the joint beam and # with",
        one_beam_given(0.8, 0.3, 0.3, 16, 10.0, 1.0),
        coded,
        errors=(0, error),
    )
    rows = [[bound_quantile(delta, N) / N for N in (1024, 16384)] for delta in (0.5, 1e-4)]
    say(
        "scale-lb-sen",
        "median #, value exceeded with probability $#$ #",
        np.log(rows[0][1] / rows[0][0]) / np.log(16),
        1e-4,
        np.log(rows[1][1] / rows[1][0]) / np.log(16),
    )
    return out


if __name__ == "__main__":
    for entry in quoted():
        print(entry)
