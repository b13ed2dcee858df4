"""Rician verdicts on communication, region of outages and scaling, computed again.

The channel is h = eta_1 a(phi) + eta_2 nu, of unit mean power an antenna, the arrays centred. All that
the schemes need are T = a(theta)^H h, a complex normal variable of mean eta_1 S and variance eta_2^2 N,
and ||h||^2 = |T|^2/N + R with R independent of T, a noncentral chi-square variable of 2(N - 1) degrees.
Angles are independent and uniform: |sin theta - sin phi| has an elliptic density. Levels are
g = gamma sigma_c^2/P and the sensing level: a straight beam fails where cos^2(theta) is below it.
"""

import itertools
from functools import cache

import numpy as np
from quoted import Quoted
from scipy.optimize import brentq
from scipy.special import chndtr, ellipk, ellipkm1, gammainc, i0e, ndtr, ndtri
from scipy.stats import qmc

FACTORS = (0.0, 1.0, 10.0)
RNG = np.random.default_rng(20261126)
LEGENDRE = np.polynomial.legendre.leggauss(200)


def between(low, high, count):
    x, w = np.polynomial.legendre.leggauss(count)
    return low + (high - low) * (x + 1) / 2, (high - low) * w / 2


def array_sum(d, N):
    """a(theta)^H a(phi) of centred arrays at a difference d of sines."""
    x = np.pi * np.asarray(d, float)
    bottom = np.sin(x / 2)
    flat = np.abs(bottom) < 1e-9
    ends = N * np.where(np.abs(x) > 1, (-1.0) ** (N - 1), 1.0)
    return np.where(flat, ends, np.sin(N * x / 2) / np.where(flat, 1, bottom))


def noncentral(x, N, norm, K):
    """P(R < x) for R the squared norm of N scattered entries of power 1/(K+1) about a mean of squared
    norm ``norm`` K/(K+1)."""
    x = np.maximum(x, 0)
    if K == 0:
        return gammainc(N, x)
    return chndtr(2 * (K + 1) * x, 2 * N, 2 * K * np.maximum(norm, 1e-12))


def norm_below(g, N, K):
    return noncentral(g, N, N, K)


def norm_below_gaussian(g, N, K):
    return ndtr((g - N) * (K + 1) / np.sqrt((2 * K + 1) * N))


@cache
def sine_differences(count=160):
    """Points and weights of |sin theta - sin phi|, denser towards 0 and 2."""
    v, w = between(0.0, 1.0, count)
    d = 2 * v**3 * (10 - 15 * v + 6 * v**2)
    return d, w * 60 * v**2 * (1 - v) ** 2 * 2 / np.pi**2 * ellipkm1(d**2 / 4)


# ---------------------------------------------------------------- two beams without cancellation
def split_given(gamma, N, K, S, snr, share, count=110):
    """Outage of P_c Z/(P_s |T|^2/N + noise) < gamma for each S."""
    S = np.atleast_1d(S).astype(float)
    m, width = np.sqrt(K / (K + 1) / N) * np.abs(S), 9 / np.sqrt(K + 1)
    low, high = np.maximum(m - width, 0), m + width
    slope = gamma * (1 - share) - share
    if slope < 0:  # the leak alone is then enough signal
        high = np.minimum(high, np.sqrt(gamma / snr / -slope))
        low = np.minimum(low, high)
    x, w = between(0.0, 1.0, count)
    r = low + (high - low) * x[:, None]
    density = 2 * (K + 1) * r * np.exp(-(K + 1) * (r - m) ** 2) * i0e(2 * (K + 1) * r * m)
    rest = noncentral((gamma / snr + slope * r**2) / share, N - 1, N - S**2 / N, K)
    return (w[:, None] * (high - low) * density * rest).sum(axis=0)


def split(gamma, N, K, snr, share):
    """The same over uniform angles."""
    if K == 0:
        return float(split_given(gamma, N, 0.0, 0.0, snr, share)[0])
    d, w = sine_differences()
    return float(w @ split_given(gamma, N, K, array_sum(d, N), snr, share))


def split_uniform_sines(gamma, N, K, snr, share):
    """The same for independent sines uniform on (-1, 1)."""
    v, w = between(0.0, 1.0, 400)
    d = 2 * v**4
    return float(w * 4 * v**3 * (2 - d) @ split_given(gamma, N, K, array_sum(d, N), snr, share))


def root(outage, low, high, wanted, xtol=1e-4):
    return float(
        np.exp(
            brentq(
                lambda s: np.log((outage(np.exp(s)) + 1e-300) / wanted),
                np.log(low),
                np.log(high),
                xtol=xtol,
            )
        )
    )


def dpc_share(g, N, K, wanted):
    return g / root(lambda x: norm_below(x, N, K), g / 1e3, 4 * N, wanted)


def split_share(g, N, K, snr, wanted, low=1e-4, high=0.7):
    return 1 - root(lambda p: split(g * snr, N, K, snr, 1 - p), low, high, wanted, 1e-3)


# ---------------------------------------------------------------- one beam
def joint_limits(T, N, ratio, phase, g):
    """||h||^2 between which |h^H w|^2 is below g, w along ratio h + exp(j phase) a, of unit norm."""
    t = np.exp(1j * phase) * T.conj()
    middle = g / 2 - t.real / ratio
    gap = middle**2 - (np.abs(t) ** 2 - g * (N + 2 * ratio * t.real)) / ratio**2
    half = np.sqrt(np.maximum(gap, 0))
    return np.where(gap > 0, middle - half, 0), np.where(gap > 0, middle + half, 0)


def joint_at(T, S, N, K, ratio, phase, g, gaussian=False):
    """Outage of the joint beam given T, with the law of ||h||^2 given T or the normal one in its place."""
    low, high = joint_limits(T, N, ratio, phase, g)
    if gaussian:
        e1, e2 = np.sqrt(K / (K + 1)), 1 / (K + 1)
        mean = N + 2 * e1 * S / N * (T.real - e1 * S)
        spread = np.sqrt(np.maximum(N * e2**2 + 2 * e1**2 * e2 * (N - S**2 / N), 1e-300))
        return ndtr((high - mean) / spread) - ndtr((low - mean) / spread)
    along, rest = np.abs(T) ** 2 / N, N - S**2 / N
    return noncentral(high - along, N - 1, rest, K) - noncentral(low - along, N - 1, rest, K)


def joint_given(N, K, S, ratio, phase, g, gaussian=False, count=240, width=7.0):
    """Outage for one S, by quadrature over the plane of T."""
    mean, spread = np.sqrt(K / (K + 1)) * S, np.sqrt(N / (K + 1))
    # finer where the two parts of the beam may cancel
    edges = np.array([-width, -1.5, 1.5, width])
    x, w = (
        np.concatenate(v)
        for v in zip(
            *(between(a, b, count // 2) for a, b in itertools.pairwise(edges)), strict=True
        )
    )
    z = x + 1j * x[:, None]
    weight = w * w[:, None] * np.exp(-(np.abs(z) ** 2)) / np.pi
    return float((weight * joint_at(mean + spread * z, S, N, K, ratio, phase, g, gaussian)).sum())


@cache
def spread_points(points, scrambles, stretch):
    """|sin theta - sin phi|, a complex normal variable from a stretched law, and weights."""
    rows = [
        qmc.Sobol(3, rng=np.random.default_rng([7, i])).random(points) for i in range(scrambles)
    ]
    u = np.concatenate(rows)
    v = u[:, 0]
    d = 2 * v**3 * (10 - 15 * v + 6 * v**2)
    weight = 60 * v**2 * (1 - v) ** 2 * 2 / np.pi**2 * ellipkm1(np.maximum(d, 1e-15) ** 2 / 4)
    z = stretch * (ndtri(u[:, 1]) + 1j * ndtri(u[:, 2])) / np.sqrt(2)
    weight = weight * stretch**2 * np.exp(-(np.abs(z) ** 2) * (1 - 1 / stretch**2))
    return d, z, weight


def joint(N, K, ratio, phase, g, gaussian=False, points=2048, scrambles=8, stretch=2.0):
    """Outage over uniform angles and its standard error."""
    d, z, weight = spread_points(points, scrambles, stretch)
    S = array_sum(d, N) if K else 0 * d
    T = np.sqrt(K / (K + 1)) * S + np.sqrt(N / (K + 1)) * z
    value = (weight * joint_at(T, S, N, K, ratio, phase, g, gaussian)).reshape(scrambles, -1)
    value = value.mean(axis=1)
    return value.mean(), value.std(ddof=1) / np.sqrt(scrambles)


# ---------------------------------------------------------------- drawn links
def steering(angle, N):
    n = np.arange(N) - (N - 1) / 2
    a = np.exp(1j * np.pi * n * np.sin(angle)[:, None])
    return a, 1j * np.pi * n * np.cos(angle)[:, None] * a


class Draw:
    """Channels and angles drawn from their definition."""

    def __init__(self, N, K, reach, size):
        theta, phi = RNG.uniform(-reach, reach, (2, size))
        nu = RNG.standard_normal((size, N, 2)).view(complex)[..., 0] / np.sqrt(2)
        h = np.sqrt(K / (K + 1)) * steering(phi, N)[0] + nu / np.sqrt(K + 1)
        a, slope = steering(theta, N)
        self.N, self.K, self.cos2, self.size = N, K, np.cos(theta) ** 2, size
        self.T = (a.conj() * h).sum(axis=1)
        self.slope = (slope.conj() * h).sum(axis=1)
        self.Z = (np.abs(h) ** 2).sum(axis=1)
        self.d = np.sin(theta) - np.sin(phi)

    def gain(self, at, mixed, across, M):
        """Information of the angle over that of a straight beam of the power, from a^H R a,
        a^H R adot and adot^H R adot: the reflection's part is projected out."""
        pattern = np.pi**2 * self.cos2 * M * (M**2 - 1) / 12  # squared norm of bdot
        return (pattern * at + M * (across - np.abs(mixed) ** 2 / at)) / (pattern * self.N)

    def two_beams(self, share, M):
        p = share / self.Z
        at = p * np.abs(self.T) ** 2 + (1 - share) * self.N
        return self.gain(at, p * self.T * self.slope.conj(), p * np.abs(self.slope) ** 2, M)

    def one_beam(self, ratio, phase):
        """Received power and gain; the only beam has no slope apart from its value."""
        t = np.exp(1j * phase)
        power = ratio**2 * self.Z + self.N + 2 * ratio * (t * self.T.conj()).real
        heard = np.abs(ratio * self.Z + t * self.T.conj()) ** 2 / power
        return heard, np.abs(ratio * self.T + self.N * t) ** 2 / power / self.N

    def sensing(self, gain, level):
        miss = gain * self.cos2 < level
        return miss.mean(), miss.std() / np.sqrt(self.size)


@cache
def wide(K):
    return Draw(16, K, np.pi / 2, 100_000)


# ---------------------------------------------------------------- the region's boundary
def angle(cos2):
    return np.arccos(np.sqrt(np.clip(cos2, 0, 1)))


def pareto():
    """Sums of the outages at g/N = 0.5 and sensing level 0.6, angles within 45 degrees, K = 1."""
    draw, g, level = Draw(16, 1.0, np.pi / 4, 150_000), 8.0, 0.6
    delta = angle(np.abs(draw.T) ** 2 / (draw.N * draw.Z))

    def swept(wanted):
        """Best beam for the target among those that give the user ``wanted``; the target if none does."""
        met = wanted <= draw.Z
        off = np.maximum(delta - angle(wanted / draw.Z), 0)
        off = np.where(met, off, 0)
        # a tight constraint is met exactly
        fails = draw.Z * np.cos(delta - off) ** 2 < g * (1 - 1e-9)
        return fails.astype(float) + (np.cos(off) ** 2 * draw.cos2 < level)

    user, radar = g <= draw.Z, draw.cos2 >= level
    both = user & radar & (angle(g / draw.Z) + angle(level / draw.cos2) >= delta)
    boundary = (~user).astype(float) + ~radar + (user & radar & ~both)
    rows = [boundary, swept(g / 2), swept(1.5 * g)]
    fixed = []
    for ratio in np.geomspace(0.1, 10, 25):
        for phase in (0, np.pi / 2, np.pi):
            heard, gain = draw.one_beam(ratio, phase)
            fixed.append((heard < g).astype(float) + (gain * draw.cos2 < level))
    rows.append(min(fixed, key=np.mean))
    return [r.mean() for r in rows], [r.std() / np.sqrt(draw.size) for r in rows]


# ---------------------------------------------------------------- Fig. 1(a)
def one_beam_counts(draws=60_000):
    """Of 18 cells (N, interval, phase) for each ratio, in how many K = 10 has the lowest outage at the
    level where K = 0 has 0.1, a difference counting from four standard errors on."""
    ratios, phases = (0.1, 0.3, 1.0, 3.0, 10.0), (0.0, np.pi / 2, np.pi)
    count = np.zeros(5)
    for N in (8, 16, 32):
        for reach in (np.pi / 2, np.pi / 3):
            outage = np.zeros((3, 3, 5, 33))
            for k, K in enumerate(FACTORS):
                theta, phi = RNG.uniform(-reach, reach, (2, draws))
                S = array_sum(np.sin(theta) - np.sin(phi), N)
                z = RNG.standard_normal((draws, 2)).view(complex)[:, 0] / np.sqrt(2)
                T = np.sqrt(K / (K + 1)) * S + np.sqrt(N / (K + 1)) * z
                if K:
                    rest = RNG.noncentral_chisquare(
                        2 * (N - 1), 2 * K * np.maximum(N - S**2 / N, 0)
                    )
                    Z = np.abs(T) ** 2 / N + rest / (2 * (K + 1))
                else:
                    Z = np.abs(T) ** 2 / N + RNG.gamma(N - 1, size=draws)
                for f, phase in enumerate(phases):
                    t = np.exp(1j * phase) * T.conj()
                    size = t.real**2 + t.imag**2
                    for r, ratio in enumerate(ratios):
                        cross = 2 * ratio * t.real
                        heard = (ratio**2 * Z**2 + cross * Z + size) / (ratio**2 * Z + N + cross)
                        level = np.ceil(10 * np.log10(heard / N)).astype(int)
                        level = np.bincount(np.clip(level + 30, 0, 33), minlength=34)
                        outage[k, f, r] = np.cumsum(level)[:33] / draws
            error = np.sqrt(outage * (1 - outage) / (draws - 1))

            def less(first, second, outage=outage, error=error):
                gap = outage[second] - outage[first]
                return gap > 4 * np.hypot(error[first], error[second])

            def at(flags, p, outage=outage):
                place = np.abs(outage[0] - p).argmin(axis=-1)[..., None]
                return np.take_along_axis(flags, place, axis=-1)[..., 0]

            count += at(less(2, 0) & less(2, 1), 0.1).sum(axis=0)
    return count


def one_beam_gaussian():
    """Gaussian over exact outage in phase, N = 16: largest deviation above 0.02, largest ratio below."""
    near, far = 0.0, 0.0
    for K in FACTORS:
        for ratio in (0.3, 1.0, 3.0):
            for level in (0.16, 16 * 10**-0.5):
                more = dict(points=8192, scrambles=4, stretch=2.0)
                exact = joint(16, K, ratio, 0.0, level, **more)[0]
                normal = joint(16, K, ratio, 0.0, level, gaussian=True, **more)[0]
                if exact > 0.02:
                    near = max(near, abs(normal / exact - 1))
                if 1e-20 < exact < 1e-3:
                    far = max(far, normal / exact)
    return 100 * near, far


# ---------------------------------------------------------------- large arrays
def sums_drawn(N, size, theta=0.5, phi=0.1):
    """T, T' over the norm of adot, and ||h||^2 at K = 1, from the law of the channel's parts."""
    n = np.arange(N) - (N - 1) / 2
    turn = np.exp(1j * np.pi * n * (np.sin(phi) - np.sin(theta)))
    slope = -1j * np.pi * n * np.cos(theta)  # conjugate of adot, turned by a
    length = np.sqrt((np.abs(slope) ** 2).sum())
    means = np.sqrt(0.5) * np.array([turn.sum() / np.sqrt(N), (slope * turn).sum() / length])
    z = RNG.standard_normal((2, size, 2)).view(complex)[..., 0] / 2
    parts = means[:, None] + z
    rest = max(N - 2 * (np.abs(means) ** 2).sum(), 0)
    rest = RNG.noncentral_chisquare(2 * (N - 2), 2 * rest, size) / 4
    return np.sqrt(N) * parts[0], parts[1], length, (np.abs(parts) ** 2).sum(axis=0) + rest


def scaling(sizes, size=20_000, M=8):
    """Exponents of N: medians of the joint SINR, of that with cancellation, of the bounds of one and of
    two beams, and of the 99 % quantile of the last; weights 1 and 1.5, phase difference 0.9."""
    rows = []
    for N in sizes:
        T, unit_slope, length, Z = sums_drawn(int(N), size)
        t = 1.5 * np.exp(0.9j) * T.conj()
        power = Z + 2.25 * N + 2 * t.real
        sinr = np.abs(Z + t) ** 2 / power
        pattern = np.pi**2 * np.cos(0.5) ** 2 * M * (M**2 - 1) / 12
        one = power / np.abs(T + 1.5 * N * np.exp(0.9j)) ** 2 / pattern
        at = np.abs(T) ** 2 / (2 * Z) + N / 2
        slope = length * unit_slope
        across, mixed = np.abs(slope) ** 2 / (2 * Z), np.abs(T * slope.conj()) ** 2 / (2 * Z) ** 2
        two = 1 / (pattern * at + M * (across - mixed / at))
        middle = [np.median(v) for v in (sinr, Z / 2, one, two)]
        rows.append([*middle, np.quantile(two, 0.99)])
    return np.polyfit(np.log(sizes), np.log(rows), 1)[0]


def split_floor(gamma, N, share=0.5):
    """K = 0 and no noise: |T|^2/(N Z) is a beta variable of 1 and N - 1."""
    return (1 - share / (gamma * (1 - share))) ** (N - 1)


def near_aligned_antennas(gamma=8.0, jump=2.0, wanted=1e-6):
    """Antennas at which S^2/N^2 > jump/gamma is so rare, uniform angles: |d| < 2 x/N."""
    x = brentq(lambda x: np.sinc(x) - np.sqrt(jump / gamma), 0.1, 0.99)

    def chance(N):
        v, w = between(0.0, 1.0, 200)
        d = 2 * x / N * v**4
        near = (w * 4 * v**3 * 2 * x / N * 2 / np.pi**2 * ellipkm1(d**2 / 4)).sum()
        far = (
            w * 4 * v**3 * 2 * x / N * 2 / np.pi**2 * ellipk(np.minimum((d - d**2 / 4), 1))
        ).sum()
        return near + far

    return root(chance, 1e5, 1e8, wanted)


def equal_reliability(K, phase, outage=0.01):
    """Sensing outage of one beam less that of two with coding, g/N = 0.1, sensing level 0.1."""
    draw = wide(K)
    share = dpc_share(1.6, 16, K, outage)
    ratio = root(lambda r: joint(16, K, r, phase, 1.6)[0], 0.3, 3.0, outage, 1e-3)
    miss = [
        (gain * draw.cos2 < 0.1).astype(float)
        for gain in (draw.one_beam(ratio, phase)[1], draw.two_beams(share, 16))
    ]
    gap = miss[0] - miss[1]
    return gap.mean(), gap.std() / np.sqrt(draw.size)


def best_designs(K, t, receive, level=0.3):
    """Sensing outages where each channel has just its SINR: best single beam, best two with coding."""
    draw = wide(K)
    share = np.clip(16 * t / draw.Z, 0, 1)
    delta = angle(np.abs(draw.T) ** 2 / (16 * draw.Z))
    one = np.cos(np.maximum(delta - angle(share), 0)) ** 2
    served = 16 * t <= draw.Z
    two = draw.two_beams(share, receive)
    return [draw.sensing(np.where(served, gain, 1.0), level) for gain in (one, two)]


def triple_error():
    """Gaussian over exact outage of equal weights in phase at 30 and -20 degrees, where the exact one is
    0.1: largest deviation in percent."""
    d, ratios = np.sin(np.deg2rad(30)) + np.sin(np.deg2rad(20)), []
    for N in (8, 16, 64):
        for K in FACTORS:
            S = float(array_sum(d, N))
            g = root(lambda g, a=(N, K, S): joint_small(g, *a, 0.0), N / 1e3, N * 1.5, 0.1, 1e-5)
            ratios.append(joint_small(g, N, K, S, 0.0, True) / 0.1)
    return 100 * max(abs(r - 1) for r in ratios)


def conditional(say, plain):
    """Verdicts that hold under a condition."""
    say(
        "ultra-strong",
        "K = #, #, # are $#$, $#$, $#$",
        *FACTORS,
        *(norm_below(4.8, 16, K) for K in FACTORS),
    )
    shares = [plain[0], *(split_share(1.6, 16, K, 1.0, 1e-6, 0.05, 0.6) for K in (1.0, 10.0))]
    coded = [dpc_share(1.6, 16, K, 1e-6) for K in FACTORS]
    say(
        "ultra-strong",
        "of the data of #, #, # without DPC at # dB and #, #, # with",
        *shares,
        0,
        *coded,
    )
    shares = [split_share(3.2, 16, K, 1.0, 1e-6, 0.05, 0.6) for K in FACTORS]
    say("ultra-strong", "$g/N=#$ with #, #, # without", 0.2, *shares)

    rows = {f: [equal_reliability(K, np.deg2rad(f)) for K in FACTORS] for f in (0, 90, 180)}
    for f, text in (
        (0, "higher by #, #, # at #°; by"),
        (90, "°; by #, #, # at #°; by"),
        (180, "#, #, # at #° for"),
    ):
        say(
            "lb-better-sensing",
            text,
            *(p for p, _ in rows[f]),
            f,
            errors=(*(x for _, x in rows[f]), 0),
        )
    zero = split_share(1.6, 16, 0.0, 1.0, 1e-2, 1e-2, 0.95)
    ratio = root(lambda r: joint_given(16, 0.0, 0.0, r, 0.0, 1.6), 0.3, 3, 1e-2)
    draw = wide(0.0)
    pairs = [draw.sensing(g, 0.1) for g in (draw.two_beams(zero, 16), draw.one_beam(ratio, 0.0)[1])]
    say(
        "lb-better-sensing",
        "(# against # at outage #)",
        *(p for p, _ in pairs),
        0.01,
        errors=(*(x for _, x in pairs), 0),
    )

    for receive, text in ((16, "$g/N=#$: # against # for M = #,"), (4, "M = #, # against # for")):
        pairs = best_designs(0.0, 0.8, receive)
        first = (0.8,) if receive == 16 else (16,)
        last = (16,) if receive == 16 else ()
        say(
            "dpc-best-communication",
            text,
            *first,
            *(p for p, _ in pairs),
            *last,
            errors=(0, *(x for _, x in pairs), *(0 for _ in last)),
        )
    aligned = joint_given(16, 10.0, 16.0, 1.0, 0.0, 9.6)
    say("dpc-best-communication", "in phase, outage $#$", aligned)

    rows = [
        joint(16, 10.0, 1.0, f, 1.6, points=8192, stretch=stretch)
        for f, stretch in ((0.0, 2.0), (np.pi / 2, 3.0), (np.pi, 2.0))
    ]
    say(
        "dpc-best-strong-los",
        "joint beam #, $#$, # at",
        *(p for p, _ in rows),
        errors=[e for _, e in rows],
    )

    say(
        "lem7",
        "outage tends to #, and is # with # antennas",
        -np.expm1(-0.2),
        split_target_beam(0.1, 1024, 1.0, 0.5, 0.1),
        1024,
    )
    say(
        "lb-unconditional-outage",
        r"$\gamma=#$, outage with # antennas is # for uniform angles and # for uniform sines",
        8,
        64,
        split(8.0, 64, 1.0, 10.0, 0.5),
        split_uniform_sines(8.0, 64, 1.0, 10.0, 0.5),
    )
    say("lb-unconditional-outage", "about $#$ antennas", near_aligned_antennas())
    say("power-lb", r"# at $\gamma=#$", split_floor(2.0, 8), 2)
    say(
        "power-sjb-dpc",
        "from $#$ to $#$ with dirty paper coding and from $#$ to $#$ with",
        *(norm_below(1 / (0.5 * P), 8, 1.0) for P in (100, 1000)),
        *(joint_small(1 / P, 8, 1.0, 1.0, 0.5) for P in (100, 1000)),
    )
    ratios = [
        norm_below_gaussian(root(lambda g, N=N, K=K: norm_below(g, N, K), N / 1e3, N, 1e-9), N, K)
        / 1e-9
        for N in (8, 16, 32, 64)
        for K in FACTORS
    ]
    say("lb-com-dpc", "factor of # to $#$ in the", min(ratios), max(ratios))
    rare = root(lambda g: norm_below(g, 64, 10.0), 1.0, 64, 1e-6)
    ratio = norm_below_gaussian(rare, 64, 10.0) / 1e-6
    say("lb-com-dpc", "$) to # ($N=#$, $K=#$)", ratio, 64, 10)
    say("eq10", "within # % at an outage of #, and", triple_error(), 0.1)
    say("lb-com-dpc", "does not fall below #", norm_below_gaussian(0.0, 8, 0.0))
    v, w = between(0.0, 1.0, 400)
    d = v**4 * 2 / 16
    say(
        "measure-zero",
        "holds # of the angle pairs",
        (w * 4 * v**3 * 2 / 16 * 2 / np.pi**2 * ellipkm1(d**2 / 4)).sum(),
    )


def split_target_beam(g, N, K, theta, phi):
    """All power on the target: |T|^2/N < g."""
    S = float(array_sum(np.sin(theta) - np.sin(phi), N))
    return float(chndtr(2 * (K + 1) * g, 2, 2 * K * S**2 / N))


def joint_small(g, N, K, S, phase, gaussian=False, count=(160, 40)):
    """Outage of equal weights given S, over the parabola of T in which an outage is possible."""
    mean, var = np.sqrt(K / (K + 1)) * S * np.exp(1j * phase), N / (K + 1)
    reach = 7 * np.sqrt(var)  # the rest has less than 1e-21
    x, wx = between(max(-N - g / 4, mean.real - reach), mean.real + reach, count[0])
    v, wv = between(-np.pi / 2, np.pi / 2, count[1])
    half = np.minimum(np.sqrt(g * (N + x) + g**2 / 4), abs(mean.imag) + reach)
    t = x + 1j * half * np.sin(v)[:, None]
    area = wx * half * (wv * np.cos(v))[:, None]
    density = np.exp(-(np.abs(t - mean.conjugate()) ** 2) / var) / (np.pi * var)
    T = (t * np.exp(-1j * phase)).conj()
    return float((area * density * joint_at(T, S, N, K, 1.0, phase, g, gaussian)).sum())


@cache
def quoted():
    out = []

    def say(claim, pattern, *values, errors=()):
        out.append(
            Quoted(f"rician.{claim}", pattern, tuple(float(v) for v in values), tuple(errors))
        )

    values, errors = pareto()
    say("pareto-by-crb", "sum of the outages is # on the boundary", values[0], errors=errors[:1])
    say("pareto-by-crb", r"# for $\Gamma=\gamma/#$", values[1], 2, errors=(errors[1], 0))
    say("pareto-by-crb", r"# for $\Gamma=#\gamma$", values[2], 1.5, errors=(errors[2], 0))
    say("pareto-by-crb", "at least # for", values[3], errors=errors[3:])

    lowest = one_beam_counts()
    say("fig1a", "lowest at outage # in #, #, #, #, #", 0.1, *lowest, errors=(0, *[0.25] * 5))
    weak, error = joint(16, 1.0, 0.1, 0.0, 0.016, points=65536, stretch=1.2)
    say(
        "fig1a",
        "dB, within ±#°: # for Rayleigh fading, # at",
        90,
        joint_given(16, 0.0, 0.0, 0.1, 0.0, 0.016, count=500),
        weak,
        errors=(0, 0, error),
    )
    near, far = one_beam_gaussian()
    say("fig1a", r"within # % for outages above # and up to $#$ times", near, 0.02, far)

    # with cancellation: where the laws of the norm cross, and the Gaussian one
    cross = [
        norm_below(
            brentq(lambda g, N=N: norm_below(g, N, 1.0) - norm_below(g, N, 0.0), 0.7 * N, 2 * N),
            N,
            0.0,
        )
        for N in (2, 4, 8, 16, 32, 64)
    ]
    say("fig1b", "cross at outages of # or more", min(cross))
    double = root(lambda g: norm_below(g / 2, 16, 0.0), 1, 30, 1e-4)
    # scattered entries of power 2: mean power (K + 2)/(K + 1) at the Rician factor K/2
    say(
        "fig1b",
        "is # at K = # and $#$ at K = #.",
        *(x for K in (1.0, 10.0) for x in (norm_below(double * (K + 1) / (K + 2), 16, K / 2), K)),
    )
    say(
        "fig1b",
        "for K = #, #, # $#$, #, # at a threshold of # dB",
        *FACTORS,
        *(split(10**0.4, 16, K, 10.0, 0.5) for K in FACTORS),
        4,
    )
    say(
        "fig1b",
        "says, #, #, # at # dB",
        *(split(10**1.4, 16, K, 10.0, 0.5) for K in FACTORS),
        14,
    )
    normal = [
        norm_below_gaussian(root(lambda g: norm_below(g, 16, 1.0), 0.5, 30, p), 16, 1.0) / p
        for p in (1e-3, 1e-6)
    ]
    say(
        "fig1b",
        "cancellation is # times the truth at $#$ and # times at",
        normal[0],
        1e-3,
        normal[1],
    )

    # Rayleigh fading: settings with outage 1e-6
    ratio = root(lambda r: joint_given(16, 0.0, 0.0, r, 0.0, 1.6), 0.5, 8, 1e-6)
    say("ultra-rayleigh", "these settings $#$", norm_below_gaussian(1.6, 16, 0.0))
    say("ultra-rayleigh", "up to # stops at #", 1, joint_given(16, 0.0, 0.0, 1.0, 0.0, 1.6))
    plain = [split_share(1.6, 16, 0.0, snr, 1e-6) for snr in (1.0, 10.0, 100.0)]
    say(
        "ultra-rayleigh",
        "$P_c/P=#$ with DPC, #, #, # without",
        dpc_share(1.6, 16, 0.0, 1e-6),
        *plain,
    )
    say("ultra-rayleigh", r"$\alpha_#/\alpha_#=#$ for the joint", 1, 2, ratio)

    slope = np.log(norm_below(1.6e-3, 16, 1.0) / norm_below(1.6e-4, 16, 1.0)) / np.log(10)
    say("floor-moderate", "(slope # for", slope)
    say("floor-moderate", "is $#$, $#$, $#$; the", *(norm_below(1.6, 16, K) for K in FACTORS))
    say(
        "floor-moderate",
        "approximation says $#$, $#$, $#$",
        *(norm_below_gaussian(1.6, 16, K) for K in FACTORS),
    )
    say(
        "floor-moderate",
        "$g/N=#$, K = #, #, #: $#$, $#$, $#$)",
        0.15,
        *FACTORS,
        *(norm_below(1.2 * (K + 1) / (K + 2), 8, K / 2) for K in FACTORS),
    )
    say("floor-moderate", "$#<K<#$", 0, brentq(lambda K: np.log(K + 1) - K / 2, 1, 5))
    say(
        "floor-moderate",
        "$g/N=#$: $#$ and $#$)",
        0.3,
        norm_below(4.8, 16, 1.0),
        norm_below(4.8, 16, 0.0),
    )

    # three schemes at an outage of 1e-6
    rows = {"with DPC": [], "for the joint beam": [], "without DPC at": []}
    for K in FACTORS:
        draw = wide(K)
        share = dpc_share(1.6, 16, K, 1e-6)
        rows["with DPC"].append(draw.sensing(draw.two_beams(share, 16), 0.1))
        weight = root(lambda r, K=K: joint(16, K, r, np.pi / 2, 1.6)[0], 0.5, 3, 1e-6, 1e-2)
        rows["for the joint beam"].append(draw.sensing(draw.one_beam(weight, np.pi / 2)[1], 0.1))
        plain_share = plain[1] if K == 0 else split_share(1.6, 16, K, 10.0, 1e-6, 0.02, 0.2)
        rows["without DPC at"].append(draw.sensing(draw.two_beams(plain_share, 16), 0.1))
    for name, pairs in rows.items():
        say("fig3", f"#, #, # {name}", *(p for p, _ in pairs), errors=[e for _, e in pairs])

    conditional(say, plain)
    # large arrays
    medians = []
    sizes = np.array([32, 128, 512, 2048])
    for N in sizes:
        T, _, _, Z = sums_drawn(int(N), 8000)
        t = 1.5 * np.exp(0.9j) * T.conj()
        medians.append(np.median(np.abs(Z + t) ** 2 / (Z + 2.25 * N + 2 * t.real)))
    say(
        "scale-sjb-com",
        "antennas: #. At $",
        np.polyfit(np.log(sizes), np.log(medians), 1)[0],
        errors=(2e-3,),
    )
    d = np.sin(0.5) - np.sin(0.1)
    step = [
        joint_given(N, 1.0, float(array_sum(d, N)), 1 / 1.5, 0.9, 2.0, count=400) for N in (8, 64)
    ]
    say("scale-sjb-com", "is # at # and $#$ at #", step[0], 8, step[1], 64)
    late, early = scaling(4.0 ** np.arange(6, 10)), scaling(4.0 ** np.arange(3, 7))
    say("scale-summary", "joint SINR #, linear", late[0], errors=(2e-3,))
    say(
        "scale-summary",
        "coding #, CRB # (joint) and # (linear",
        *late[1:4],
        errors=(2e-3, 2e-3, 1e-2),
    )
    say("scale-summary", "is # for the median and # for", *early[3:], errors=(1e-2, 2e-2))
    return out


if __name__ == "__main__":
    for entry in quoted():
        print(entry)
