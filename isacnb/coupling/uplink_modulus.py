r"""Uplink of the coupling paper for a reflection of known modulus and unknown phase.

In Section 3 the paper has :math:`|\zeta| = 1`. The echo then lies on a circle, channel and echo are
not jointly Gaussian, and the best estimate is not linear. Along the steering vector the observation
is one complex number, :math:`y_a = a^H(y - Ey)/\sqrt N = \sqrt{Nx}\,\zeta + z` with
:math:`z \sim CN(0, u + N_0)`, and the mean of the phase factor given it is
:math:`\rho(2\sqrt{Nx}\,|y_a|/(u+N_0))\,y_a/|y_a|` with :math:`\rho = I_1/I_0`.

All that counts is the signal-to-noise ratio of detection, :math:`S = Nx/(u+N_0)`. The share of one
dimension that is lost, D(S), is :func:`lost_dimension`; a linear estimate loses S/(1+S). D rises
from 0 to a maximum and falls from there to 1/2, the tangent of the circle.

Everywhere the target is present, its steering vector, the mean powers and the channel's mean are
known, and the phase is uniform on the circle, independent of channel and noise.
"""

from fractions import Fraction

import numpy as np
from scipy.special import i0e, i1e

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements
from ..numbers.validation import check_memory
from ..signals.detection import required_snr
from .settings import CouplingParameters
from .uplink import UplinkLink, target_snr
from .uplink_coverage import ratio_argument

__all__ = [
    "estimate_mmse_modulus",
    "joint_coverage_modulus",
    "lost_dimension",
    "nmse_floor_modulus",
    "nmse_mmse_modulus",
]


@public("[0, 1)")
@implements("beyond.modulus-mmse", "right", "D(S)")
@implements("beyond.modulus-floor", "right", "D(S)")
def lost_dimension(snr_detection: Quantity) -> Quantity:
    r"""Share of one dimension that an echo of known modulus takes from the best channel estimate.

    .. math:: D(S) = S\,\left(1 - E\,\rho^2\big(2\sqrt S R\big)\right)
                   = \frac12\int_0^\infty t\,\big(1-\rho^2(t)\big)\,I_0(t)\,e^{-S-t^2/(4S)}\,dt

    with :math:`\rho = I_1/I_0` and :math:`R^2` the matched filter's statistic, of density
    :math:`e^{-R^2-S}I_0(2\sqrt SR)`. It rises from 0, is 1/2 at S = 1.2216, greatest (0.5554) at
    S = 2.5901, and falls towards 1/2.

    ``snr_detection`` :math:`S \ge 0` of any shape. Relative error below 1e-13, by Gauss-Legendre
    quadrature. Raises ``ValueError`` where the points cannot fit.

    Claims: beyond.modulus-mmse, beyond.modulus-floor.

    The share lost by the best estimate and by the best linear one:

    >>> S = np.array([0.1, 2.0, 65.0])
    >>> lost_dimension(S).round(5), (S / (1 + S)).round(5)
    (array([0.09088, 0.54938, 0.50196]), array([0.09091, 0.66667, 0.98485]))
    """
    root = np.sqrt(np.asarray(snr_detection, float))[..., None]
    check_memory((*root.shape, 2 * _NODES.size), 8)
    low = np.maximum(-root, -_REACH)
    total = 0.0
    # y = R - sqrt(S); all parts of the integrand are positive
    for start, stop in ((low, 0.0), (0.0, _REACH)):
        half = (stop - start) / 2
        y = start + half * (1 + _NODES)
        R = np.maximum(root + y, np.finfo(float).tiny)
        with np.errstate(over="ignore"):
            t = np.minimum(2 * R * root, 1e300)
        part = _scaled_variance(t) * np.sqrt(t) * i0e(t) * np.sqrt(root / (2 * R)) * np.exp(-y * y)
        total = total + np.sum(half * part * _WEIGHTS, axis=-1)
    return total[()]


@public
@implements("beyond.modulus-mmse", "right", r"\hat{\boldsymbol h}")
def estimate_mmse_modulus(observation: np.ndarray, link: UplinkLink) -> np.ndarray:
    r"""Mean of the channel given the observation, for a reflection of modulus 1 and uniform phase.

    .. math:: \hat h = E h + \frac{u}{u+N_0}\,\frac{1}{\sqrt{P_UT_u}}\left(y - Ey
              - \sqrt x\,\rho\Big(\tfrac{2\sqrt{Nx}\,|y_a|}{u+N_0}\Big)\frac{y_a}{|y_a|}\,a\right),
              \qquad y_a = \frac{a^H(y-Ey)}{\sqrt N}

    with :math:`\rho = I_1/I_0`. ``observation`` has shape (..., N), and so has the estimate; it is
    made for one of :func:`isacnb.coupling.uplink_system.observe` with ``reflection_law="unit"``. No
    function of the observation has a smaller mean squared error over a uniform phase; its own is the
    same at each phase.

    Claim: beyond.modulus-mmse.

    Four antennas and no noise: the error over :math:`N\mu` of 4000 drawn estimates, linear and best.

    >>> from isacnb.coupling.uplink_system import estimate_lmmse, observe
    >>> p = CouplingParameters.paper(N=4, noise=None, target_power=10.0)
    >>> link = UplinkLink.at(p, 25.0, 10.0)
    >>> drawn = observe(np.random.default_rng(1), 4000, link, reflection_law="unit")
    >>> for estimator in (estimate_lmmse, estimate_mmse_modulus):
    ...     error = np.abs(drawn.channel - estimator(drawn.observation, link)) ** 2
    ...     print(f"{np.mean(error) / link.scattered_gain:.3f}")
    0.211
    0.126
    """
    u, x, noise = link.energies
    N = link.N
    centred = observation - link.amplitude_user * link.mean_channel
    along = (centred @ link.steering.conj()) / np.sqrt(N)
    size = np.abs(along)
    t = 2 * np.sqrt(N * x) * size / (u + noise)
    direction = np.where(size > 0, along / np.where(size > 0, size, 1.0), 0.0)
    factor = np.sqrt(x) * i1e(t) / i0e(t) * direction
    rest = centred - factor[..., None] * link.steering
    return link.mean_channel + u / (u + noise) * rest / link.amplitude_user


@public("[0, 1]")
@implements("beyond.modulus-mmse", "right", r"\frac{\mathbb E\|\boldsymbol e\|^2}{N\mu}")
def nmse_mmse_modulus(
    user_energy: Quantity, echo_energy: Quantity, noise_power: Quantity, N: Quantity
) -> Quantity:
    r"""Least mean squared error over :math:`N\mu` for a reflection of modulus 1 and uniform phase.

    .. math:: \frac{N_0}{u+N_0} + \frac1N\,\frac{u}{u+N_0}\,D(S), \qquad S = \frac{Nx}{u+N_0}

    with D of :func:`lost_dimension`; energies an element, ``user_energy`` :math:`u > 0` of the
    scattered channel, ``echo_energy`` :math:`x \ge 0`, ``noise_power`` :math:`N_0 \ge 0`; arrays
    broadcast. It is the error of :func:`estimate_mmse_modulus`, and never above that of the best
    linear estimate, :func:`isacnb.coupling.uplink.nmse_lmmse`.

    Claim: beyond.modulus-mmse.

    At the paper's settings, user at 25 m and target at 10 m, best linear and best, in dB:

    >>> from isacnb.coupling.uplink import nmse_lmmse
    >>> link = UplinkLink.at(CouplingParameters.paper(), 25.0, 10.0)
    >>> for error in (nmse_lmmse, nmse_mmse_modulus):
    ...     print(f"{10 * np.log10(error(*link.energies, 64)):.2f}")
    -18.31
    -21.00
    """
    total = user_energy + noise_power
    lost = lost_dimension(target_snr(user_energy, echo_energy, noise_power, N))
    return noise_power / total + user_energy / total * lost / N


@public("[0, 1]")
@implements("beyond.modulus-floor", "right")
def nmse_floor_modulus(
    probability: Quantity, detection_threshold: Quantity, N: Quantity
) -> Quantity:
    r"""Greatest lower bound of the error over :math:`N\mu`, of any estimate, given a detection probability.

    .. math:: \frac1N\min\left\{D(s),\,\frac12\right\}, \qquad
              Q_1\big(\sqrt{2s},\sqrt{2\epsilon_d}\big) = p

    with D of :func:`lost_dimension`, for a reflection of modulus 1 and uniform phase. With the matched filter :math:`P_D \ge p` means
    :math:`S \ge s`. The bound is approached without noise, at S = s where D(s) is below 1/2, and as
    S grows where it is not.

    ``probability`` p in (0, 1), ``detection_threshold`` :math:`\epsilon_d \ge 0`, N >= 1; arrays
    broadcast.

    Claim: beyond.modulus-floor.

    At a detection probability of 98.1 % and the paper's settings, in dB, for linear estimates and
    for all:

    >>> from isacnb.coupling.uplink_coverage import nmse_floor
    >>> case = (0.981, 10**1.8, 64)
    >>> [round(float(10 * np.log10(f(*case))), 2) for f in (nmse_floor, nmse_floor_modulus)]
    [-18.11, -21.07]
    """
    required = required_snr(probability, detection_threshold)
    return np.minimum(lost_dimension(required), 0.5) / N


@public("[0, 1]")
@implements("beyond.modulus-coverage", "right")
def joint_coverage_modulus(
    nmse_threshold: Quantity, probability: Quantity, parameters: CouplingParameters
) -> Quantity:
    r"""Joint uplink coverage of the best estimate and the matched filter, modulus 1, without noise.

    .. math:: \Pr\left[D(S)\le N\epsilon_u^C,\ S\ge s\right], \qquad
              S = \frac{P_TN^2(1+\kappa)}{P_U}\,Z^\alpha

    with D of :func:`lost_dimension` and s of :func:`isacnb.signals.detection.required_snr`. For
    :math:`N\epsilon_u^C \le 1/2` it is :math:`[F_Z(z_C)-F_Z(z_S)]^+`; between 1/2 and the maximum of
    D, strong echoes meet the demand again; beyond, the estimate is never too bad.

    Thresholds in (0, 1), broadcasting; noise is neglected whatever ``parameters`` say. The border
    is found by bisection to the last digits. Raises ``ValueError`` where the points cannot fit.

    Claim: beyond.modulus-coverage.

    At the paper's settings, an NMSE of -20 dB and a detection probability of 0.5, with the best linear
    estimate and with the best one:

    >>> from isacnb.coupling.uplink_coverage import joint_coverage
    >>> p = CouplingParameters.paper(noise=None)
    >>> print(*(f"{f(0.01, 0.5, p):.4f}" for f in (joint_coverage, joint_coverage_modulus)))
    0.0000 0.0143
    """
    p = parameters
    epsilon = np.asarray(nmse_threshold, float)
    check_memory((*epsilon.shape, 2 * _NODES.size), 8)
    wanted = epsilon * p.N
    required = required_snr(probability, p.detection_threshold)
    weak, strong = _border(wanted, 0.0), _border(wanted, np.inf)

    def ratio(snr):
        """Value of Z at which S has a value."""
        with np.errstate(divide="ignore"):
            gain = p.target_power * p.N**2 / (p.user_power * np.asarray(snr, float))
        return ratio_argument(gain, p.rician_factor, p.path_loss_exponent)

    least = ratio(required)
    below = p.ratio_between(least, ratio(weak))
    above = p.ratio_sf(np.maximum(least, ratio(strong)))
    return np.clip(below + above, 0.0, 1.0)[()]


#: signal-to-noise ratio at which D is greatest
_PEAK = 2.590055355752531
#: widths of the law of R that are integrated on either side, exp(-49) = 5e-22
_REACH = 7.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
#: from here on the series in 1/t has all digits
_FAR = 25.0


def _series(terms: int) -> np.ndarray:
    """Coefficients of t (1 - rho^2) in powers of 1/t, from rho' = 1 - rho/t - rho^2."""
    c = [Fraction(1)]
    for k in range(1, terms):
        c.append(((k - 2) * c[k - 1] - sum(c[i] * c[k - i] for i in range(1, k))) / 2)
    return np.array([float((1 - k) * c[k]) for k in range(terms)])


_SERIES = _series(22)


def _scaled_variance(t):
    """t (1 - rho(t)^2) for t >= 0, which tends to 1."""
    near = np.minimum(t, _FAR)
    zero, one = i0e(near), i1e(near)
    small = near * ((zero - one) / zero) * ((zero + one) / zero)
    return np.where(
        t < _FAR, small, np.polynomial.polynomial.polyval(1 / np.maximum(t, _FAR), _SERIES)
    )


def _border(wanted, end):
    """S on the side of the maximum towards ``end`` (0 or inf) at which D is as wanted.

    0 and infinity stand for nothing there: where D stays below, both are at the maximum.
    """
    # D is 1/2 to the last digit of a double at S = 1e16
    inner = np.full(wanted.shape, np.log(_PEAK))
    outer = np.full(wanted.shape, -750.0 if end == 0 else 40.0)
    for _ in range(64):
        middle = (inner + outer) / 2
        enough = lost_dimension(np.exp(middle)) <= wanted
        inner, outer = np.where(enough, inner, middle), np.where(enough, middle, outer)
    found = np.exp(outer)
    if end:
        return np.where(wanted > 0.5, found, np.inf)
    return found
