r"""Outage of the user over a Rician channel: exact, and by the paper's Gaussian approximations.

The exact ones depend on two independent variables: the projection of the channel on the target's
direction, :math:`T=a^H(\theta)h\sim\mathcal{CN}(\eta_1S,\eta_2^2N)`, and the rest of its squared norm,
:math:`R=\|h\|^2-|T|^2/N`, a noncentral gamma variable. Functions that end in ``_gaussian`` are the
paper's approximations, each beside the exact one. ``snr`` is :math:`P\varrho/\sigma_c^2`, and
``array_sum`` :math:`S=a^H(\theta)a(\phi)` of the centred array.
"""

import math
from collections.abc import Callable

import mpmath
import numpy as np
import scipy.special
from scipy.integrate import cubature

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..special.genchi2 import GenChi2
from ..special.marcum import log_marcum_p, marcum_p, marcum_q
from .beams import JointBeam
from .rate import communication_moments_joint, projection_moments

__all__ = [
    "deep_outage_ratio",
    "diversity_constant",
    "line_of_sight_powers_joint",
    "noncentrality_target_beam",
    "phase_step",
    "rate_outage_dpc",
    "rate_outage_dpc_gaussian",
    "rate_outage_joint",
    "rate_outage_joint_gaussian",
    "rate_outage_split",
    "rate_outage_split_gaussian",
    "rate_outage_target_beam",
    "triple_outage_gaussian",
]


# --- the split beams with dirty paper coding ----------------------------------------------------


@public("[0, 1]", sinr_threshold="[0, inf)", snr="(0, inf]")
@implements("beyond.exact-outage", "right", "with dirty paper coding")
@implements("foundation.rician-norm", "right")
@implements("rician.lb-com-dpc", "exact")
@implements("rician.opp-sjb-sen", "exact")
@implements("rician.fig1a", "right", r"P_{\mathbf h}")
@implements("rician.fig1b", "right", r"P_{\mathrm{out,com}}^{\mathrm{DPC}}")
@implements("rician.fig3", "right")
@implements("rician.ultra-rayleigh", "right")
@implements("rician.floor-moderate", "exact")
def rate_outage_dpc(
    sinr_threshold: Quantity,
    N: Quantity,
    rician_factor: Quantity,
    snr: Quantity,
    data_share: Quantity = 1.0,
) -> np.ndarray | float:
    r"""Outage of the split beams with dirty paper coding, for any angles.

    .. math:: P_N\big(\sqrt{2KN},\sqrt{2(K+1)\gamma/(p_c\,\mathrm{snr})}\big)

    with Marcum's function: 2(K+1)Z is noncentral chi-square with 2N degrees of freedom and
    noncentrality 2KN. With a data share of 1 it is the outage of any scheme that sends everything
    along the channel.

    Parameters
    ----------
    sinr_threshold : :math:`\gamma\ge0`
    N : number of transmit antennas
    rician_factor : K
    snr : :math:`P\varrho/\sigma_c^2`, may be infinite
    data_share : :math:`p_c`; at 0 outage is certain for :math:`\gamma>0`

    Arrays broadcast. Relative accuracy 1e-12 above 1e-300, that of
    :func:`isacnb.special.marcum.marcum_p`.

    Claims: beyond.exact-outage, foundation.rician-norm, rician.lb-com-dpc, rician.opp-sjb-sen,
    rician.fig1a, rician.fig1b, rician.fig3, rician.ultra-rayleigh, rician.floor-moderate.

    >>> print(f"{rate_outage_dpc(0.5, 8, 0, 1.0):.8e}")
    6.21969086e-08
    """
    K = rician_factor
    noise = sinr_threshold / snr
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(noise == 0, 0.0, noise / np.asarray(data_share))
    return marcum_p(N, np.sqrt(2 * K * N), np.sqrt(2 * (K + 1) * needed))


@public("[0, 1]", data_share="(0, 1]", sinr_threshold="[0, inf)", snr="(0, inf]")
@implements("rician.lb-com-dpc", "approximation")
@implements("rician.opp-sjb-sen", "approximation")
def rate_outage_dpc_gaussian(
    sinr_threshold: Quantity,
    N: Quantity,
    rician_factor: Quantity,
    snr: Quantity,
    data_share: Quantity = 1.0,
) -> np.ndarray | float:
    r"""Gaussian approximation of the outage with dirty paper coding.

    .. math:: \Phi\Big(\frac{\gamma/(p_c\,\mathrm{snr})-N}{\sqrt{N(2K+1)}/(K+1)}\Big)

    It never falls below its value at threshold 0.

    Parameters
    ----------
    sinr_threshold : :math:`\gamma\ge0`
    N : number of transmit antennas
    rician_factor : K
    snr : :math:`P\varrho/\sigma_c^2`, may be infinite
    data_share : :math:`p_c` in (0, 1]

    Arrays broadcast. The truth is :func:`rate_outage_dpc`. Source: rician paper, end of Section IV-A.

    Claims: rician.lb-com-dpc, rician.opp-sjb-sen.

    >>> print(f"{rate_outage_dpc_gaussian(0.0, 8, 0, 1.0):.6f}")
    0.002339
    """
    K = rician_factor
    deviation = np.sqrt(N * (2 * K + 1)) / (K + 1)
    return scipy.special.ndtr((sinr_threshold / (data_share * snr) - N) / deviation)


@public("[0, inf)")
@implements("rician.floor-moderate", "right")
@implements("rician.fig1b", "tool")
def deep_outage_ratio(
    rician_factor: Quantity, N: Quantity, scatter_power: Quantity = 1.0
) -> Quantity:
    r"""Limit of the least outage over that of Rayleigh fading as the threshold falls to 0.

    .. math:: \frac{P_{\mathrm{out}}(K)}{P_{\mathrm{out}}(0)} \to \big[(K+1)\,e^{-K/v}\big]^N

    For v = 1 it is below 1 for every K > 0: a line of sight makes deep outages rarer.

    Parameters
    ----------
    rician_factor : K
    N : number of transmit antennas
    scatter_power : :math:`v=E|\nu_n|^2`

    Arrays broadcast, symbols pass.

    Claims: rician.floor-moderate, rician.fig1b.

    For 16 antennas, K = 1, scattered entries of power 1 and 2:

    >>> print(f"{deep_outage_ratio(1.0, 16):.4e} {deep_outage_ratio(1.0, 16, 2.0):.3f}")
    7.3751e-03 21.985
    """
    K, v = rician_factor, scatter_power
    return ((K + 1) * arithmetic(K, v).exp(-K / v)) ** N


# --- the split beams without dirty paper coding -------------------------------------------------


@public(
    "[0, 1]", N="integers [2, inf)", sinr_threshold="[0, inf)", data_share="(0, 1]", snr="(0, inf]"
)
@implements("beyond.exact-outage", "right", "without dirty paper coding")
@implements("beyond.rayleigh-ultra", "right")
@implements("rician.lb-com-op", "exact")
@implements("rician.fig1b", "right", r"P_{\mathrm{out,com}}^{\mathrm{LB}}")
def rate_outage_split(
    sinr_threshold: Quantity,
    N: int,
    rician_factor: Quantity,
    array_sum: Quantity,
    snr: Quantity,
    data_share: Quantity,
) -> np.ndarray | float:
    r"""Outage of the split beams without dirty paper coding, given the angles.

    .. math:: E\,P_{N-1}\Big(\sqrt{2K(N-S^2/N)},
              \sqrt{\tfrac{2(K+1)}{p_c}\big(\gamma/\mathrm{snr}-(p_c-\gamma p_s)U\big)^+}\Big)

    The event is :math:`p_cR+(p_c-\gamma p_s)U\le\gamma/\mathrm{snr}`, :math:`U=|T|^2/N`: a
    generalised chi-square variable of two groups, indefinite for :math:`\gamma>p_c/p_s`. Given the
    Rician amplitude |T| it is a Marcum function, which Gauss's rule averages.

    Parameters
    ----------
    sinr_threshold : :math:`\gamma\ge0`
    N : number of transmit antennas, >= 2, one number
    rician_factor : K
    array_sum : S in [-N, N]
    snr : :math:`P\varrho/\sigma_c^2`; infinite for the floor at high power
    data_share : :math:`p_c` in (0, 1]; :math:`p_s=1-p_c`

    All but N broadcast. Relative accuracy 1e-12 down to 1e-190, measured against certified values; a few milliseconds a
    value. Raises ``ValueError`` where the rule does not converge or the integrand leaves what floats
    hold.

    Claims: beyond.exact-outage, beyond.rayleigh-ultra, rician.lb-com-op, rician.fig1b.

    >>> print(f"{rate_outage_split(1.0, 8, 0, 0.0, 10.0, 0.5):.8e}")
    2.13247781e-09
    """
    columns = np.broadcast_arrays(sinr_threshold, rician_factor, array_sum, snr, data_share)
    rows = zip(*(column.ravel().tolist() for column in columns), strict=True)
    results = [_outage_split(threshold, N, *row) for threshold, *row in rows]
    return np.reshape(results, columns[0].shape)[()]


def _outage_split(threshold, N, K, S, snr, data_share):
    noise = threshold / snr
    slope = data_share - threshold * (1 - data_share)
    if noise == 0 and slope >= 0:
        return 0.0
    scale, middle = K + 1, math.sqrt(K / (K + 1)) * abs(S) / math.sqrt(N)
    outside = math.sqrt(max(2 * K * (N - S**2 / N), 0.0))

    def log_integrand(r):
        """Log of the density of r = |T|/sqrt(N), times the conditional outage."""
        rest = np.maximum(noise - slope * r**2, 0) / data_share
        density = np.log(2 * scale * r * scipy.special.ive(0, 2 * scale * r * middle))
        density -= scale * (r - middle) ** 2
        return density + log_marcum_p(N - 1, outside, np.sqrt(2 * scale * rest))

    # beyond 27 spreads the density of r alone is below 1e-300
    highest = middle + 27 / math.sqrt(scale)
    if slope > 0:
        highest = min(highest, math.sqrt(noise / slope))
    grid = highest * np.concatenate([np.geomspace(1e-6, 1e-2, 20), np.linspace(0.015, 1, 160)])
    coarse = log_integrand(grid[:-1])
    if not np.isfinite(coarse.max()):
        raise ArithmeticError("the integrand is nowhere a number that floats hold")
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


@public("[0, 1]", sinr_threshold="[0, inf)", data_share="(0, 1]", snr="(0, inf]")
@implements("rician.lb-com-op", "approximation")
def rate_outage_split_gaussian(
    sinr_threshold: float,
    N: int,
    rician_factor: float,
    array_sum: float,
    snr: float,
    data_share: float,
) -> float:
    r"""Gaussian approximation of the outage without dirty paper coding, given the angles.

    .. math:: \Pr\Big[p_cz<\gamma\Big(\frac{1-p_c}N(u^2+v^2)+\frac1{\mathrm{snr}}\Big)\Big]

    for a Gaussian triple (u, v, z) with the moments of :func:`isacnb.rician.rate.projection_moments`.
    Given u, z is normal, so this is a generalised chi-square probability with a normal term; the value
    has its accuracy.

    Parameters
    ----------
    sinr_threshold : :math:`\gamma\ge0`
    N : number of transmit antennas
    rician_factor : K
    array_sum : S in [-N, N]
    snr : :math:`P\varrho/\sigma_c^2`, may be infinite
    data_share : :math:`p_c` in (0, 1]

    All are one number each. The truth is :func:`rate_outage_split`. Source: rician paper, Section
    IV-A.

    Claim: rician.lb-com-op.

    >>> print(f"{rate_outage_split_gaussian(1.0, 8, 0, 0.0, 10.0, 0.5):.6f}")
    0.013465
    """
    (mean_u, _, _), covariance = projection_moments(N, rician_factor, array_sum)
    variance, cross, norm_variance = covariance[0][0], covariance[0][2], covariance[2][2]
    # z = N + slope (u - mean_u) + rest
    slope = cross / variance
    rest = norm_variance - cross * slope
    leak = sinr_threshold * (1 - data_share) / N
    noise = sinr_threshold / snr
    std = float(data_share * math.sqrt(max(rest, 0.0)))
    if leak == 0:
        deviation = data_share * math.sqrt(norm_variance)
        return float(scipy.special.ndtr((noise - data_share * N) / deviation))
    # -leak u^2 + data_share slope u = -leak (u - centre)^2 + leak centre^2
    centre = data_share * slope / (2 * leak)
    offset = data_share * (N - slope * mean_u) + leak * centre**2
    noncentrality = (mean_u - centre) ** 2 / variance
    weight = -leak * variance
    return float(GenChi2(weight, 2, noncentrality, std, offset).cdf(noise))


# --- the joint beam and its end point on the target ---------------------------------------------


@public("[0, 1]", sinr_threshold="[0, inf)", snr="(0, inf]")
@implements("rician.opp-sjb-com", "right")
@implements("rician.fig1a", "right", r"P_{\mathbf a}")
def rate_outage_target_beam(
    sinr_threshold: Quantity,
    N: Quantity,
    rician_factor: Quantity,
    array_sum: Quantity,
    snr: Quantity,
) -> np.ndarray | float:
    r"""Outage when the whole beam points at the target, the opportunistic end of the joint beam.

    .. math:: P_1\big(\sqrt{2K/N}\,|S|,\sqrt{2(K+1)\gamma/\mathrm{snr}}\big)

    the noncentral chi-square law with 2 degrees of freedom.

    Parameters
    ----------
    sinr_threshold : :math:`\gamma\ge0`
    N : number of transmit antennas
    rician_factor : K
    array_sum : S in [-N, N]
    snr : :math:`P\varrho/\sigma_c^2`, may be infinite

    Arrays broadcast; accuracy of :func:`isacnb.special.marcum.marcum_p`. Source: rician paper,
    Section V-A.

    Claims: rician.opp-sjb-com, rician.fig1a.

    >>> print(f"{rate_outage_target_beam(1.0, 8, 0, 0.0, 10.0):.8f}")
    0.09516258
    """
    noise = sinr_threshold / snr
    noncentrality = noncentrality_target_beam(N, rician_factor, array_sum)
    return marcum_p(1, np.sqrt(noncentrality), np.sqrt(2 * (rician_factor + 1) * noise))


@public("[0, inf)")
@implements("rician.opp-sjb-com", "right", r"\lambda")
def noncentrality_target_beam(
    N: Quantity, rician_factor: Quantity, array_sum: Quantity
) -> Quantity:
    r"""Noncentrality :math:`\lambda=\frac{2K}NS^2` of the user's power when the beam is on the target.

    :math:`\frac{2(K+1)}N|T|^2` is noncentral chi-square with 2 degrees of freedom.

    Parameters
    ----------
    N : number of transmit antennas
    rician_factor : K
    array_sum : S in [-N, N]

    Arrays broadcast, symbols pass. Source: rician paper, Section V-A.

    Claim: rician.opp-sjb-com.

    >>> float(noncentrality_target_beam(8, 1.0, 4.0))
    4.0
    """
    return 2 * rician_factor / N * array_sum**2


@public("[0, 1]", N="integers [2, inf)", rtol="[1e-13, 1]")
@implements("rician.sjb-com-op", "exact")
@implements("rician.fig1a", "exact")
@implements("rician.ultra-rayleigh", "exact")
def rate_outage_joint(
    sinr_threshold: Quantity,
    N: int,
    rician_factor: Quantity,
    array_sum: Quantity,
    snr: Quantity,
    beam: JointBeam,
    *,
    rtol: float = 1e-6,
) -> np.ndarray | float:
    r"""Outage of the joint beam given the angles, by an integral over the projection.

    With :math:`\beta=e^{j(\psi_2-\psi_1)}T^*=b+jc`, :math:`\kappa=\alpha_1/\alpha_2` and
    :math:`g=\gamma/\mathrm{snr}` outage is the interval

    .. math:: |\kappa(Z-g/2)+b|<\sqrt{m(b)-c^2},\qquad m(b)=g(N+\kappa b+g\kappa^2/4)

    of :math:`Z=R+|\beta|^2/N`, whose probability given :math:`\beta` is a difference of two Marcum
    functions; the integral over b and c = sqrt(m) sin(angle) takes Gauss's rule on panels that
    are halved until two values agree to ``rtol``, or else an adaptive cubature.

    Parameters
    ----------
    sinr_threshold : :math:`\gamma>0`
    N : number of transmit antennas, >= 2
    rician_factor : K
    array_sum : S in [-N, N]
    snr : :math:`P\varrho/\sigma_c^2`
    beam : weights :math:`\alpha_1,\alpha_2` and phases :math:`\psi_1,\psi_2`
    rtol : relative accuracy, in [1e-13, 1]

    All but N and rtol broadcast, the fields of the beam too. Some 20 ms a value, seconds where two
    antennas or very unequal weights leave edges. Raises ``ValueError`` where neither rule converges and
    for an outage below 1e-300.

    Claims: rician.sjb-com-op, rician.fig1a, rician.ultra-rayleigh.

    >>> print(f"{rate_outage_joint(1.0, 8, 0, 0.0, 10.0, JointBeam(1.0, 1.0)):.6e}")
    6.851968e-04
    """
    columns = np.broadcast_arrays(
        sinr_threshold / snr,
        rician_factor,
        array_sum,
        beam.user_weight,
        beam.target_weight,
        beam.phase_difference,
    )
    rows = zip(*(column.ravel().tolist() for column in columns), strict=True)
    return np.reshape([_outage_joint(N, *row, rtol) for row in rows], columns[0].shape)[()]


def _outage_joint(N, g, K, S, user, target, phase, rtol):
    if target == 0:
        return float(rate_outage_dpc(g, N, K, 1.0))
    if user == 0:
        return float(rate_outage_target_beam(g, N, K, S, 1.0))
    # what lies beyond a reach r has a probability of about exp(-r^2/2): it must not matter
    for reach in (23.0, 27.0, 31.0, 35.0, 38.5):
        value = _outage_within(reach, N, g, K, S, user, target, phase, rtol)
        if value > 0 and math.log(value) > -(reach**2) / 2 + 30:
            # the rule's error may lift a certain outage above 1
            return min(value, 1.0)
    raise ValueError(
        f"sinr_threshold must leave an outage above 1e-300, got sinr_threshold / snr = {g:g} with "
        f"N = {N} and rician_factor = {K:g}"
    )


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
        scale = 2 * (K + 1)
        inside = _interval(N - 1, outside, scale * middle, scale * half / kappa)
        density = np.exp(-((b - centre.real) ** 2 + (c - centre.imag) ** 2) / variance)
        jacobian = 2 * s * (end - start) * (high - low) * half
        return jacobian * density * inside / (math.pi * variance)

    return unit_square_integral(integrand, rtol)


def unit_square_integral(integrand: Callable[[np.ndarray], np.ndarray], rtol: float) -> float:
    """Integral over the unit square of what is >= 0 and may be large in a small part of it only.

    ``integrand`` takes points of shape (..., 2) and returns values of shape (...). Gauss's rule on panels
    of the rectangle that holds the mass, halved until two values agree to ``rtol``, or else an adaptive
    cubature; 0 where floats hold no value. Raises ``ArithmeticError`` where neither converges.
    """
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


def _interval(m, noncentrality, middle, half):
    """Probability that a noncentral chi-square variable of 2m degrees is within ``half`` of ``middle``."""
    low, high = np.maximum(middle - half, 0), np.maximum(middle + half, 0)
    a, root_low, root_high = math.sqrt(noncentrality), np.sqrt(low), np.sqrt(high)
    # beyond the mean the upper tails keep the digits
    upper = low > 2 * m + noncentrality
    result = np.zeros(low.shape)
    # where the logarithm of the density hardly changes, a difference would cancel
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        change = 2 * half * (m / low + 0.5 + a / root_low)
    narrow = np.flatnonzero(change < 0.05)
    centre, reach = middle.flat[narrow], half.flat[narrow]
    x, weight = _NARROW
    density = _chi_square_density(m, noncentrality, centre + reach * x[:, None])
    inside = reach * (weight @ density)
    known = inside > 0
    result.flat[narrow[known]] = inside[known]
    wide = high > low
    wide.flat[narrow[known]] = False
    for part, law, sign in ((~upper, marcum_p, 1), (upper, marcum_q, -1)):
        part &= wide
        result[part] = sign * (law(m, a, root_high[part]) - law(m, a, root_low[part]))
    return np.maximum(result, 0)


_NARROW = np.polynomial.legendre.leggauss(4)


def _chi_square_density(m, noncentrality, r):
    """Density at r > 0 of a noncentral chi-square variable of 2m degrees; 0 where floats hold no value."""
    a, root = math.sqrt(noncentrality), np.sqrt(r)
    product = a * root
    with np.errstate(divide="ignore", over="ignore", invalid="ignore", under="ignore"):
        # about 0 by the series, whose powers are apart; else by the scaled Bessel function
        log_power = (m - 1) * np.log(r) - m * math.log(2) - math.lgamma(m)
        series = np.exp(log_power - (r + noncentrality) / 2)
        series = series * scipy.special.hyp0f1(m, np.minimum(product, 600.0) ** 2 / 4)
        power = np.exp((m - 1) * np.log(root / a) - (root - a) ** 2 / 2) if a > 0 else 0 * root
        bessel = power * scipy.special.ive(m - 1, product) / 2
    return np.where(product < min(2 * m, 600.0), series, bessel)


@public("[0, 1]", N="integers [2, inf)")
@implements("rician.eq10", "approximation")
@implements("rician.sjb-com-op", "approximation")
def rate_outage_joint_gaussian(
    sinr_threshold: Quantity,
    N: int,
    rician_factor: float,
    array_sum: Quantity,
    snr: Quantity,
    beam: JointBeam,
) -> np.ndarray | float:
    r"""Outage of the joint beam by the paper's Gaussian approximation (10), given the angles.

    .. math:: \Pr\big[\mathrm{snr}\,(X^2+Y^2)<\gamma Z_w\big]

    for the Gaussian triple of :func:`isacnb.rician.rate.communication_moments_joint`.

    Parameters
    ----------
    sinr_threshold : :math:`\gamma>0`
    N : number of transmit antennas, >= 2
    rician_factor : K, one number
    array_sum : S in [-N, N]
    snr : :math:`P\varrho/\sigma_c^2`
    beam : weights and phases, one number each

    Threshold, sum and snr broadcast; accuracy of :func:`triple_outage_gaussian`. The truth is
    :func:`rate_outage_joint`.

    Claims: rician.eq10, rician.sjb-com-op.

    >>> print(f"{rate_outage_joint_gaussian(1.0, 8, 0.0, 0.0, 10.0, JointBeam(1.0, 1.0)):.6e}")
    2.840338e-03
    """
    levels, sums = np.broadcast_arrays(sinr_threshold / snr, array_sum)
    # a common phase turns X + jY only
    turned = JointBeam(beam.user_weight, beam.target_weight, 0.0, beam.phase_difference)
    values = [
        triple_outage_gaussian(g, *communication_moments_joint(N, rician_factor, S, turned))
        for g, S in zip(levels.ravel().tolist(), sums.ravel().tolist(), strict=True)
    ]
    return np.reshape(values, levels.shape)[()]


@public("[0, 1]")
@implements("rician.sjb-com-aligned", "right")
def triple_outage_gaussian(
    noise_level: float, triple_mean: Quantity, triple_covariance: Quantity
) -> float:
    r"""Probability of :math:`X^2+Y^2<g\,Z` for a Gaussian triple, by the generalised chi-square law.

    With :math:`v=\mu+Cs`, s standard normal, the region is a quadratic form of s; turned to its
    axes it is a sum of two weighted noncentral squares and a normal term, which
    :meth:`isacnb.special.genchi2.GenChi2.cdf` computes to the last digits.

    Parameters
    ----------
    noise_level : g > 0
    triple_mean : :math:`\mu`, shape (3,)
    triple_covariance : :math:`\Sigma=CC^T`, shape (3, 3)

    Raises ``ValueError`` for a covariance that is not positive semidefinite or is 0. Source: case 3 of
    Section III-A; R. B. Davies, Appl. Stat. 29 (1980), for the reduction.

    Claim: rician.sjb-com-aligned.

    >>> print(f"{triple_outage_gaussian(1.0, [0, 0, 4], np.diag([1, 1, 1e-12])):.6f}")
    0.864665
    """
    mean = np.asarray(triple_mean, dtype=float)
    covariance = np.asarray(triple_covariance, dtype=float)
    values = np.linalg.eigvalsh(covariance)
    if values[0] < -1e-9 * values[-1] or values[-1] <= 0:
        raise ValueError(
            f"triple_covariance must be positive semidefinite and not 0, got {triple_covariance}"
        )
    form, linear = np.diag([1.0, 1.0, 0.0]), np.array([0.0, 0.0, -noise_level / 2])
    return float(GenChi2.of_real_form(form, linear, 0.0, mean, covariance).cdf(0.0))


@public("[0, inf)", N="integers [1, 1000]", weight_ratio="(0, inf)")
@implements("beyond.joint-diversity", "right")
def diversity_constant(N: int, weight_ratio: Quantity) -> np.ndarray | float:
    r"""Limit of the joint beam's outage over the normalised noise g for Rayleigh fading.

    .. math:: C_N(\kappa)=\Big(\frac N{\kappa^2}\Big)^{N-1}\frac{(N-1)!}{(2N-2)!}\;
              {}_1F_1\Big(N-1;\,2N-1;\,-\frac N{\kappa^2}\Big)

    Parameters
    ----------
    N : number of transmit antennas, up to 1000
    weight_ratio : :math:`\kappa=\alpha_1/\alpha_2` > 0, any shape

    Computed in 25 digits.

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


# --- without scatter ----------------------------------------------------------------------------


@public("[-2*pi, 2*pi]")
@implements("rician.lem3", "right")
def phase_step(target_angle: Quantity, user_angle: Quantity) -> Quantity:
    r"""Phase step :math:`x=\pi(\sin\theta-\sin\phi)` between neighbouring antennas, in radians.

    Parameters
    ----------
    target_angle : :math:`\theta` in radians
    user_angle : :math:`\phi` in radians

    Arrays broadcast, symbols pass. Source: rician paper, Lemma 3.

    Claim: rician.lem3.

    >>> print(f"{phase_step(np.pi / 2, 0.0) / np.pi:.1f}")
    1.0
    """
    ns = arithmetic(target_angle, user_angle)
    return ns.pi * (ns.sin(target_angle) - ns.sin(user_angle))


@public
@implements("rician.sjb-com-los", "right")
@implements("rician.sjb-sen-los", "right")
def line_of_sight_powers_joint(
    N: Quantity, array_sum: Quantity, beam: JointBeam
) -> tuple[Quantity, Quantity, Quantity]:
    r"""The joint beam's power at the user and at the target and its squared norm, without scatter.

    .. math:: |h^H\tilde w|^2=|\alpha_1e^{j\psi_1}N+\alpha_2e^{j\psi_2}S|^2,\quad
              |a^H\tilde w|^2=|\alpha_1e^{j\psi_1}S+\alpha_2e^{j\psi_2}N|^2,\quad
              Z_w=(\alpha_1^2+\alpha_2^2)N+2\alpha_1\alpha_2S\cos(\psi_1-\psi_2)

    for the channel :math:`h=a(\phi)`.

    Parameters
    ----------
    N : number of transmit antennas
    array_sum : S in [-N, N]
    beam : weights and phases

    Arrays broadcast, symbols pass.

    Claims: rician.sjb-com-los, rician.sjb-sen-los.

    >>> [float(p) for p in line_of_sight_powers_joint(4, -4.0, JointBeam(1.0, 1.0))]
    [0.0, 0.0, 0.0]
    """
    S, user, target = array_sum, beam.user_weight, beam.target_weight
    ns = arithmetic(S, N, user, target, beam.user_phase, beam.target_phase)
    product = 2 * user * target * ns.cos(beam.user_phase - beam.target_phase)
    return (
        user**2 * N**2 + target**2 * S**2 + product * N * S,
        user**2 * S**2 + target**2 * N**2 + product * N * S,
        (user**2 + target**2) * N + product * S,
    )
