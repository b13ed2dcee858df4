r"""Uniform linear arrays at half a wavelength: steering vectors, their derivative, and their sums.

Element n of an array of N carries the phase :math:`\pi p_n \sin\theta` for a plane wave from the
angle :math:`\theta`. The element's place :math:`p_n` is n (the phase reference is the first
element, as in the coupling paper) or, ``centred=True``, n - (N - 1)/2 (the reference is the middle,
as in the rician paper). The reference changes a common phase only, so no |inner product| depends on it; the derivative does.

Every formula takes numbers and arrays, and mpmath numbers, sympy symbols and balls as well: the
vectors are then arrays of objects.
"""

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic, is_numeric
from ..numbers.index import implements
from ..numbers.validation import check_memory

__all__ = [
    "cosine_sum",
    "element_positions",
    "position_sums",
    "steering_derivative",
    "steering_derivative_product",
    "steering_product",
    "steering_vector",
]


# Below this value of N |sin(pi D/2)| the closed form of the derivative product, a difference of
# two large terms over a small one, is left for the plain sum.
_NEAR = 0.5


@public
@implements("foundation.phase-reference", "tool")
def element_positions(N: int, centred: bool = False) -> Quantity:
    r"""Return the places of the N elements in half wavelengths.

    .. math:: p_n=n\quad\text{or, centred,}\quad p_n=n-\frac{N-1}2,\qquad n=0,\dots,N-1

    Raises ``ValueError`` where they would not fit in memory.

    Claim: foundation.phase-reference.

    >>> element_positions(4, centred=True)
    array([-1.5, -0.5,  0.5,  1.5])
    """
    check_memory((N,))
    places = np.arange(N)
    return places - (N - 1) / 2 if centred else places


@public
@implements("coupling.C3", "right")
@implements("foundation.phase-reference", "right")
@implements("foundation.functional-correlation", "right")
def position_sums(N: Quantity, centred: bool = False) -> Quantity:
    r"""First and second moment of the places, :math:`\sum p_n` and :math:`\sum p_n^2`.

    .. math::
        \tfrac{N(N-1)}{2},\ \tfrac{N(N-1)(2N-1)}{6} \quad\text{or, centred,}\quad
        0,\ \tfrac{N(N^2-1)}{12}

    They give the products :math:`a^H \dot a = j\pi\cos\theta \sum p_n` and
    :math:`\dot a^H \dot a = \pi^2\cos^2\theta \sum p_n^2`. N is a whole number >= 1, an array of
    them, or a symbol. Source: coupling paper, (C3).

    Claims: coupling.C3, foundation.phase-reference, foundation.functional-correlation.

    >>> position_sums(4)
    (6, 14)
    """
    # exact in whole numbers: N(N-1) and N(N-1)(2N-1) are multiples of 2 and 6
    divide = (lambda p, q: p // q) if is_numeric(N) else (lambda p, q: p / q)
    if centred:
        # N(N^2-1)/12 is a half of a whole number for even N
        return 0 * N, N * (N**2 - 1) / 12
    return divide(N * (N - 1), 2), divide(N * (N - 1) * (2 * N - 1), 6)


@public
@implements("coupling.model-echo", "right", r"\boldsymbol a_N(\theta_l)")
@implements("foundation.phase-reference", "right", r"\boldsymbol a_{\mathrm c}")
def steering_vector(angle: Quantity, N: int, centred: bool = False) -> Quantity:
    r"""Array response :math:`a_N(\theta) = [e^{j\pi p_n \sin\theta}]_{n<N}`.

    Parameters
    ----------
    angle : angle of arrival in radians from broadside, any shape
    N : number of elements, a whole number >= 1
    centred : phase reference in the middle of the array

    Returns shape (..., N), of squared norm N. Raises ``ValueError`` where it would not fit in memory.
    Source: coupling paper, Section 2.

    Claims: coupling.model-echo, foundation.phase-reference.

    >>> import numpy as np
    >>> steering_vector(np.pi / 2, 3).real.round(12)
    array([ 1., -1.,  1.])
    """
    ns = arithmetic(angle)
    return _rotation(ns, _places_times(element_positions(N, centred), ns.pi * ns.sin(angle)))


@public
@implements("coupling.fim-blocks", "tool", r"\breve{\boldsymbol a}_N(\theta_l)")
@implements("foundation.phase-reference", "right", r"\dot{\boldsymbol a}_{\mathrm c}")
def steering_derivative(angle: Quantity, N: int, centred: bool = False) -> Quantity:
    r"""Derivative :math:`\dot a_N(\theta) = [j\pi p_n\cos\theta\,e^{j\pi p_n\sin\theta}]_{n<N}`.

    Arguments, shape and errors as in :func:`steering_vector`; the angle is in radians. Source:
    coupling paper, after (18).

    Claims: coupling.fim-blocks, foundation.phase-reference.

    >>> steering_derivative(0.0, 3).imag.round(12)
    array([0.        , 3.14159265, 6.28318531])
    """
    ns = arithmetic(angle)
    slope = _places_times(element_positions(N, centred), ns.pi * ns.cos(angle))
    return ns.j * slope * steering_vector(angle, N, centred)


@public
@implements("foundation.steering-product", "right")
@implements("coupling.asymptotic-orthogonality", "right")
def steering_product(
    angle_left: Quantity, angle_right: Quantity, N: int, centred: bool = False
) -> Quantity:
    r"""Inner product :math:`a_N^H(\varphi)\,a_N(\theta)` in closed form.

    .. math:: e^{j\pi(N-1)\Delta/2}\,\frac{\sin(\pi N\Delta/2)}{\sin(\pi\Delta/2)},
              \qquad \Delta = \sin\theta - \sin\varphi

    (without the phase if centred). ``angle_left`` :math:`\varphi` and ``angle_right`` :math:`\theta` in
    radians broadcast, symbols and balls pass; where the denominator vanishes the limit N is taken, up
    to its sign. ``centred`` as in :func:`steering_vector`.

    Claims: foundation.steering-product, coupling.asymptotic-orthogonality.

    >>> abs(steering_product(0.3, 0.3, 8)).item()
    8.0
    """
    difference, ns = _sine_difference(angle_left, angle_right)
    half = ns.pi * difference / 2
    kernel = _dirichlet(ns, half, N)
    return kernel + 0j if centred and is_numeric(kernel) else _phased(ns, kernel, half, N, centred)


@public
@implements("foundation.steering-derivative", "right")
@implements("coupling.D2", "right")
@implements("coupling.D3", "exact")
def steering_derivative_product(
    angle_left: Quantity, angle_right: Quantity, N: int, centred: bool = False
) -> Quantity:
    r"""Inner product :math:`a_N^H(\varphi)\,\dot a_N(\theta)` in closed form.

    With :math:`x = \pi\Delta/2`, :math:`\Delta = \sin\theta - \sin\varphi` and the kernel
    :math:`D = \sin Nx/\sin x`, it is :math:`\tfrac{\pi}{2}\cos\theta\,D'(x)` for the centred array,
    and :math:`e^{j(N-1)x}\tfrac{\pi}{2}\cos\theta\,[D'(x) + j(N-1)D(x)]` for the other, where

    .. math:: D'(x) = \frac{N\cos Nx\,\sin x - \sin Nx\,\cos x}{\sin^2 x}.

    Numbers within the main lobe (and its grating images) use the plain sum of N terms instead,
    because the closed form cancels there. Arguments as in :func:`steering_product`. Source: derived; compare coupling paper, (D2).

    Claims: foundation.steering-derivative, coupling.D2, coupling.D3.

    >>> print(f"{abs(steering_derivative_product(0.3, -0.2, 64)):.6f}")
    140.998982
    """
    difference, ns = _sine_difference(angle_left, angle_right)
    half = ns.pi * difference / 2
    cosine = ns.cos(angle_right)
    sine = ns.sin(half)
    if not is_numeric(angle_left, angle_right):
        kernel = ns.sin(N * half) / sine
        slope = (N * ns.cos(N * half) * sine - ns.sin(N * half) * ns.cos(half)) / sine**2
        inner = slope if centred else slope + ns.j * (N - 1) * kernel
        return ns.pi / 2 * cosine * _phased(ns, inner, half, N, centred)
    half, cosine = np.broadcast_arrays(half, cosine)
    places = element_positions(N, centred)
    result = np.empty(half.shape, dtype=complex)
    near = N * np.abs(np.sin(half)) < _NEAR
    plain = places * np.exp(2j * half[near][:, None] * places)
    result[near] = 1j * np.pi * plain.sum(axis=-1)
    x = half[~near]
    s, c = np.sin(x), np.cos(x)
    slope = (N * np.cos(N * x) * s - np.sin(N * x) * c) / s**2
    inner = slope if centred else slope + 1j * (N - 1) * np.sin(N * x) / s
    result[~near] = np.pi / 2 * _phased(ns, inner, x, N, centred)
    return (cosine * result)[()]


@public
@implements("rician.appA", "right")
def cosine_sum(sequence_start: Quantity, sequence_step: Quantity, N: int) -> Quantity:
    r"""Sum of the cosines of N angles in arithmetic progression.

    .. math:: \sum_{n=0}^{N-1}\cos(c+nd) = \frac{\sin(Nd/2)}{\sin(d/2)}\cos\Big(c+\frac{(N-1)d}2\Big)

    Parameters
    ----------
    sequence_start : real, in radians
        c.
    sequence_step : real, in radians
        d.
    N : whole number >= 1
        Number of angles.

    Arrays broadcast, symbols pass; numbers take the limit where the denominator vanishes. With c less
    a right angle it is the sum of the sines. Source: rician paper, Appendix A.

    Claim: rician.appA.

    >>> import numpy as np
    >>> print(f"{cosine_sum(0.0, np.pi / 3, 3):.12f} {cosine_sum(0.0, 2 * np.pi, 3):.1f}")
    1.000000000000 3.0
    """
    ns = arithmetic(sequence_start, sequence_step, N)
    half = sequence_step / 2
    return _dirichlet(ns, half, N) * ns.cos(sequence_start + (N - 1) * half)


def _places_times(places, value):
    """Outer product (..., N) of a number, array or symbol with the places."""
    if is_numeric(value):
        check_memory((*np.shape(value), len(places)))
        return np.asarray(value)[..., None] * places
    # 2 p_n is whole, so halves stay exact for symbols and balls
    return np.array([int(2 * p) * value / 2 for p in places], dtype=object)


def _rotation(ns, phase):
    """exp(j phase), elementwise; ``phase`` is an array of numbers or of objects."""
    if phase.dtype != object:
        return np.exp(1j * phase)
    return np.array([ns.cos(p) + ns.j * ns.sin(p) for p in phase], dtype=object)


def _phased(ns, value, half, N, centred):
    if centred:
        return value
    if is_numeric(half):
        return np.exp(1j * (N - 1) * half) * value
    phase = (N - 1) * half
    return (ns.cos(phase) + ns.j * ns.sin(phase)) * value


def _sine_difference(angle_left, angle_right):
    """Difference of the sines of two angles, and the functions that fit them."""
    ns = arithmetic(angle_left, angle_right)
    return ns.sin(angle_right) - ns.sin(angle_left), ns


def _dirichlet(ns, half, N):
    """sin(N x)/sin(x), with its limits at the multiples of pi (endfire to endfire among them)."""
    if not is_numeric(half, N):
        return ns.sin(N * half) / ns.sin(half)
    # x = k pi + r with |r| <= pi/2 leaves (-1)^(k (N-1)) sin(N r)/sin(r)
    k = np.rint(half / np.pi)
    r = half - k * np.pi
    sign = np.where((k * (N - 1)) % 2 == 0, 1.0, -1.0)
    return sign * N * np.sinc(N * r / np.pi) / np.sinc(r / np.pi)
