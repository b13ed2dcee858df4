r"""The bound on the angle in a frame of L symbols, and its outage.

The paper replaces the sample covariance of what is sent by its mean, which holds for many symbols. In
a frame the bound goes through three numbers of its symbols: the energies of data and radar symbols
over L, and their inner product over L. They are random with the data, so that the bound is random even
where the channel is given. Bounds and thresholds are relative to one beam of all the power at the
target with symbols of energy L, as in :mod:`isacnb.rician.sensing_outage`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.integrate
import scipy.special
import scipy.stats

from ..numbers.door import check_fields, public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..numbers.validation import check_integer, check_real
from .angle_bound import unit_projections
from .channel import Arrays, rician_weights

__all__ = [
    "Frame",
    "SymbolSums",
    "crb_ratio_split_frame",
    "frame_outage_joint",
    "frame_outage_split",
    "sensing_outage_joint_frame",
    "sensing_outage_split_frame",
    "tail_factor_joint",
]


_TAIL = 1e-16  # probability of a gamma variable that is left out at each end


_ATOL = 5e-5  # of an average over the channel


_NODES = 18  # Gauss–Legendre nodes of each part of a random quantity of the symbols


_REACH = 6.5  # scatters of a complex normal variable that are covered; exp(-42) is left out


@dataclass(frozen=True)
class Frame:
    r"""A frame of symbols: white Gaussian data symbols, and the radar symbols beside them.

    Parameters
    ----------
    frame_length : L, from 2 to a million
    gaussian_radar : whether the radar symbols are white Gaussian, too; else they are any sequence of
        energy L, independent of the data, as eq. (5) of the rician paper has it

    >>> Frame(30)
    Frame(frame_length=30, gaussian_radar=False)
    """

    frame_length: int
    gaussian_radar: bool = False

    def __post_init__(self):
        check_fields(self)
        check_integer("frame_length", self.frame_length, 2, 10**6)


@dataclass(frozen=True)
class SymbolSums:
    r"""What the bound of the split beams knows of the symbols of a frame.

    Parameters
    ----------
    data_energy : :math:`e=\|s\|^2/L`
    radar_energy : :math:`e_r=\|s_r\|^2/L`
    stream_product : :math:`c=\mathrm{Re}\{\zeta\}`, real part of
        :math:`\zeta=\frac T{|T|}\,s^Hs_r/L`
    stream_determinant : :math:`D=ee_r-|\zeta|^2`

    Any shape, symbols pass.

    >>> SymbolSums(1.0, 1.0, 0.0, 1.0).data_energy
    1.0
    """

    data_energy: Quantity
    radar_energy: Quantity
    stream_product: Quantity
    stream_determinant: Quantity

    def __post_init__(self):
        check_fields(self)


@public
@implements("beyond.frame-bound", "right", "split beams")
def crb_ratio_split_frame(
    gain_share: Quantity,
    slope_share: Quantity,
    data_share: Quantity,
    slope_gain_ratio: Quantity,
    sums: SymbolSums,
) -> Quantity:
    r"""Bound of the split beams in a frame, relative to one beam straight at the target.

    .. math:: \frac{\rho}{\rho^2+p_cp_sGrD},\qquad
              \rho = p_cqe+p_se_r+2\sqrt{p_cp_sq}\,c

    It is :func:`isacnb.rician.angle_bound.crb_ratio_split` where the symbols are orthogonal and of
    energy L. The straight beam's symbols have the energy L.

    Parameters
    ----------
    gain_share : q
    slope_share : r
    data_share : :math:`p_c`, with :math:`p_s=1-p_c`
    slope_gain_ratio : :math:`G=(N^2-1)/(M^2-1)`
    sums : e, :math:`e_r`, c and D of the frame

    Arrays broadcast, symbols pass.

    Claim: beyond.frame-bound.

    >>> sums = SymbolSums(1.0, 1.0, 0.0, 1.0)
    >>> print(f"{crb_ratio_split_frame(0.25, 0.0, 0.5, 1.0, sums):.4f}")
    1.6000
    """
    radar = 1 - data_share
    ns = arithmetic(gain_share, data_share)
    mixed = ns.sqrt(data_share * radar * gain_share)
    reach = data_share * gain_share * sums.data_energy + radar * sums.radar_energy
    reach = reach + 2 * mixed * sums.stream_product
    slope = data_share * radar * slope_gain_ratio * slope_share
    return reach / (reach**2 + slope * sums.stream_determinant)


@public("[0, 1]")
@implements("beyond.frame-outage", "right", "joint beam")
def frame_outage_joint(bound_ratio: Quantity, frame_length: Quantity) -> np.ndarray | float:
    r"""Outage of one beam in a frame of L Gaussian symbols, given channel and angles.

    .. math:: \Pr\Big[\frac{\mathrm{CRB}}e>\epsilon\Big] = \Pr[Le<Lx]
              = \frac1{\Gamma(L)}\int_0^{Lx}t^{L-1}\mathrm e^{-t}\,dt

    Parameters
    ----------
    bound_ratio : :math:`x=\mathrm{CRB}/\epsilon`, the bound of many symbols over the threshold
    frame_length : L

    Arrays broadcast; accuracy of ``scipy.special.gammainc``.

    Claim: beyond.frame-outage.

    A bound 10 % below the threshold misses it in three frames of ten:

    >>> print(f"{frame_outage_joint(0.9, 30):.4f}")
    0.3065
    """
    length = np.asarray(frame_length, dtype=float)
    return scipy.special.gammainc(length, length * bound_ratio)[()]


@public("[0, inf)", tail_exponent="[0, inf)")
@implements("beyond.frame-tail", "right")
def tail_factor_joint(tail_exponent: Quantity, frame_length: Quantity) -> Quantity:
    r"""Factor by which L Gaussian symbols raise an outage that is a power of the sensing level.

    .. math:: E\,e^{-\alpha} = L^\alpha\,\frac{\Gamma(L-\alpha)}{\Gamma(L)}

    Parameters
    ----------
    tail_exponent : :math:`\alpha`, the power
    frame_length : L, above :math:`\alpha`

    Arrays broadcast. Raises ``ValueError`` where L is not above the exponent: there the mean is infinite.

    Claim: beyond.frame-tail.

    >>> print(f"{tail_factor_joint(0.5, 30):.6f} {tail_factor_joint(1.0, 30):.6f}")
    1.012721 1.034483
    """
    exponent, length = np.broadcast_arrays(
        np.asarray(tail_exponent, dtype=float), np.asarray(frame_length, dtype=float)
    )
    if np.any(length <= exponent):
        bad = length[length <= exponent].flat[0]
        raise ValueError(f"frame_length must be above tail_exponent, got {bad:g}")
    # the ratio of gamma functions, without their logarithms' cancellation
    return (length**exponent / scipy.special.poch(length - exponent, exponent))[()]


@public("[0, 1]")
@implements("beyond.frame-outage", "right", "split beams")
def frame_outage_split(
    gain_share: Quantity,
    slope_share: Quantity,
    allowed_ratio: float,
    arrays: Arrays,
    data_share: float,
    frame: Frame,
) -> np.ndarray | float:
    r"""Outage of the split beams in a frame of L symbols, given channel and angles.

    With radar symbols of energy L the bound misses its threshold where :math:`\rho-c\rho^2>cp_cp_sGrD`, and
    :math:`\rho=|\sqrt{p_s}+\sqrt{p_cq}\,\zeta|^2+p_cqD` with independent :math:`\zeta\sim\mathcal{CN}(0,1/L)` and
    :math:`LD\sim\Gamma(L-1)`: given the square y these D are an interval, whose probability is averaged
    over y,

    .. math:: E_y\Big[F_{L-1}(LD_+)-F_{L-1}(LD_-)\Big],\qquad
              D_\pm=\Big(\frac{-B\pm\sqrt{B^2-4cp_c^2q^2(cy^2-y)}}{2cp_c^2q^2}\Big)^+,\quad
              B=p_cq(2cy-1)+cp_cp_sGr

    with the distribution function F of a gamma variable. With Gaussian radar symbols the inverse of the
    bound is :math:`\hat\rho A+\frac{p_cp_sGr}{\hat\rho}B'` with :math:`\hat\rho=p_cq+p_s` and independent
    :math:`LA\sim\Gamma(L)`, :math:`LB'\sim\Gamma(L-1)`.

    Parameters
    ----------
    gain_share : q
    slope_share : r
    allowed_ratio : :math:`c=\cos^2\theta/\hat\kappa`, one number
    arrays : N and M >= 2
    data_share : :math:`p_c` in (0, 1), one number
    frame : L, and the kind of radar symbols

    q and r broadcast. Absolute error below 1e-9, measured; a gain share below 1e-16 counts as 1e-16.

    Claim: beyond.frame-outage.

    >>> arrays = Arrays(16, 16)
    >>> given = 0.05, 0.06, 3.0, arrays, 0.7
    >>> print(f"{frame_outage_split(*given, Frame(30)):.5f} {frame_outage_split(*given, Frame(10**4)):.5f}")
    0.07278 0.00000
    """
    check_integer("M", arrays.M, 2)
    q, r = np.broadcast_arrays(
        np.maximum(np.asarray(gain_share, float), 1e-16), np.asarray(slope_share, float)
    )
    kind = _gaussian_radar_outage if frame.gaussian_radar else _fixed_radar_outage
    size = data_share * (1 - data_share) * arrays.slope_gain_ratio
    value = kind(q[..., None], size * r[..., None], allowed_ratio, data_share, frame.frame_length)
    return np.clip(value, 0.0, 1.0)[()]


@public("[0, 1]")
@implements("beyond.frame-outage", "right", "joint beam, average")
@implements("beyond.frame-tail", "exact")
def sensing_outage_joint_frame(
    nominal_outage: Callable[[float], float], sensing_level: float, frame_length: int
) -> float:
    r"""Sensing outage of one beam in a frame of L Gaussian symbols, from that of many symbols.

    .. math:: P_L(\hat\kappa) = E\,P_\infty(\hat\kappa/e)
              = \frac{L^L}{\Gamma(L)}\int_0^\infty P_\infty\Big(\frac{\hat\kappa}g\Big)g^{L-1}e^{-Lg}\,dg

    Parameters
    ----------
    nominal_outage : :math:`P_\infty`, function of one sensing level that returns the outage of many
        symbols, whatever it is averaged over
    sensing_level : :math:`\hat\kappa`
    frame_length : L, up to a million

    Adaptive quadrature, absolute error below 1e-9 or relative error below 1e-8, and ValueError where
    that is not reached.

    Claims: beyond.frame-outage, beyond.frame-tail.

    >>> from isacnb.rician.sensing_outage import sensing_outage_target_beam
    >>> print(f"{sensing_outage_joint_frame(sensing_outage_target_beam, 0.01, 30):.6f}")
    0.064585
    """
    length = check_integer("frame_length", frame_length, 1, 10**6)
    low, high = _gamma_range(length, length)
    # with its full output it does not warn; the error is judged below
    value, error = scipy.integrate.quad(
        lambda g: float(nominal_outage(sensing_level / g)) * _gamma_pdf(g, length, length),
        low,
        high,
        epsabs=1e-12,
        epsrel=1e-9,
        limit=400,
        points=np.linspace(low, high, 6)[1:-1],
        full_output=1,
    )[:2]
    if error > max(1e-9, 1e-8 * value):
        raise ArithmeticError(f"the average over the symbols does not converge: {error:.1e}")
    return min(value, 1.0)


@public("[0, 1]", data_share="(0, 1)")
@implements("beyond.frame-outage", "exact")
def sensing_outage_split_frame(
    sensing_level: float,
    angles: tuple[float, float],
    arrays: Arrays,
    rician_factor: float,
    data_share: float,
    frame: Frame,
) -> float:
    r"""Sensing outage of the split beams in a frame of L symbols, given the angles.

    .. math:: \iint h(q,r)\,f(q,r)\,dq\,dr,\qquad
              f = \int_0^\infty z^2f_t(qz)\,f_\tau(rz)\,f_w\big((1-q-r)z\big)\,dz

    with h of :func:`frame_outage_split` and the densities of the channel's three powers, along the
    steering vector, along its derivative and in the rest: noncentral chi-square variables.

    Parameters
    ----------
    sensing_level : :math:`\hat\kappa`
    angles : target and user angle in radians
    arrays : N >= 3 and M >= 2
    rician_factor : K
    data_share : :math:`p_c` in (0, 1)
    frame : L, and the kind of radar symbols

    Rules of more and more nodes until three agree within 5e-5, else ValueError: in a long frame the outage
    given the channel is nearly a step.

    Claim: beyond.frame-outage.

    >>> value = sensing_outage_split_frame(0.3, (0.2, -0.5), Arrays(16, 16), 1.0, 0.7, Frame(30))
    >>> print(f"{value:.4f}")
    0.1814
    """
    N = check_integer("N", arrays.N, 3)
    check_integer("M", arrays.M, 2)
    pair = check_real("angles", angles, -np.pi / 2, np.pi / 2)
    if pair.shape != (2,):
        raise ValueError(f"angles must be two angles in radians, got {angles}")
    angles = (float(pair[0]), float(pair[1]))
    allowed = np.cos(angles[0]) ** 2 / sensing_level
    if allowed <= 0:
        return 1.0
    law = _share_law(angles, N, rician_factor)
    box = _box_of(law)
    values = []
    for nodes in (24, 32, 44, 64):
        values.append(_mean_over_shares(law, box, nodes, allowed, arrays, data_share, frame))
        last = values[-3:]
        if len(last) == 3 and max(last) - min(last) < _ATOL:
            return min(values[-1], 1.0)
    raise ArithmeticError("the average over the channel does not converge")


# --- the law of the symbols ---------------------------------------------------------------------


def _gamma_range(order, length):
    """Ends between which a gamma variable of an order, over L, nearly always lies."""
    return (
        scipy.special.gammaincinv(order, _TAIL) / length,
        scipy.special.gammainccinv(order, _TAIL) / length,
    )


def _gamma_pdf(g, order, length):
    """Density of a gamma variable of an order, over L."""
    # about its mode, so that a long frame loses no digits
    mode = np.maximum(order - 1, 0.5)
    place = np.maximum(length * np.asarray(g) / mode, 1e-300)
    top = mode * np.log(mode) - mode - scipy.special.gammaln(order)
    slack = order - 1 - mode
    exponent = mode * (np.log(place) - (place - 1)) + top + slack * np.log(length * g)
    return length * np.exp(exponent)


def _gamma_nodes(low, high, order, length):
    """Nodes and weights over a gamma variable below ``high``, denser where it is cut off."""
    node, weight = np.polynomial.legendre.leggauss(3 * _NODES)
    v = (node + 1) / 2
    span = np.maximum(high - low, 0.0)
    g = high - span * v**2
    return g, span * v * weight * _gamma_pdf(g, order, length)


def _fixed_radar_outage(q, slope, allowed, data_share, length):
    """Outage with radar symbols of energy L; the last axis of q and slope has length 1."""
    share, mean = data_share * q, np.sqrt(1 - data_share)
    scatter = np.sqrt(share / length)
    low, high = np.maximum(mean - _REACH * scatter, 0.0), mean + _REACH * scatter
    # where the outage turns: at a reach of 1/c, and where D- or D+ is likely
    dets = scipy.special.gammaincinv(length - 1, [_TAIL, 0.5, 1 - _TAIL]) / length
    root = np.sqrt(np.maximum(1 - 4 * allowed**2 * slope * dets, 0.0))
    turns = [2 * allowed * slope * dets / (1 + root), (1 + root) / (2 * allowed)]
    turns = np.concatenate([turn - share * dets for turn in turns], axis=-1)
    turns = np.concatenate([turns, np.full_like(share, 1 / allowed)], axis=-1)
    turns = np.clip(np.sqrt(np.maximum(turns, 0.0)), low, high)
    middle = np.full_like(share, mean)
    edges = np.sort(np.concatenate([low, middle, turns, high], axis=-1), axis=-1)[..., None]
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(edges, axis=-2) / 2
    modulus = edges[..., :-1, :] + half * (node + 1)
    scatter, share, slope = scatter[..., None], share[..., None], slope[..., None]
    bessel = scipy.special.i0e(2 * modulus * mean / scatter**2)
    density = 2 * modulus / scatter**2 * np.exp(-(((modulus - mean) / scatter) ** 2)) * bessel
    lower, upper = _determinant_range(modulus**2, share, slope, allowed)
    inside = scipy.special.gammainc(length - 1, length * upper)
    inside = inside - scipy.special.gammainc(length - 1, length * lower)
    return np.sum(half * weight * density * inside, axis=(-2, -1))


def _determinant_range(power, share, slope, allowed):
    """The determinants D >= 0 with c rho^2 - rho + c slope D < 0, where rho = power + share D."""
    linear = share * (2 * allowed * power - 1) + allowed * slope
    constant = power * (allowed * power - 1)
    # the discriminant, a sum of what is >= 0
    root = np.hypot(allowed * slope - share, 2 * allowed * np.sqrt(share * slope * power))
    big = np.abs(linear) + root
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        large, small = big / (2 * allowed * share**2), 2 * np.abs(constant) / big
    # linear > 0: the roots are -large and small, or both negative; else large and the other
    upper = np.where(linear > 0, np.where(constant < 0, small, 0.0), large)
    lower = np.where((linear <= 0) & (constant > 0), small, 0.0)
    return lower, np.maximum(upper, lower)


def _gaussian_radar_outage(q, slope, allowed, data_share, length):
    """Outage with Gaussian radar symbols: two gamma variables."""
    reach = data_share * q + 1 - data_share
    # the one of the smaller weight is averaged over, for the other's law is then smooth in it
    first = slope / reach > reach
    heavy, light = np.where(first, slope / reach, reach), np.where(first, reach, slope / reach)
    order = np.where(first, length - 1, length)
    other = 2 * length - 1 - order
    low, high = _gamma_range(other, length)
    with np.errstate(divide="ignore", over="ignore"):
        end = np.clip(1 / allowed / light, low, high)
    value, weight = _gamma_nodes(low, end, other, length)
    room = np.maximum(1 / allowed - light * value, 0.0) / heavy
    return np.sum(weight * scipy.special.gammainc(order, length * room), axis=-1)


# --- the law of the channel's shares ------------------------------------------------------------


def _share_law(angles, N, rician_factor):
    """Density of (u, v), where q = u^2 and r = (1 - u^2) v^2 are the channel's shares."""
    line, scatter = rician_weights(rician_factor)
    gain, slope = unit_projections(*angles, N)
    means = [(line * gain) ** 2 / N, (line * slope) ** 2]
    means.append(max(line**2 * N - sum(means), 0.0))
    orders = (1, 1, N - 2)
    law = scipy.stats.ncx2(2 * N, 2 * sum(means) / scatter**2) if line else scipy.stats.chi2(2 * N)
    ends = law.ppf(1e-15), law.isf(1e-15)

    def power_pdf(power, order, mean):
        """Of a squared norm in units of the scatter's variance over 2."""
        if mean <= 0:
            return scipy.stats.chi2.pdf(power, 2 * order)
        return scipy.stats.ncx2.pdf(power, 2 * order, 2 * mean / scatter**2)

    def density(u, v, count):
        node, weight = np.polynomial.legendre.leggauss(count)
        z = ends[0] + (ends[1] - ends[0]) * (node + 1) / 2
        q = np.asarray(u)[..., None] ** 2
        r = (1 - q) * np.asarray(v)[..., None] ** 2
        parts = np.ones(())
        for share, order, mean in zip((q, r, 1 - q - r), orders, means, strict=True):
            parts = parts * power_pdf(np.maximum(share, 0) * z, order, mean)
        total = np.sum(weight * z**2 * parts, axis=-1) * (ends[1] - ends[0]) / 2
        return total * 4 * u * (1 - np.asarray(u) ** 2) * v

    return density


def _mean_over_shares(law, box, nodes, allowed, arrays, data_share, frame):
    """Mean outage over the channel by one Gauss rule; nan where the rule misses mass."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    (first, second) = [(low + (high - low) * (x + 1) / 2) for low, high in box]
    sides = [(high - low) / 2 * w for low, high in box]
    u, v = np.broadcast_arrays(first[:, None], second)
    density = law(u, v, max(nodes, 64))
    keep = density > 1e-12 * density.max()
    outage = np.zeros_like(density)
    outage[keep] = frame_outage_split(
        u[keep] ** 2, v[keep] ** 2 * (1 - u[keep] ** 2), allowed, arrays, data_share, frame
    )
    if not abs(sides[0] @ density @ sides[1] - 1) < _ATOL:
        return np.nan
    return float(sides[0] @ (density * outage) @ sides[1])


def _box_of(law):
    """Rectangle of the unit square that holds the mass of a density."""
    box = [(0.0, 1.0), (0.0, 1.0)]
    for _ in range(2):
        grids = [np.linspace(*side, 42) for side in box]
        centres = [(grid[1:] + grid[:-1]) / 2 for grid in grids]
        height = law(centres[0][:, None], centres[1], 64)
        for axis in (0, 1):
            kept = np.flatnonzero(height.max(axis=1 - axis) > 1e-11 * height.max())
            if not kept.size:
                raise ArithmeticError("the channel is too nearly certain for the grid")
            grid = grids[axis]
            box[axis] = grid[max(kept[0] - 1, 0)], grid[min(kept[-1] + 2, 41)]
    return box
