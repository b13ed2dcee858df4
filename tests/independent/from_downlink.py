"""Downlink verdicts, computed again: second moments of channels, estimates and beams from matrices.

The estimate of Section 3.1 is h-hat = mean + c (y / sqrt(P_U T) - mean); the user hears the beams
h-hat / sqrt(E ||h-hat||^2) and a(theta) / sqrt(N), and the echo of both carries the target's angle.
"""

import itertools
from functools import cache

import numpy as np
from quoted import Quoted
from scipy.special import gammainc, gammaln, hyperu, roots_legendre
from scipy.stats import gamma

C0, ALPHA, T = 1e-3, 2.8, 64
KIND, OTHER = 1e-11, 1e-8
RNG = np.random.default_rng(20250925)


def db(value):
    return 10 * np.log10(value)


def steering(angle, N):
    return np.exp(1j * np.pi * np.sin(angle)[..., None] * np.arange(N))


def slope(angle, N):
    return 1j * np.pi * np.cos(angle)[..., None] * np.arange(N) * steering(angle, N)


def inner(left, right):
    return np.sum(left.conj() * right, axis=-1)


def normal(*shape):
    return (RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)) / np.sqrt(2)


class Crowd:
    """K pairs; distances and angles of shape (..., K)."""

    def __init__(self, N, user, target, user_angle, target_angle, kappa=1.0, noise=KIND):
        user, target, user_angle, target_angle = map(
            np.asarray, (user, target, user_angle, target_angle)
        )
        self.N, self.kappa, self.n = N, kappa, noise
        self.mu = C0 * user**-ALPHA / (1 + kappa)
        u, x = T * self.mu, 0.1 * T * N * C0 * target ** (-2 * ALPHA)
        self.x_over = x / T  # the echo in y / sqrt(P_U T), power an element
        self.n_over = noise / T
        self.c = u / (u + x + noise)
        self.phi = self.c * self.mu
        self.mean = np.sqrt(self.mu * kappa)[..., None] * steering(user_angle, N)
        self.a = steering(target_angle, N)
        # covariance of the estimate: flat I + echo a a^H
        self.flat = self.c**2 * (self.mu + self.n_over)
        self.echo = self.c**2 * self.x_over

    def white(self):
        """The same with the covariance phi I that the paper has."""
        other = object.__new__(Crowd)
        other.__dict__ = self.__dict__ | {"flat": self.phi, "echo": 0 * self.phi}
        return other

    @property
    def power(self):
        return inner(self.mean, self.mean).real + self.N * (self.flat + self.echo)

    @property
    def beams(self):
        """E |h_k^H h-hat_i|^2 on (..., k, i), by Isserlis for k = i."""
        N, m = self.N, self.mean
        overlap = np.abs(np.einsum("...kn,...in->...ki", m.conj(), m)) ** 2
        along = np.abs(np.einsum("...kn,...in->...ki", m.conj(), self.a)) ** 2
        norm = inner(m, m).real
        flat, echo, mu = self.flat[..., None, :], self.echo[..., None, :], self.mu[..., None]
        out = (
            overlap
            + norm[..., :, None] * flat
            + along * echo
            + mu * norm[..., None, :]
            + mu * N * (flat + echo)
        )
        # the own beam: h and h-hat share c mu I
        own = (self.c * self.mu * N) ** 2 + 2 * norm * self.c * self.mu * N
        return out + own[..., None] * np.eye(m.shape[-2])

    def sensing(self, target):
        return np.abs(inner(self.mean, self.a[..., target : target + 1, :])) ** 2 + self.mu * self.N

    def sinr(self, target, rho):
        p = self.power
        signal = rho * (inner(self.mean, self.mean).real + self.c * self.mu * self.N) ** 2 / p
        heard = rho * np.sum(self.beams / p[..., None, :], axis=-1)
        return signal / (heard - signal + (1 - rho) * self.sensing(target) / self.N + self.n)

    def sinr_printed(self, target, rho):
        """(20) letter by letter: white estimates, and rho only before the first sum."""
        w = self.white()
        p, norm = w.power, inner(self.mean, self.mean).real
        others = np.sum(w.printed_beams() / p[..., None, :], axis=-1)
        below = rho * others - norm**2 / p
        below = below + (1 - rho) * self.sensing(target) / self.N + self.n
        return rho * p / below

    def printed_beams(self):
        """Last line of (B4) for all i."""
        m, mu, N = self.mean, self.mu[..., None], self.N
        norm = inner(m, m).real
        overlap = np.abs(np.einsum("...kn,...in->...ki", m.conj(), m)) ** 2
        return (
            overlap + mu * norm[..., None, :] + self.phi[..., None, :] * (norm[..., None] + mu * N)
        )


def batches(values, statistic, parts=20):
    """A statistic of a sample, with its standard error from its parts."""
    found = [statistic(part) for part in np.array_split(values, parts)]
    return statistic(values), np.std(found, ddof=1) / np.sqrt(parts)


def drawn_sinr(crowd, target, rho, size=10_000):
    """SINR of the first user from drawn channels, pilots and estimates, and its standard error."""
    N, K = crowd.N, crowd.mu.size
    h = crowd.mean + np.sqrt(crowd.mu)[:, None] * normal(size, K, N)
    y = (
        h
        + np.sqrt(crowd.x_over)[:, None] * normal(size, K, 1) * crowd.a
        + np.sqrt(crowd.n_over) * normal(size, K, N)
    )
    guess = crowd.mean + crowd.c[:, None] * (y - crowd.mean)
    power = np.mean(np.sum(np.abs(guess) ** 2, axis=-1), axis=0)
    heard = inner(h[:, :1], guess) / np.sqrt(power)
    beam = np.abs(inner(h[:, 0], crowd.a[target])) ** 2 / N
    rows = np.column_stack([heard[:, 0].real, np.sum(np.abs(heard) ** 2, axis=1), beam])

    def sinr(r):
        signal, total, disturbed = r.mean(axis=0)
        return rho * signal**2 / (rho * total - rho * signal**2 + (1 - rho) * disturbed + crowd.n)

    return batches(rows, sinr)


def ranked(density, size, K=4):
    """Distances of the K nearest points."""
    return np.sqrt(np.cumsum(RNG.exponential(size=(size, K)), axis=1) / (np.pi * density))


def mean_distances(density, K=4):
    k = np.arange(1, K + 1)
    return np.exp(gammaln(k + 0.5) - gammaln(k)) / np.sqrt(density * np.pi)


# ---------------------------------------------------------------- information on the angle
class Sent:
    """Mean transmission towards users at angles (..., K) and a target (...): traces in units of P T_d."""

    def __init__(self, N, users, target, los, phi, rho):
        self.N, self.rho, self.target = N, rho, np.asarray(target, float)
        self.los, self.phi = np.asarray(los), np.asarray(phi)  # mu kappa, phi
        a, da = steering(self.target, N), slope(self.target, N)
        lines = steering(np.asarray(users, float), N)
        self.g = inner(a[..., None, :], lines)  # a^H h
        self.q = inner(da[..., None, :], lines)  # da^H h
        self.cos = np.pi * np.cos(self.target)
        self.ada = inner(a, da)
        self.dada = inner(da, da).real

    def _of(self, weight, g, q):
        """Traces of sum weight w w^H with g = a^H w and q = da^H w, from A w = a g, dA w = da g + a q."""
        N, slant = self.N, self.ada[..., None]
        straight = N * np.abs(g) ** 2
        mixed = g * (g * slant + N * q).conj()  # tr(A w w^H dA^H) = (dA w)^H A w
        turned = self.dada[..., None] * np.abs(g) ** 2 + N * np.abs(q) ** 2
        turned = turned + 2 * (g.conj() * q * slant.conj()).real
        # (dA w)^H (A w) = g (da g + a q)^H a
        mixed = g * ((g.conj() * slant.conj()) + q.conj() * N)
        return [np.sum(weight * part, axis=-1) for part in (straight, mixed, turned)]

    def _rest(self):
        """Scattered parts and the sensing beam."""
        N, f = self.N, np.sum(self.phi / (self.los + self.phi), axis=-1) / self.N
        frobenius = 2 * (N * self.dada + (self.ada**2).real)
        beam = self._of(
            np.array([1 / N]), np.full((*self.target.shape, 1), N + 0j), self.ada.conj()[..., None]
        )
        flat = [N * N * f, 0.0, frobenius * f]
        return [self.rho * x + (1 - self.rho) * y for x, y in zip(flat, beam, strict=True)]

    @property
    def traces(self):
        share = self.los / (self.N * (self.los + self.phi))
        return [
            self.rho * x + y
            for x, y in zip(self._of(share, self.g, self.q), self._rest(), strict=True)
        ]

    def with_echoes(self, echo, angles):
        """The same with variances ``echo`` of the scattered parts along these targets alone."""
        share = self.rho * echo / (self.N * (self.los + self.phi))
        a, da = steering(self.target, self.N), slope(self.target, self.N)
        lines = steering(np.asarray(angles, float), self.N)
        along = self._of(share, inner(a[..., None, :], lines), inner(da[..., None, :], lines))
        frobenius = 2 * (self.N * self.dada + (self.ada**2).real)
        taken = [self.N**2 * np.sum(share), 0.0, frobenius * np.sum(share)]
        return [x + y - z for x, y, z in zip(self.traces, along, taken, strict=True)]

    @property
    def paired(self):
        """The printed double sums: all users' lines of sight as one vector."""
        root = np.sqrt(self.los / (self.N * (self.los + self.phi)))
        g, q = (np.sum(root * part, axis=-1, keepdims=True) for part in (self.g, self.q))
        return [self.rho * x + y for x, y in zip(self._of(1.0, g, q), self._rest(), strict=True)]

    @property
    def printed(self):
        """Sums of Lemma 3 letter by letter, at kappa = 1."""
        N, rho, cos = self.N, self.rho, self.cos
        total = self.los + self.phi
        bare = np.sum(self.los / np.sqrt(total) * self.g, axis=-1)
        share = self.phi / total
        straight = rho * np.abs(bare) ** 2 + rho * np.sum(share, axis=-1) * N**2 + (1 - rho) * N**2
        root = np.sqrt(self.los / total)
        g, q = np.sum(root * self.g, axis=-1), np.sum(root * self.q, axis=-1)
        half = (N - 1) / 2 * 1j * cos
        turned = (
            half * g * q.conj()
            + (N - 1) * (2 * N - 1) / 6 * cos**2 * np.abs(g) ** 2
            + np.abs(q) ** 2
        )
        turned = (turned - half * q * g.conj()).real * rho
        turned = turned + rho * N * (N**2 - 1) / 6 * cos**2 * np.sum(share, axis=-1)
        turned = turned + (1 - rho) * N**2 * (N**2 - 1) / 12 * cos**2
        mixed = rho * (g * q.conj() - half * np.abs(g) ** 2)
        return straight, mixed, turned

    @staticmethod
    def effective(traces):
        straight, mixed, turned = traces
        return turned - np.abs(mixed) ** 2 / straight

    @property
    def large_array(self):
        return (1 - self.rho) * self.N**2 * (self.N**2 - 1) / 12 * self.cos**2


def reference(N, users, target, rho=0.5, target_shape=None):
    """Users and targets at their mean distances."""
    mu = C0 * mean_distances(1e-4) ** -ALPHA / 2
    x = 0.1 * T * N * C0 * mean_distances(1e-3) ** (-2 * ALPHA)
    phi = mu * T * mu / (T * mu + x + KIND)
    return Sent(N, users, target, mu, phi, rho)


def system_tilt(size=8000):
    """Mean bound with the estimates' own covariance over that with phi I; nearest target, N = 64."""
    N = 64
    users = np.deg2rad([-50.0, -20.0, 10.0, 35.0])
    targets = np.deg2rad([-35.0, -5.0, 20.0, 50.0])
    crowd = Crowd(N, mean_distances(1e-4), mean_distances(1e-3), users, targets)
    a, da = steering(targets[0], N), slope(targets[0], N)
    scale = np.sqrt(crowd.white().power)[:, None]
    white, echo = normal(size, 4, N), normal(size, 4, 1)

    def bound(rho, own):
        if own:
            guess = (
                crowd.mean
                + np.sqrt(crowd.flat)[:, None] * white
                + np.sqrt(crowd.echo)[:, None] * echo * crowd.a
            )
        else:
            guess = crowd.mean + np.sqrt(crowd.phi)[:, None] * white
        beams = np.concatenate(
            [guess / scale, np.broadcast_to(a / np.sqrt(N), (size, 1, N))], axis=1
        )
        weight = np.array([rho] * 4 + [1 - rho])
        g, q = inner(a, beams), inner(da, beams)
        still, moved = g[..., None] * a, g[..., None] * da + q[..., None] * a
        straight = np.sum(weight * inner(still, still).real, axis=1)
        turned = np.sum(weight * inner(moved, moved).real, axis=1)
        mixed = np.sum(weight * inner(moved, still), axis=1)
        return 1 / (turned - np.abs(mixed) ** 2 / straight)

    plain, own, uneven = bound(0.5, False), bound(0.5, True), bound(0.97, False)
    tilt = batches(np.column_stack([own, plain]), lambda r: 1 - r[:, 0].mean() / r[:, 1].mean())
    of_mean = 1 / Sent.effective(reference(N, users, targets[0], 0.97).traces)
    penalty = batches(uneven, lambda r: r.mean() / of_mean - 1)
    return tilt, penalty


def overlap_of_gap(gap, N):
    """(23) over the bound with one user of pure line of sight, target at broadside."""
    seen = Sent(N, [np.arcsin(gap / N)], 0.0, [1.0], [0.0], 0.5)
    return float(Sent.effective(seen.traces) / seen.large_array)


def ratio_of_degrees(target, user, N=64):
    seen = Sent(N, [np.deg2rad(user)], np.deg2rad(target), [1.0], [0.0], 0.5)
    return float(Sent.effective(seen.traces) / seen.large_array)


# ---------------------------------------------------------------- means over networks
def points(K=4, cells=10, order=60):
    x, w = roots_legendre(order)
    edges = np.concatenate([[0.0], np.geomspace(1e-3, 60.0, cells)])
    g = np.concatenate([(b - a) / 2 * x + (a + b) / 2 for a, b in itertools.pairwise(edges)])
    w = np.concatenate([(b - a) / 2 * w for a, b in itertools.pairwise(edges)])
    return g, w * gamma.pdf(g, K)


G, W = points()


def grid(lam_u=1e-4, lam_t=1e-3, alpha=ALPHA):
    """Path gains beta_u and beta_t of the fourth pair on the grid of both gamma variables."""
    return C0 * (G / (np.pi * lam_u)) ** (-alpha / 2), C0 * (G / (np.pi * lam_t)) ** -alpha


def mean_quality(noise, alpha=ALPHA, kappa=1.0):
    """E{mu / (mu + 0.1 N beta + noise)}, noise divided as told."""
    beta_u, beta_t = grid(alpha=alpha)
    mu = beta_u[:, None] / (1 + kappa)
    return float(W @ (mu / (mu + 6.4 * beta_t + noise)) @ W)


def mean_omega(noise, kappa=1.0, p_u=1.0, **densities):
    """Mean of (25) at rho = 1/2 without its factor, from independent means of 1/mu and of the echo."""
    beta_u, beta_t = grid(**densities)
    return 32 * (
        kappa + 1 + kappa * (1 + kappa) / p_u * (W @ (1 / beta_u)) * (W @ (6.4 * beta_t) + noise)
    )


def system_omega(kappa=1.0, p_u=1.0, **densities):
    """Mean of 1 / benefit of the system over both networks, rho = 1/2."""
    beta_u, beta_t = grid(**densities)
    mu, echo = p_u * beta_u[:, None] / (1 + kappa), 6.4 * beta_t
    total = mu + echo + KIND / T
    return float(W @ (1 / benefits(mu / total, echo / total, kappa=kappa)[1]) @ W)


def heavy_tail(runs=500, size=10_000):
    """Shares of sample means of Omega below the mean, and farther off than three of their errors."""
    exact = mean_omega(KIND / T)
    below = far = 0
    for _ in range(runs):
        mu = C0 * (RNG.gamma(4, size=size) / (np.pi * 1e-4)) ** (-ALPHA / 2) / 2
        beta = C0 * (RNG.gamma(4, size=size) / (np.pi * 1e-3)) ** -ALPHA
        values = 32 * (2 + (6.4 * beta + KIND / T) / mu)
        error = values.std(ddof=1) / np.sqrt(size)
        below += values.mean() < exact
        far += abs(values.mean() - exact) > 3 * error
    return below / runs, far / runs


def exponential_integral(k, s):
    """int_1^inf exp(-s t) t^-k dt times exp(s)."""
    x, w = np.polynomial.laguerre.laggauss(60)
    return float(np.sum(w * (1 + x / s) ** -k) / s)


def printed_quality(target, alpha=2.0, noise=0.0, rank=4):
    """s^k E_k(s) exp(s) of (27), kappa = 1."""
    s = 1e-4 * np.pi * C0 / (2 * (6.4 * C0 * target ** (-2 * alpha) + noise))
    return s**rank * exponential_integral(rank, s)


def benefits(c, echo_share, N=64, kappa=1.0):
    """1/Omega from matrices: scattered part of the own beam, white and with its echo; rho = 1/2."""
    a, da = steering(np.array(-0.5), N), slope(np.array(-0.5), N)
    turn = np.outer(da, a.conj()) + np.outer(a, da.conj())
    beam = np.sum(np.abs(turn @ a) ** 2) / N
    flat, along = np.sum(np.abs(turn) ** 2), np.sum(np.abs(turn @ a) ** 2)
    # covariance over mu: c (1 - echo share) I + c echo share a a^H; power N (kappa + c)
    power = N * (kappa + c)
    return c * flat / power / beam, c * (
        (1 - echo_share) * flat + echo_share * along
    ) / power / beam


def networks_of_quality(size=400_000):
    mu = C0 * (RNG.gamma(4, size=size) / (np.pi * 1e-4)) ** (-ALPHA / 2) / 2
    echo = 6.4 * C0 * (RNG.gamma(4, size=size) / (np.pi * 1e-3)) ** -ALPHA
    return mu, echo


def not_real():
    """Share of the grid on which Theorem 2 as printed is a root of a negative number."""
    interference, benefit = (
        np.geomspace(10**-2.5, 10**-1.5, 60)[:, None],
        np.geomspace(10**-2.5, 10**-0.5, 60),
    )
    kappa, rho, N = 1.0, 0.5, 64
    least, most = (1 - rho) / (rho * interference * N), 2 * rho / ((1 - rho) * N * benefit) - 1
    first = kappa < np.minimum(least, most)
    base = (rho * interference * N * (1 + kappa) + rho - 1) / (
        1 - rho - kappa * rho * interference * N
    )
    return np.mean(first & (base < 0))


def mean_overlap(size=4000, N=64, limit=np.pi):
    """Mean of |a^H a|^2 / N over angles uniform within the limit: quadrature of both."""
    angle = limit * (2 * (np.arange(size) + 0.5) / size - 1)
    turn = np.array([np.mean(np.exp(1j * np.pi * m * np.sin(angle))) for m in range(-N + 1, N)])
    return float(np.sum((N - np.abs(np.arange(-N + 1, N))) * np.abs(turn) ** 2) / N)


def large_array_sinr(crowd, rho):
    """(21) letter by letter."""
    mu, phi, kappa = crowd.mu, crowd.phi, crowd.kappa
    total, own = mu * kappa + phi, mu[..., :, None]
    mu_i, phi_i, total_i = (value[..., None, :] for value in (mu, phi, total))
    heard = np.sum((mu_i * own * kappa + phi_i * own * kappa + phi_i * own) / total_i, axis=-1)
    return rho * crowd.N * total / (rho * heard + (1 - rho) * mu + crowd.n)


def fixed_directions(N, aimed=False):
    """SINR of the first user and (21), at four fixed places."""
    user, target = np.array([70.0, 95, 105, 115]), np.array([30.0, 34, 38, 40])
    at, towards = np.array([0.25, -0.6, 1.0, -1.2]), np.array([-0.2, 0.6, -0.95, 1.3])
    crowd = Crowd(N, user, target, at, at if aimed else towards)
    return crowd.sinr(0, 0.5)[0], large_array_sinr(crowd, 0.5)[0]


def random_directions(N, size=600):
    """Mean sum-rate of (21) over that of the system, less 1, in drawn networks."""
    angles = RNG.uniform(-np.pi, np.pi, (2, size, 4))
    crowd = Crowd(N, ranked(1e-4, size), ranked(1e-3, size), *angles)
    both = [
        np.sum(np.log2(1 + s), axis=-1) for s in (large_array_sinr(crowd, 0.5), crowd.sinr(3, 0.5))
    ]
    return batches(np.column_stack(both), lambda r: r[:, 0].mean() / r[:, 1].mean() - 1)


def other_targets(size=1500, N=64):
    """Share of networks in which three nearer targets echo more than the fourth, which is sensed."""
    theta, phi = RNG.uniform(-np.pi / 3, np.pi / 3, (2, size, 4))
    g = normal(size, 4) * ranked(1e-3, size) ** -ALPHA
    a = steering(theta, N)
    beams = np.concatenate([steering(phi, N), a[:, 3:]], axis=1)  # of equal power at rho = 1/2
    echo = g[..., None] * np.einsum("sjn,sbn->sjb", a.conj(), beams)
    own = N * np.sum(np.abs(echo[:, 3]) ** 2, axis=1)
    others = np.einsum("sjn,sjb->snb", a[:, :3], echo[:, :3])
    return batches(np.sum(np.abs(others) ** 2, axis=(1, 2)) > own, np.mean)


def growth_with_antennas(size=300):
    """Slopes of the mean sum of root bounds and steps of the mean sum-rate, N = 8 to 256 by doubling."""
    theta, phi = RNG.uniform(-np.pi / 3, np.pi / 3, (2, size, 4))
    echo = C0 * mean_distances(1e-3) ** (-2 * ALPHA)
    rows = []
    for N in 2 ** np.arange(3, 9):
        crowd = Crowd(N, mean_distances(1e-4), mean_distances(1e-3), phi, theta).white()
        rates = [np.sum(np.log2(1 + crowd.sinr(target, 0.5)), axis=-1) for target in range(4)]
        seen = [reference(N, phi, theta[:, target]) for target in range(4)]
        roots = [
            (gain * Sent.effective(s.traces)) ** -0.5 for gain, s in zip(echo, seen, strict=True)
        ]
        rows += [np.mean(rates, axis=0), np.sum(roots, axis=0)]
    table = np.stack(rows, axis=1)
    steps = [
        batches(table[:, [2 * n, 2 * n + 2]], lambda r: np.diff(r.mean(axis=0))[0]) for n in (0, 4)
    ]
    slopes = [
        batches(table[:, [2 * n + 1, 2 * n + 3]], lambda r: np.diff(np.log2(r.mean(axis=0)))[0])
        for n in (0, 4)
    ]
    return slopes, steps


def louder_others(law, size=100_000, N=64):
    """Whether three nearer targets echo more of the fourth target's beam, in mean power."""
    theta = {
        "circle": lambda: RNG.uniform(-np.pi, np.pi, (size, 4)),
        "sector": lambda: RNG.uniform(-np.pi / 3, np.pi / 3, (size, 4)),
        "sine": lambda: np.arcsin(RNG.uniform(-1, 1, (size, 4))),
    }[law]()
    beta = ranked(1e-3, size) ** (-2 * ALPHA)
    half = np.pi * (np.sin(theta[:, :3]) - np.sin(theta[:, 3:])) / 2
    reach = (np.sin(N * half) / (N * np.sin(half))) ** 2  # |a^H a|^2 / N^2
    return (np.sum(beta[:, :3] * reach, axis=1) > beta[:, 3]).astype(float)


def cross_echoes(size=40_000):
    """Error at most -10 dB without and with the echoes of the three nearer targets; rows of a draw."""
    d, theta = ranked(1e-3, size), RNG.uniform(-np.pi, np.pi, (size, 4))
    beta, a = C0 * d ** (-2 * ALPHA), steering(theta, 64)
    # a beam of power 0.1 towards target 4, reflected by all: power an element of the other echoes
    reach = np.abs(inner(a[:, :3], a[:, 3:])) ** 2 / 64
    own, other = 6.4 * beta[:, 3], 0.1 * np.sum(beta[:, :3] * reach, axis=1)
    mu = C0 * ranked(1e-4, size)[:, 3] ** -ALPHA / 2
    c = mu / (mu + own + KIND / T)
    error = (1 - c) ** 2 + c**2 * (np.array([0 * own, other]) + own + KIND / T) / mu
    return (error <= 0.1).T.astype(float)


def printed_density_mass(K=4):
    """Integral of (A1) with the 2 of its last argument, over y = ln z; densities 1 drop out."""
    t = np.linspace(-12, 12, 4001)
    z = np.exp(t)
    log = (
        (1 - 3 * K) * np.log(2)
        - K / 2 * np.log(np.pi * z**2)
        + gammaln(3 * K)
        - 2 * gammaln(K)
        + K * np.log(np.pi)
    )
    return float(np.trapezoid(np.exp(log) * hyperu(3 * K / 2, 0.5, np.pi / (2 * z**2)), t))


@cache
def quoted():
    out = []

    def say(claim, pattern, *values, errors=()):
        out.append(
            Quoted(
                f"coupling.{claim}",
                pattern,
                tuple(float(v) for v in values),
                tuple(float(e) for e in errors),
            )
        )

    # ---- beams and SINR
    scene = [(60, 90, 120, 140), (9, 12, 14, 18), (0.3, -0.5, 1.0, -1.1), (0.32, 0.9, -0.5, 0.2)]
    crowd = Crowd(16, *(np.array(row, float) for row in scene), kappa=2.0)
    ratio = (crowd.printed_beams() / crowd.beams)[~np.eye(4, dtype=bool)]
    say("B4", "between # and # times", ratio.min(), ratio.max())
    own, signal = (
        np.diagonal(crowd.beams),
        (crowd.kappa * crowd.mu + crowd.c * crowd.mu) ** 2 * 16**2,
    )
    norm = 16 * crowd.kappa * crowd.mu
    printed_own = crowd.phi * crowd.mu * 16 + (crowd.mu + crowd.phi) * norm
    part = printed_own / (own - signal)
    say("B5", "at # to # times", part.min(), part.max())

    rows = [(50, 75, 94, 109), (12, 18, 24, 30), (-0.5, 0.1, 0.7, -1.0), (0.1, -0.5, 0.3, -0.2)]
    shown = Crowd(16, *(np.array(row, float) for row in rows))
    drawn, error = drawn_sinr(shown, 0, 0.5)
    assert abs(drawn - shown.sinr(0, 0.5)[0]) < 5 * error
    say("validation", "its direction is # by", shown.white().sinr(0, 0.5)[0])
    say("validation", "its bracket, and # ±", shown.sinr(0, 0.5)[0], errors=[error])
    assert shown.sinr_printed(0, 0.5)[0] < 0

    size = 2000
    around = RNG.uniform(-np.pi, np.pi, (2, size, 4))
    typical = Crowd(64, ranked(1e-4, size), ranked(1e-3, size), *around)
    negative = typical.sinr_printed(3, 0.5) < 0
    rates = [np.sum(np.log2(1 + c.sinr(3, 0.5)), axis=-1) for c in (typical, typical.white())]
    gap = rates[1] / rates[0] - 1
    share, share_error = batches(negative.mean(axis=1), np.mean)
    rms, rms_error = batches(gap, lambda g: np.sqrt(np.mean(g**2)))
    # the quotation itself is drawn over 500 networks
    more = np.sqrt(1 + size / 500)
    say("lem1", "without it # % of the users", 100 * share, errors=[100 * more * share_error])
    say("lem1", "differs from the system's by # %", 100 * rms, errors=[100 * more * rms_error])
    top, top_error = batches(np.abs(gap), lambda g: np.quantile(g, 0.99))
    say("lem1", "of a hundred by more than # %", 100 * top, errors=[100 * more * top_error])

    # ---- traces
    degrees = [-50.0, -20.0, 10.0, 35.0]
    users, target = np.deg2rad(degrees), np.deg2rad(-35.0)
    seen = reference(64, users, target)
    streams = 0.5 * 4 + 0.5  # unit beams, each of energy T_d
    say("C1", "# times the transmit power", streams)
    say("eq14", "beams the radiated power is $P_d(\\rho K+#-\\rho)$, # dB above", 1, db(streams))
    near = reference(64, np.deg2rad([-36.0, -34.2, 10.0, 35.0]), target)
    right, pairs = near.traces, near.paired
    say("C2", "printed trace is # of the mean", pairs[0] / right[0])
    mu, x = near.los, 6.4 * C0 * mean_distances(1e-3) ** (-2 * ALPHA)
    along = near.phi * x / (mu + x + KIND / T)
    tilted = near.with_echoes(along, [target, *np.deg2rad([-5.0, 20.0, 50.0])])
    change = [100 * (abs(t) / abs(r) - 1) for t, r in zip(tilted, right, strict=True)]
    say("C2", "the mean is # % higher", change[0])
    say("C4", "change the latter by # %", abs(change[1]))
    say("C5", "the mean is # % higher", change[2])
    say("C4", "restored, is # times the corrected", abs(pairs[1]) / abs(right[1]))
    say("C5", "plus restored, is # of the corrected", pairs[2] / right[2])

    straight, turned = [], []
    for N in (16, 128):
        seen = reference(N, users, target)
        share = np.sum(seen.phi / (seen.los + seen.phi))
        straight.append((0.5 * share * N**2 + 0.5 * N**2) / seen.traces[0])
        slant = np.pi**2 * np.cos(target) ** 2 * N**2 * (N**2 - 1)
        turned.append((0.5 * slant / 6 * share + 0.5 * slant / 12) / seen.traces[2])
    say("D1", "is # times the sum at $N=#$ and # times at", straight[0], 16, straight[1])
    say("D6", "is # times the sum at $N=#$ and # times at", turned[0], 16, turned[1])

    many = 4000
    targets, around = (
        RNG.uniform(-np.pi / 3, np.pi / 3, many),
        RNG.uniform(-np.pi / 3, np.pi / 3, (many, 4)),
    )
    # the quotation is drawn over as many networks
    circle = [RNG.uniform(-np.pi, np.pi, shape) for shape in (many, (many, 4))]
    sines = [np.arcsin(RNG.uniform(-1, 1, shape)) for shape in (many, (many, 4))]

    def quantiles(targets, around, *orders):
        seen = reference(64, around, targets)
        ratio = Sent.effective(seen.traces) / Sent.effective(seen.printed)
        found = [batches(ratio, lambda r, q=q: np.quantile(r, q)) for q in orders]
        return [q[0] for q in found], [np.sqrt(2) * q[1] for q in found]

    inside, inside_error = quantiles(targets, around, 0.05, 0.95, 0.005, 0.995)
    say(
        "lem3",
        "between # and # of the corrected one in nine of ten at $N=#$, and between # and # in",
        *inside[:2],
        64,
        *inside[2:],
        errors=[*inside_error[:2], 0, *inside_error[2:]],
    )
    (turned, turned_error), (even, even_error) = (
        quantiles(*pair, 0.005, 0.995) for pair in (circle, sines)
    )
    say("lem3", "uniform on the circle # and #, for a sine", *turned, errors=turned_error)
    say("lem3", "$(-#,#)$ # and #. The", 1, 1, *even, errors=[0, 0, *even_error])
    seen = reference(128, around, targets)
    median, median_error = batches(seen.printed[0] / seen.traces[0], np.median)
    say("lem3", "steering sum alone is # times", median, errors=[np.sqrt(2) * median_error])
    (tilt, tilt_error), (penalty, penalty_error) = system_tilt()
    say("lem3", "and by # % (standard error", 100 * penalty, errors=[155 * penalty_error])
    say("lem3", "nearest target is # % (standard", 100 * tilt, errors=[155 * tilt_error])

    say(
        "angle-separation",
        "too large by # % at a gap of $#/N$",
        100 * (overlap_of_gap(2.05, 20_000) - 1),
        2.05,
    )
    say("angle-separation", "by # % at $#/N$", 100 * (overlap_of_gap(3.0, 20_000) - 1), 3)
    say(
        "angle-separation",
        "it is # times the exact one for #° and #°, and # times",
        ratio_of_degrees(80, 82),
        80,
        82,
        ratio_of_degrees(88, -88),
    )

    medians, tails = [], []
    for N in (16, 32, 64, 128):
        seen = reference(N, around, targets)
        ratio = Sent.effective(seen.traces) / seen.large_array
        medians.append(batches(ratio, np.median))
        if N == 64:
            tails = batches(ratio, lambda r: np.quantile(r, 0.95))
    say(
        "lem4",
        "by # %, # %, # % and # % in the median",
        *(100 * (m[0] - 1) for m in medians),
        errors=[100 * np.sqrt(2) * m[1] for m in medians],
    )
    say(
        "lem4",
        "twenty by more than # % at",
        100 * (tails[0] - 1),
        errors=[100 * np.sqrt(2) * tails[1]],
    )
    for piece, (at, near) in (("(# % for directions", circle), ("circle, # % for", sines)):
        seen = reference(64, near, at)
        ratio = Sent.effective(seen.traces) / seen.large_array
        tail, error = batches(ratio, lambda r: np.quantile(r, 0.95))
        say("lem4", piece, 100 * (tail - 1), errors=[100 * np.sqrt(2) * error])
    aimed = reference(10_000, np.array([target, *users[1:]]), target)
    say(
        "lem4",
        "(#) is # times the bound at $N=#$",
        23,
        Sent.effective(aimed.traces) / aimed.large_array,
        10_000,
    )
    N = 100_000
    product = abs(np.sum(np.pi * np.arange(N) * np.exp(1j * np.pi * np.arange(N) * 3 / N))) / N**2
    say("D3", "over $N^#$ tends to # for", 2, product)
    N = 16_000
    product = abs(np.sum(np.pi * np.arange(N) * np.exp(1j * np.pi * np.arange(N) * 3 / N))) / N**2
    kernel = abs(np.sum(np.exp(1j * np.pi * np.arange(N) * 3 / N))) / N
    say("D7", "side of (D#) is # at $N=#$", 7, product * kernel, N)
    say("asymptotic-orthogonality", "is # at $N=#$", mean_overlap(), 64)

    # ---- ratios
    exact, printed = ([mean_quality(n / share) for n in (KIND, OTHER)] for share in (T, 1.0))
    say(
        "eq24",
        "printed # dB too low with noise of −# dBm, and # dB",
        db(exact[0] / printed[0]),
        80,
        db(exact[1] / printed[1]),
    )
    mu, echo = networks_of_quality()
    total = mu + echo + KIND / T
    white, system = benefits(mu / total, echo / total)
    gains = [batches(values, np.mean) for values in (system, white)]
    for piece, (value, error) in zip(("mean benefit is # ±", "system and # ±"), gains, strict=True):
        say("eq25", piece, value, errors=[3 * error])
    loss = [db(mean_omega(n) / mean_omega(n / T)) for n in (KIND, OTHER)]
    say("lem5-omega", "the mean by # dB with −# dBm and # dB with", loss[0], 80, loss[1])
    say("E1", "# dB at −# dB, as in (#)", loss[1], 80, 26)
    means = system_omega(), mean_omega(KIND / T)
    say("E1", "settings is # in place of #", *means)
    say("lem5-omega", "In the system the mean is #, and # for white", *means)
    below, far = heavy_tail()
    spread = [100 * np.sqrt(p * (1 - p) * (1 / 100 + 1 / 500)) for p in (below, far)]
    say("lem5-omega", "variance # ±", 100 * below, errors=[spread[0]])
    say("lem5-omega", "and # ±", 100 * far, errors=[spread[1]])
    at_mean = 64 * (1 + printed_quality(mean_distances(1e-3)[3]))
    say("lem5-psi", "the mean is # and cannot exceed #,", 64 * (1 + mean_quality(0.0, 2.0)), 128)
    say("lem5-psi", "mean distance gives $#$", at_mean)
    say("lem5-psi", "At $\\alpha=#$ the mean is #.", 2.8, 64 * (1 + mean_quality(0.0)))
    beta_u = C0 * np.pi * 1e-4 / G
    held = float(W @ (beta_u / 2 / (beta_u / 2 + 6.4 * C0 * 34.0**-4 + KIND / T)))
    say(
        "E2",
        "target at # m and $\\alpha=#$ the mean quality is #, printed #",
        34,
        2,
        held,
        printed_quality(34.0, noise=KIND / T),
        errors=[0, 0, 0, 11],
    )  # told to three digits
    curves = [dict(), dict(lam_u=4e-4, lam_t=2e-3)]
    parted = [
        max(
            mean_omega(n / T, kappa, **curves[0]) / mean_omega(n / T, kappa, **curves[1]) - 1
            for kappa in np.linspace(0, 10, 21)
        )
        for n in (KIND, OTHER)
    ]
    for piece, change in (
        ("$\\bar\\Omega$ by # % or more, and", dict(lam_u=2e-4)),
        ("dB of power by # % or more", dict(p_u=10**0.5)),
    ):
        factors = (0, 0.5, 1, 2, 4, 6, 8, 10)
        least = min(system_omega(kappa, **change) / system_omega(kappa) for kappa in factors)
        say("fig8", piece, 100 * (least - 1))
    say("fig8", "at −# dBm the curves overlap within # %", 80, 100 * parted[0])
    say("fig8", "Noise of −# dB parts the overlapping curves by up to # %", 80, 100 * parted[1])

    # the quotation is drawn: the mean over directions is 1/64 for any Rician factor
    angle = np.arcsin((np.arange(20_000) + 0.5) / 10_000 - 1)
    sights = np.mean(np.abs(steering(angle, 64).sum(axis=1)) ** 2) / 64
    say("rem3", "over the signal is # ±", (100 * sights + 1) / (64 * 101), errors=[7e-4])
    say("rem3", "where $#/\\Psi$ says #", 1, 1 / (64 * 101))
    say("rem3", "is # for them, # for", sights / 64, mean_overlap(limit=np.pi / 3) / 64)
    say("rem3", "and # on the circle", mean_overlap() / 64)

    far = [fixed_directions(N) for N in (16, 32, 64, 128, 8192, 131_072)]
    off = [100 * (large / right - 1) for right, large in far]
    say("lem2", "the error is # %, # %, # %, # % at", *off[:4])
    say("lem2", "takes it to # % at $N=#$ before it shrinks to # % at", off[4], 8192, off[5])
    say(
        "lem2",
        "tends to $\\rho/(#-\\rho)=#$: # at $N=#$ where (#) says #",
        1,
        1,
        fixed_directions(512, True)[0],
        512,
        21,
        fixed_directions(512, True)[1],
    )
    rates = [random_directions(N) for N in (16, 32, 64, 128)]
    # drawn over 300 networks
    say(
        "lem2",
        "too high by # %, # %, # % and # %",
        *(100 * r[0] for r in rates),
        errors=[173 * r[1] for r in rates],
    )
    stronger, stronger_error = other_targets()
    say("eq16", "own in # % of # networks", 100 * stronger, 400, errors=[220 * stronger_error, 0])
    slopes, steps = growth_with_antennas()
    say(
        "fig7",
        "bound is # to #; a doubling of $N$ brings # to # bits",
        *(v for v, _ in slopes + steps),
        errors=[np.sqrt(2) * e for _, e in slopes + steps],
    )
    rows = cross_echoes()
    (plain, plain_error), (crossed, crossed_error) = (batches(row, np.mean) for row in rows.T)
    say("eq3", "NMSE of −# dB in # ±", 10, crossed, errors=[0, 1.4 * crossed_error])
    say("eq3", "networks in place of # ±", plain, errors=[1.4 * plain_error])
    for piece, law in (
        ("in a share of # ±", "circle"),
        ("circle, # ±", "sector"),
        ("° and # ±", "sine"),
    ):
        louder, error = batches(louder_others(law), np.mean)
        say("eq3", piece, louder, errors=[1.4 * error])
    say("A1", "integrates to $#^{-K/#}$, # at the paper's $K=#$", 2, 2, printed_density_mass(), 4)
    costs = []
    for N in (1000, 4000, 16_000):
        seen = reference(N, users, target, 1.0)
        straight, mixed, turned = Sent(N, users, target, seen.los, 0 * seen.phi, 1.0).traces
        costs.append(abs(mixed) ** 2 / straight / turned)
    say("D7", "costs # %, # % and # % of", *(100 * cost for cost in costs))

    c = np.linspace(1e-4, 1, 200_001)
    white, system = benefits(c, 1 - c)
    limit = benefits(1.0, 0.0)[0]
    say(
        "cor2",
        "benefit reaches # at a suitable quality, # dB above the limit of #,",
        system.max(),
        db(system.max() / limit),
        limit,
    )
    # a ratio of 176 / 2: x / u is 88 / N in the system, 88 / N - 1 as printed
    printed_most = 2 * 64 / 176
    say(
        "rem4",
        "largest benefit # printed, # in the system",
        benefits(printed_most, 0.0)[0],
        system[c <= 1 / (1 + 88 / 64)].max(),
    )
    mu, echo = networks_of_quality()
    quality = mu / (mu + echo)
    above, above_error = batches((benefits(quality, 1 - quality)[1] > limit).astype(float), np.mean)
    # drawn over a quarter as many networks
    say("cor2", "and # ±", 100 * above, errors=[100 * np.sqrt(5) * above_error])
    say("fig9", "not real on # % of", 100 * not_real())
    both = (1 / (64 * (1 + quality)) <= 0.02) & (benefits(quality, 1 - quality)[1] >= 2 * limit)
    covered, covered_error = batches(both.astype(float), np.mean)
    say("fig9", "system's coverage is #", covered, errors=[covered_error])
    # without line of sight the benefit meets its limit everywhere, the interference needs c >= 1 / (64 eps)
    beta_u, beta_t = grid()
    echo = 6.4 * beta_t
    edge = echo * 0.78125 / (1 - 0.78125)
    near = gammainc(4, np.pi * 1e-4 * (C0 / edge) ** (2 / ALPHA))
    say("cor2-thresholds", "the coverage is # for $\\epsilon_d^C=#$", W @ near, 0.02)
    return out


if __name__ == "__main__":
    for entry in quoted():
        print(entry)
