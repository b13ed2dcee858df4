r"""Outage of the user over a Rician channel: exact, and by the paper's Gaussian approximations.

The exact ones depend on two independent variables: the projection of the channel on the target's
direction, :math:`T=a^H(\theta)h\sim\mathcal{CN}(\eta_1S,\eta_2^2N)`, and the rest of its squared norm,
:math:`R=\|h\|^2-|T|^2/N`, a noncentral gamma variable. Functions that end in ``_gaussian`` are the
paper's approximations. Arguments are those of :mod:`isacnb.rician.rate`; ``array_sum`` is
:math:`S=a^H(\theta)a(\phi)` of the centred array.
"""

import math

import mpmath
import numpy as np
import scipy.special
from scipy.integrate import cubature

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..numbers.validation import check_integer, check_real
from ..special.genchi2 import genchi2_cdf
from ..special.marcum import log_marcum_p, marcum_p, marcum_q
from .rate import _checked_channel, _checked_powers, communication_moments, lb_moments

__all__ = [
    "deep_outage_ratio",
    "diversity_constant",
    "gaussian_outage",
    "line_of_sight_sums",
    "outage_dpc",
    "outage_dpc_gaussian",
    "outage_lb",
    "outage_lb_gaussian",
    "outage_sjb",
    "outage_sjb_gaussian",
    "outage_target_beam",
    "phase_step",
    "target_beam_noncentrality",
]


@public("[0, 1]", threshold="[0, inf)", snr="(0, inf]")
@implements("beyond.exact-outage", "right", "with dirty paper coding")
@implements("foundation.rician-norm", "right")
@implements("rician.lb-com-dpc", "exact")
@implements("rician.opp-sjb-sen", "exact")
@implements("rician.fig1a", "right", r"P_{\mathbf h}")
@implements("rician.fig1b", "right", r"P_{\mathrm{out,com}}^{\mathrm{DPC}}")
@implements("rician.fig3", "right")
@implements("rician.ultra-rayleigh", "right")
@implements("rician.floor-moderate", "exact")
def outage_dpc(
    threshold: Quantity,
    N: int,
    rician_factor: Quantity,
    snr: Quantity,
    data_share: Quantity = 1.0,
) -> np.ndarray | float:
    r"""Outage of linear beamforming with dirty paper coding, for any angles.

    .. math:: P_N\big(\sqrt{2KN},\sqrt{2(K+1)\gamma/(p_c\,\mathrm{snr})}\big)

    with Marcum's function: 2(K+1)Z is noncentral chi-square with 2N degrees of freedom and
    noncentrality 2KN. Arguments broadcast; relative accuracy 1e-12 above 1e-300. With
    data_share = 1 it is the outage of any scheme that sends everything along the channel.
    Raises ``ValueError`` for threshold < 0, K < 0, N < 1, snr <= 0 or a fraction outside [0, 1].

    Claims: beyond.exact-outage, foundation.rician-norm, rician.lb-com-dpc, rician.opp-sjb-sen,
    rician.fig1a, rician.fig1b, rician.fig3, rician.ultra-rayleigh, rician.floor-moderate.

    >>> print(f"{outage_dpc(0.5, 8, 0, 1.0):.8e}")
    6.21969086e-08
    """
    N, K = N, rician_factor
    noise = threshold / _snr(snr)
    fraction = data_share
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(noise == 0, 0.0, noise / fraction)
    return marcum_p(N, np.sqrt(2 * K * N), np.sqrt(2 * (K + 1) * needed))


@public
@implements("rician.floor-moderate", "right")
@implements("rician.fig1b", "tool")
def deep_outage_ratio(
    rician_factor: Quantity, N: Quantity, scatter_power: Quantity = 1.0
) -> Quantity:
    r"""Limit of the least outage over that of Rayleigh fading as the threshold falls to 0.

    .. math:: \frac{P_{\mathrm{out}}(K)}{P_{\mathrm{out}}(0)} \to \big[(K+1)\,e^{-K/v}\big]^N

    ``rician_factor`` K >= 0, N >= 1 antennas, ``scatter_power`` :math:`v=E|\nu_n|^2` > 0. Arrays
    broadcast, symbols pass. Raises ``ValueError`` outside these ranges. For v = 1 it is below 1 for
    every K > 0: a line of sight makes deep outages rarer.

    Claims: rician.floor-moderate, rician.fig1b.

    For 16 antennas, K = 1, scattered entries of power 1 and 2:

    >>> print(f"{deep_outage_ratio(1.0, 16):.4e} {deep_outage_ratio(1.0, 16, 2.0):.3f}")
    7.3751e-03 21.985
    """
    K = rician_factor
    v = scatter_power
    return ((K + 1) * arithmetic(K, v).exp(-K / v)) ** N


@public("[0, 1]", threshold="[0, inf)", data_share="(0, 1]", snr="(0, inf]")
@implements("beyond.exact-outage", "right", "without dirty paper coding")
@implements("beyond.rayleigh-ultra", "right")
@implements("rician.lb-com-op", "exact")
@implements("rician.fig1b", "right", r"P_{\mathrm{out,com}}^{\mathrm{LB}}")
def outage_lb(
    threshold: Quantity,
    N: int,
    rician_factor: float,
    array_sum: Quantity,
    snr: float,
    data_share: float,
) -> np.ndarray | float:
    r"""Outage of linear beamforming without dirty paper coding, given the angles.

    .. math:: E\,P_{N-1}\Big(\sqrt{2K(N-S^2/N)},
              \sqrt{\tfrac{2(K+1)}{p_c}\big(\gamma/\mathrm{snr}-(p_c-\gamma p_s)U\big)^+}\Big)

    The event is :math:`p_cR+(p_c-\gamma p_s)U\le\gamma/\mathrm{snr}`, :math:`U=|T|^2/N`: a
    generalised chi-square variable of two groups, indefinite for :math:`\gamma>p_c/p_s`. Given the
    Rician amplitude |T| it is a Marcum function, which Gauss's rule averages. Relative accuracy 1e-9
    down to 1e-100, a few milliseconds a value; ``threshold`` and ``array_sum`` broadcast, ``snr`` may
    be infinite (the floor at high power). Raises ``ValueError`` as :func:`outage_dpc`, for N < 2, a
    fraction of 0 and |array_sum| > N.

    Claims: beyond.exact-outage, beyond.rayleigh-ultra, rician.lb-com-op, rician.fig1b.

    >>> print(f"{outage_lb(1.0, 8, 0, 0.0, 10.0, 0.5):.8e}")
    2.13247781e-09
    """
    N, K, array_sum = _channel(N, rician_factor, array_sum)
    threshold, S = np.broadcast_arrays(threshold, array_sum)
    K, snr = float(K), float(_snr(snr))
    fraction = float(data_share)
    pairs = zip(threshold.ravel().tolist(), S.ravel().tolist(), strict=True)
    results = [_outage_lb(t, N, K, s, snr, fraction) for t, s in pairs]
    return np.reshape(results, threshold.shape)[()]


def _outage_lb(threshold, N, K, S, snr, fraction):
    noise = threshold / snr
    slope = fraction - threshold * (1 - fraction)
    if noise == 0 and slope >= 0:
        return 0.0
    scale, middle = K + 1, math.sqrt(K / (K + 1)) * abs(S) / math.sqrt(N)
    outside = math.sqrt(max(2 * K * (N - S**2 / N), 0.0))

    def log_integrand(r):
        """Log of the density of r = |T|/sqrt(N), times the conditional outage."""
        rest = np.maximum(noise - slope * r**2, 0) / fraction
        density = np.log(2 * scale * r * scipy.special.ive(0, 2 * scale * r * middle))
        density -= scale * (r - middle) ** 2
        return density + log_marcum_p(N - 1, outside, np.sqrt(2 * scale * rest))

    # beyond 27 spreads the density of r alone is below 1e-300
    highest = middle + 27 / math.sqrt(scale)
    if slope > 0:
        highest = min(highest, math.sqrt(noise / slope))
    grid = highest * np.concatenate([np.geomspace(1e-6, 1e-2, 20), np.linspace(0.015, 1, 160)])
    coarse = log_integrand(grid[:-1])
    # where the integrand is within e^-42 of its top; the neighbours close the window
    kept = np.flatnonzero(coarse > coarse.max() - 42)
    low, high = (0.0, *grid)[kept[0]], grid[kept[-1] + 1]
    top, x_w = coarse.max(), np.polynomial.legendre.leggauss(32)
    panels, value = 2, math.nan
    for _ in range(8):
        edges = np.linspace(low, high, panels + 1)
        half = np.diff(edges)[:, None] / 2
        nodes, weights = edges[:-1, None] + half * (x_w[0] + 1), half * x_w[1]
        before = value
        value = float(np.sum(weights * np.exp(log_integrand(nodes) - top)))
        if abs(value - before) <= 1e-11 * value:
            return min(math.exp(top) * value, 1.0)
        panels *= 2
    raise ArithmeticError(f"quadrature not converged: {before} and {value}")


@public("[0, 1]", threshold="[0, inf)", snr="(0, inf]")
@implements("rician.opp-sjb-com", "right")
@implements("rician.fig1a", "right", r"P_{\mathbf a}")
def outage_target_beam(
    threshold: Quantity,
    N: int,
    rician_factor: Quantity,
    array_sum: Quantity,
    snr: Quantity,
) -> np.ndarray | float:
    r"""Outage when the whole beam points at the target (SJB at the opportunistic point).

    .. math:: P_1\big(\sqrt{2K/N}\,|S|,\sqrt{2(K+1)\gamma/\mathrm{snr}}\big)

    the noncentral chi-square law with 2 degrees of freedom. Arguments broadcast. Raises
    ``ValueError`` as :func:`outage_lb`, but one antenna will do. Source: rician paper, Section V-A.

    Claims: rician.opp-sjb-com, rician.fig1a.

    >>> print(f"{outage_target_beam(1.0, 8, 0, 0.0, 10.0):.8f}")
    0.09516258
    """
    N, K, S = _channel(N, rician_factor, array_sum, 1)
    noise = threshold / _snr(snr)
    noncentrality = target_beam_noncentrality(N, K, S)
    return marcum_p(1, np.sqrt(noncentrality), np.sqrt(2 * (K + 1) * noise))


@public
@implements("rician.opp-sjb-com", "right", r"\lambda")
def target_beam_noncentrality(
    N: Quantity, rician_factor: Quantity, array_sum: Quantity
) -> Quantity:
    r"""Noncentrality :math:`\lambda=\frac{2K}NS^2` of the user's power when the beam is on the target.

    :math:`\frac{2(K+1)}N|T|^2` is noncentral chi-square with 2 degrees of freedom. Arrays broadcast,
    symbols pass. Raises ``ValueError`` for N < 1, K < 0 or a sum that is not finite. Source: rician
    paper, Section V-A.

    Claim: rician.opp-sjb-com.

    >>> float(target_beam_noncentrality(8, 1.0, 4.0))
    4.0
    """
    N, K = N, rician_factor
    return 2 * K / N * array_sum**2


@public("[0, 1]", rtol="[1e-13, 1]")
@implements("rician.sjb-com-op", "exact")
@implements("rician.fig1a", "exact")
@implements("rician.ultra-rayleigh", "exact")
def outage_sjb(
    threshold: Quantity,
    N: int,
    rician_factor: Quantity,
    array_sum: Quantity,
    snr: Quantity,
    user_weight: Quantity,
    target_weight: Quantity,
    phase: Quantity = 0.0,
    *,
    rtol: float = 1e-6,
) -> np.ndarray | float:
    r"""Outage of subspace joint beamforming given the angles, by an integral over the projection.

    The beam is :math:`\alpha_1e^{j\psi_1}h+\alpha_2e^{j\psi_2}a(\theta)`, with ``user_weight``
    :math:`\alpha_1\ge0`, ``target_weight`` :math:`\alpha_2\ge0`, not both 0, and ``phase``
    :math:`\psi_2-\psi_1`. With :math:`\beta=e^{j(\psi_2-\psi_1)}T^*=b+jc`,
    :math:`\kappa=\alpha_1/\alpha_2` and :math:`g=\gamma/\mathrm{snr}` outage is the interval

    .. math:: |\kappa(Z-g/2)+b|<\sqrt{m(b)-c^2},\qquad m(b)=g(N+\kappa b+g\kappa^2/4)

    of :math:`Z=R+|\beta|^2/N`, whose probability given :math:`\beta` is a difference of two Marcum
    functions; the integral over b and c = sqrt(m) sin(angle) takes Gauss's rule on panels that
    are halved until two values agree to ``rtol``, or else an adaptive cubature. Arguments
    broadcast; some 20 ms a value, seconds where two antennas or very unequal weights leave edges.
    Raises ``ValueError`` as :func:`outage_lb`, ``ArithmeticError`` where neither converges and for
    an outage below 1e-300.

    Claims: rician.sjb-com-op, rician.fig1a, rician.ultra-rayleigh.

    >>> print(f"{outage_sjb(1.0, 8, 0, 0.0, 10.0, 1.0, 1.0):.6e}")
    6.851968e-04
    """
    N, rician_factor, array_sum = _channel(N, rician_factor, array_sum)
    user = user_weight
    target = target_weight
    if np.any((user == 0) & (target == 0)):
        raise ValueError("user_weight and target_weight must not both be 0")
    level = threshold / _snr(snr)
    rtol = float(rtol)
    columns = np.broadcast_arrays(level, rician_factor, array_sum, user, target, phase)
    rows = zip(*(column.ravel().tolist() for column in columns), strict=True)
    return np.reshape([_outage_sjb(N, *row, rtol) for row in rows], columns[0].shape)[()]


def _outage_sjb(N, g, K, S, user, target, phase, rtol):
    if target == 0:
        return float(outage_dpc(g, N, K, 1.0))
    if user == 0:
        return float(outage_target_beam(g, N, K, S, 1.0))
    # what lies beyond a reach r has a probability of about exp(-r^2/2): it must not matter
    for reach in (23.0, 27.0, 31.0, 35.0, 38.5):
        value = _outage_within(reach, N, g, K, S, user, target, phase, rtol)
        if value > 0 and math.log(value) > -(reach**2) / 2 + 30:
            return value
    raise ArithmeticError("the outage is too small: it is below 1e-300")


def _outage_within(reach, N, g, K, S, user, target, phase, rtol):
    """Outage with a projection that deviates from its mean by at most ``reach`` deviations."""
    kappa = user / target
    variance = N / (K + 1)
    centre = math.sqrt(K / (K + 1)) * S * np.exp(1j * phase)
    outside = 2 * K * max(N - S**2 / N, 0.0)
    reach *= math.sqrt(variance / 2)
    start = max(-N / kappa - g * kappa / 4, centre.real - reach)
    end = max(min(math.sqrt(g * N), centre.real + reach), start + 1e-12 * N)

    def integrand(points):
        """Mass per unit of s and t, both in (0, 1): b = start + (end - start) s^2, and the angle."""
        s, t = np.moveaxis(points, -1, 0)
        b = start + (end - start) * s**2
        size = np.sqrt(np.maximum(g * (N + kappa * b + g * kappa**2 / 4), 1e-300))
        low, high = (np.arcsin(np.clip((centre.imag + d) / size, -1, 1)) for d in (-reach, reach))
        angle = low + (high - low) * t
        c, half = size * np.sin(angle), size * np.cos(angle)
        middle = g / 2 - b / kappa - (b**2 + c**2) / N
        edges = (np.maximum(middle + d * half / kappa, 0) for d in (-1, 1))
        inside = _interval(N - 1, outside, *(2 * (K + 1) * edge for edge in edges))
        density = np.exp(-((b - centre.real) ** 2 + (c - centre.imag) ** 2) / variance)
        jacobian = 2 * s * (end - start) * (high - low) * half
        return jacobian * density * inside / (math.pi * variance)

    # the rectangle that holds the mass, found on coarse grids
    box = np.array([[0.0, 1.0], [0.0, 1.0]])
    for _ in range(3):
        grids = [np.linspace(*side, 42) for side in box]
        centres = np.meshgrid(*((grid[1:] + grid[:-1]) / 2 for grid in grids), indexing="ij")
        coarse = integrand(np.stack(centres, axis=-1))
        largest = coarse.max()
        if not largest > 0:
            return 0.0
        before = box.copy()
        for axis in (0, 1):
            kept = np.flatnonzero(coarse.max(axis=1 - axis) > 1e-15 * largest)
            last = min(kept[-1] + 3, 41)
            box[axis] = grids[axis][max(kept[0] - 2, 0)], grids[axis][last]
        if np.all(np.diff(box) > 0.8 * np.diff(before)):
            break
    x, w = np.polynomial.legendre.leggauss(20)
    value = math.nan
    for panels in (1, 2, 4):
        points, weights = [], []
        for low, high in box:
            edges = np.linspace(low, high, panels + 1)
            half = np.diff(edges)[:, None] / 2
            points.append((edges[:-1, None] + half * (x + 1)).ravel())
            weights.append((half * w).ravel())
        nodes = np.stack(np.meshgrid(*points, indexing="ij"), axis=-1)
        before, value = value, float(weights[0] @ integrand(nodes) @ weights[1])
        if abs(value - before) <= rtol * value:
            return value
    # kinks, as for two antennas; scaled, so that no estimate of an error underflows
    result = cubature(
        lambda points: integrand(points) / largest,
        *box.T,
        rule="gk15",
        rtol=rtol,
        max_subdivisions=2000,
    )
    if result.status != "converged":
        raise ArithmeticError(f"quadrature not converged to {rtol:g}, error {result.error:.1e}")
    return float(result.estimate * largest)


@public(weight_ratio="(0, inf)")
@implements("beyond.joint-diversity", "right")
def diversity_constant(N: int, weight_ratio: Quantity) -> np.ndarray | float:
    r"""Limit of the joint beam's outage over the normalised noise g for Rayleigh fading.

    .. math:: C_N(\kappa)=\Big(\frac N{\kappa^2}\Big)^{N-1}\frac{(N-1)!}{(2N-2)!}\;
              {}_1F_1\Big(N-1;\,2N-1;\,-\frac N{\kappa^2}\Big)

    ``weight_ratio`` :math:`\kappa=\alpha_1/\alpha_2` > 0, any shape; N >= 1; computed in 25 digits.
    Raises ``ValueError`` outside these ranges.

    Claim: beyond.joint-diversity.

    >>> print(f"{diversity_constant(16, 1.0):.6e}")
    6.460118e-06
    """
    ratio = N / weight_ratio**2
    return np.vectorize(lambda y: _diversity_constant(N, y), otypes=[float])(ratio)[()]


def _diversity_constant(N, y):
    with mpmath.workdps(25):
        scale = mpmath.mpf(y) ** (N - 1) * mpmath.factorial(N - 1) / mpmath.factorial(2 * N - 2)
        return scale * mpmath.hyp1f1(N - 1, 2 * N - 1, -mpmath.mpf(y))


def _interval(m, noncentrality, low, high):
    """Probability that a noncentral chi-square variable of 2m degrees lies between low and high."""
    a, low, high = math.sqrt(noncentrality), np.sqrt(low), np.sqrt(high)
    # beyond the mean the upper tails keep the digits
    upper = low**2 > 2 * m + noncentrality
    result = np.zeros(low.shape)
    for part, law, sign in ((~upper, marcum_p, 1), (upper, marcum_q, -1)):
        part &= high > low
        result[part] = sign * (law(m, a, high[part]) - law(m, a, low[part]))
    return np.maximum(result, 0)


def _channel(N, rician_factor, array_sum, fewest=2):
    N = check_integer("N", N, fewest)
    largest = N * (1 + 1e-12)
    S = check_real("array_sum", array_sum, -largest, largest)
    return N, check_real("rician_factor", rician_factor, 0), S


def _snr(snr):
    return check_real("snr", snr, 0, open_low=True, finite=False)


@public("[0, 1]", data_share="(0, 1]", threshold="[0, inf)", snr="(0, inf]")
@implements("rician.lb-com-dpc", "approximation")
@implements("rician.opp-sjb-sen", "approximation")
def outage_dpc_gaussian(
    threshold: Quantity,
    N: int,
    rician_factor: float,
    snr: Quantity,
    data_share: Quantity = 1.0,
) -> np.ndarray | float:
    r"""Gaussian approximation of the outage with dirty paper coding.

    .. math:: \Phi\Big(\frac{\gamma/(p_c\,\mathrm{snr})-N}{\sqrt{N(2K+1)}/(K+1)}\Big)

    Raises ``ValueError`` for threshold < 0, K < 0, N < 1, snr <= 0 or a fraction outside (0, 1].
    Source: rician paper, end of Section IV-A. It never falls below its value at threshold 0.

    Claims: rician.lb-com-dpc, rician.opp-sjb-sen.

    >>> print(f"{outage_dpc_gaussian(0.0, 8, 0, 1.0):.6f}")
    0.002339
    """
    N, K, _, _ = _checked_channel(N, rician_factor, 0.0)
    fraction = data_share
    deviation = math.sqrt(N * (2 * K + 1)) / (K + 1)
    return scipy.special.ndtr((threshold / (fraction * snr) - N) / deviation)


@public("[0, 1]", threshold="[0, inf)", snr="(0, inf]")
@implements("rician.lb-com-op", "approximation")
def outage_lb_gaussian(
    threshold: float,
    N: int,
    rician_factor: float,
    array_sum: float,
    snr: float,
    data_share: float,
) -> float:
    r"""Gaussian approximation of the outage without dirty paper coding, given the angles.

    .. math:: \Pr\Big[p_cz<\gamma\Big(\frac{1-p_c}N(u^2+v^2)+\frac1{\mathrm{snr}}\Big)\Big]

    for a Gaussian triple (u, v, z) with the moments of :func:`lb_moments`. Given u, z is normal, so
    this is a generalised chi-square probability with a normal term; the value has its accuracy.
    Raises ``ValueError`` as :func:`outage_dpc_gaussian`. Source: rician paper, Section IV-A.

    Claim: rician.lb-com-op.

    >>> print(f"{outage_lb_gaussian(1.0, 8, 0, 0.0, 10.0, 0.5):.6f}")
    0.013465
    """
    N, K, S, _ = _checked_channel(N, rician_factor, array_sum)
    threshold = float(threshold)
    _, snr, fraction = _checked_powers(N, snr, data_share)
    (mean_u, _, _), covariance = lb_moments(N, K, float(S))
    variance, cross, norm_variance = covariance[0][0], covariance[0][2], covariance[2][2]
    # z = N + slope (u - mean_u) + rest
    slope = cross / variance
    rest = norm_variance - cross * slope
    leak = threshold * (1 - fraction) / N
    noise = threshold / snr
    std = float(fraction * math.sqrt(max(rest, 0.0)))
    if leak == 0:
        deviation = fraction * math.sqrt(norm_variance)
        return float(scipy.special.ndtr((noise - fraction * N) / deviation))
    # -leak u^2 + fraction slope u = -leak (u - centre)^2 + leak centre^2
    centre = fraction * slope / (2 * leak)
    offset = fraction * (N - slope * mean_u) + leak * centre**2
    noncentrality = (mean_u - centre) ** 2 / variance
    weight = -leak * variance
    return float(genchi2_cdf(noise, weight, 2, noncentrality, std, offset))


@public
@implements("rician.lem3", "right")
def phase_step(target_angle: Quantity, user_angle: Quantity) -> Quantity:
    r"""Phase step :math:`x=\pi(\sin\theta-\sin\phi)` between neighbouring antennas, in radians.

    Angles in radians broadcast, symbols pass; ``ValueError`` for nan and infinite ones. Source:
    rician paper, Lemma 3.

    Claim: rician.lem3.

    >>> import numpy as np
    >>> print(f"{phase_step(np.pi / 2, 0.0) / np.pi:.1f}")
    1.0
    """
    target = target_angle
    user = user_angle
    ns = arithmetic(target, user)
    return ns.pi * (ns.sin(target) - ns.sin(user))


@public
@implements("rician.sjb-com-los", "right")
@implements("rician.sjb-sen-los", "right")
def line_of_sight_sums(
    S: Quantity,
    N: Quantity,
    user_weight: Quantity,
    target_weight: Quantity,
    user_phase: Quantity = 0.0,
    target_phase: Quantity = 0.0,
) -> tuple[Quantity, Quantity, Quantity]:
    r"""The joint beam's power at the user and at the target and its squared norm, without scatter.

    .. math:: |h^H\tilde w|^2=|\alpha_1e^{j\psi_1}N+\alpha_2e^{j\psi_2}S|^2,\quad
              |a^H\tilde w|^2=|\alpha_1e^{j\psi_1}S+\alpha_2e^{j\psi_2}N|^2,\quad
              Z_w=(\alpha_1^2+\alpha_2^2)N+2\alpha_1\alpha_2S\cos(\psi_1-\psi_2)

    for the channel :math:`h=a(\phi)`; ``S`` is :func:`array_sum`. Arrays broadcast, symbols pass.
    Raises ``ValueError`` for N < 1 or a negative weight.

    Claims: rician.sjb-com-los, rician.sjb-sen-los.

    >>> line_of_sight_sums(-4.0, 4, 1.0, 1.0, 0.0, 0.0)
    (np.float64(0.0), np.float64(0.0), np.float64(0.0))
    """
    user = user_weight
    target = target_weight
    ns = arithmetic(S, N, user, target, user_phase, target_phase)
    product = 2 * user * target * ns.cos(user_phase - target_phase)
    squares = user**2, target**2
    return (
        squares[0] * N**2 + squares[1] * S**2 + product * N * S,
        squares[0] * S**2 + squares[1] * N**2 + product * N * S,
        (squares[0] + squares[1]) * N + product * S,
    )


@public("[0, 1]")
@implements("rician.sjb-com-aligned", "right")
def gaussian_outage(level: float, mean: Quantity, covariance: Quantity) -> float:
    r"""Probability of :math:`X^2+Y^2<g\,Z` for a Gaussian triple, by the generalised chi-square law.

    With :math:`v=\mu+Cs`, s standard normal, the region is a quadratic form of s; turned to its
    axes it is a sum of two weighted noncentral squares and a normal term, which
    ``isacnb.special.genchi2.genchi2_cdf`` computes to the last digits. ``level`` g > 0, mean (3,),
    covariance (3, 3), positive semidefinite and not 0. Source: case 3 of Section III-A; R. B.
    Davies, Appl. Stat. 29 (1980), for the reduction.

    Claim: rician.sjb-com-aligned.

    >>> print(f"{gaussian_outage(1.0, [0, 0, 4], np.diag([1, 1, 1e-12])):.6f}")
    0.864665
    """
    level = float(level)
    mean = check_real("mean", mean)
    values, vectors = np.linalg.eigh(check_real("covariance", covariance))
    if values[0] < -1e-9 * values[-1] or values[-1] <= 0:
        raise ValueError(f"covariance must be positive semidefinite and not 0, got {covariance}")
    root = vectors * np.sqrt(np.maximum(values, 0))
    form = np.diag([1.0, 1.0, 0.0])
    linear = np.array([0.0, 0.0, -level])
    weights, axes = np.linalg.eigh(root.T @ form @ root)
    slopes = axes.T @ root.T @ (2 * form @ mean + linear)
    square = weights > 1e-13 * weights[-1]
    centre = slopes[square] / (2 * weights[square])
    offset = mean @ form @ mean + linear @ mean - np.sum(weights[square] * centre**2)
    rest = float(np.linalg.norm(slopes[~square]))
    size = int(square.sum())
    return float(genchi2_cdf(0.0, weights[square], np.ones(size), centre**2, rest, offset))


@public("[0, 1]", N="integers [2, inf)")
@implements("rician.eq10", "approximation")
@implements("rician.sjb-com-op", "approximation")
def outage_sjb_gaussian(
    threshold: Quantity,
    N: int,
    rician_factor: float,
    array_sum: Quantity,
    snr: Quantity,
    user_weight: float,
    target_weight: float,
    phase: float = 0.0,
) -> np.ndarray | float:
    r"""SJB communication outage by the paper's Gaussian approximation (10), given the angles.

    .. math:: \Pr\big[\mathrm{snr}\,(X^2+Y^2)<\gamma Z_w\big]

    for the Gaussian triple of :func:`communication_moments`. ``phase`` is :math:`\psi_2-\psi_1`;
    threshold, array_sum and snr broadcast. An approximation: see
    :func:`isacnb.rician.rate_outage.outage_sjb` for the truth. Raises ``ValueError`` for threshold <= 0,
    snr <= 0, N < 2 or a negative Rician factor.

    Claims: rician.eq10, rician.sjb-com-op.

    >>> print(f"{outage_sjb_gaussian(1.0, 8, 0.0, 0.0, 10.0, 1.0, 1.0):.6e}")
    2.840338e-03
    """
    level = threshold
    level = level / snr
    level, sums = np.broadcast_arrays(level, array_sum)
    arguments = (N, rician_factor, user_weight, target_weight, 0.0, phase)
    values = [
        gaussian_outage(g, *communication_moments(float(S), *arguments))
        for g, S in zip(level.ravel(), sums.ravel(), strict=True)
    ]
    return np.reshape(values, level.shape)[()]
