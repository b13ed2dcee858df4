r"""Detection of a signal of known direction and unknown complex amplitude in Gaussian noise.

The observation is :math:`z = b\,a + w` with a known vector a, :math:`w \sim CN(0, C)`, and b = 0
if nothing is there. The generalised log-likelihood ratio is the matched filter

.. math:: \Lambda = \frac{|a^H C^{-1} z|^2}{a^H C^{-1} a},

an exponential variable of mean 1 if nothing is there. All there is to know about the signal is the
signal-to-noise ratio :math:`S = |b|^2\,a^H C^{-1} a`: then :math:`2\Lambda` has the noncentral
:math:`\chi^2_2(2S)` law. If b itself is complex normal, S is the mean over b.
"""

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic, is_numeric
from ..numbers.index import implements
from ..special.marcum import marcum_q, marcum_q_inverse_a

__all__ = [
    "amplitude_estimate",
    "detection_probability",
    "fading_log_likelihood_ratio",
    "false_alarm_probability",
    "matched_filter",
    "mean_detection_probability",
    "required_mean_snr",
    "required_snr",
]


@public("[0, inf)")
@implements("foundation.matched-filter", "right", r"\Lambda")
@implements("foundation.marcum-detection", "tool", "S")
def matched_filter(
    observation: Quantity, signal: Quantity, covariance: Quantity
) -> np.ndarray | float:
    r"""Generalised log-likelihood ratio :math:`|a^H C^{-1} z|^2 / (a^H C^{-1} a)`.

    Parameters
    ----------
    observation : z, shape (..., n)
    signal : a, shape (n,), not zero
    covariance : C, a number (times the identity) or a matrix (n, n)

    Returns real values of shape (...); that of the signal alone, z = b a, is S. Raises
    ``ValueError`` for shapes that do not fit, a signal of zero, or a covariance that is not positive.

    Claims: foundation.matched-filter, foundation.marcum-detection.

    >>> matched_filter(np.array([2.0, 0.0]), np.array([1.0, 1.0]), 1.0).item()
    2.0
    """
    output, energy = _filtered(observation, signal, covariance)
    return np.abs(output) ** 2 / energy


@public
@implements("foundation.matched-filter", "right", r"\hat b")
def amplitude_estimate(
    observation: Quantity, signal: Quantity, covariance: Quantity
) -> np.ndarray | complex:
    r"""Amplitude of greatest likelihood, :math:`\hat b = a^HC^{-1}z/(a^HC^{-1}a)`.

    ``observation``, ``signal`` and ``covariance`` as in :func:`matched_filter`, of which :math:`|\hat b|^2a^HC^{-1}a` is
    the value.

    Claim: foundation.matched-filter.

    >>> amplitude_estimate(np.array([2j, 0.0]), np.array([1.0, 1.0]), 1.0).item()
    1j
    """
    output, energy = _filtered(observation, signal, covariance)
    return output / energy


def _filtered(observation, signal, covariance):
    """Output a^H C^-1 z of the filter, and a^H C^-1 a."""
    observation, signal = np.asarray(observation), np.asarray(signal)
    if signal.ndim != 1 or observation.shape[-1:] != signal.shape:
        raise ValueError(
            f"observation must have shape (..., n) for a signal of shape (n,), got "
            f"{observation.shape} and {signal.shape}"
        )
    covariance = np.asarray(covariance)
    if covariance.shape not in ((), signal.shape * 2):
        raise ValueError(
            f"covariance must be a number or a matrix {signal.shape * 2}, got {covariance.shape}"
        )
    weight = signal / covariance if covariance.ndim == 0 else np.linalg.solve(covariance, signal)
    energy = np.vdot(signal, weight).real
    if not (energy > 0 and np.isfinite(energy)):
        raise ValueError(
            f"covariance must be positive and signal not zero, got a^H C^-1 a={energy}"
        )
    return observation @ weight.conj(), energy


@public("[0, 1]")
@implements("foundation.matched-filter", "right", r"\Pr[\Lambda>\epsilon\mid\mathcal H_0]")
@implements("coupling.rem1", "right")
@implements("beyond.uplink-detector", "right", "P_{FA}")
@implements("beyond.null-others", "right", "P_{FA}")
def false_alarm_probability(detection_threshold: Quantity) -> Quantity:
    r"""Probability :math:`e^{-\epsilon}` that noise alone exceeds the threshold.

    ``detection_threshold`` is that of the log-likelihood ratio, >= 0, of any shape; symbols pass.

    Claims: foundation.matched-filter, coupling.rem1, beyond.uplink-detector, beyond.null-others.

    >>> float(false_alarm_probability(3.0).round(12))
    0.049787068368
    """
    return arithmetic(detection_threshold).exp(-detection_threshold)


@public("[0, 1]")
@implements("foundation.marcum-detection", "right")
@implements("beyond.uplink-detector", "right", r"P_D\big|_{|\zeta|=1}")
@implements("beyond.masked-false-alarm", "right", r"\Pr[\Lambda^\star>\epsilon\mid\zeta]")
@implements("beyond.null-others", "right", r"P_D\big|_{|\zeta_k|=1}")
def detection_probability(snr_detection: Quantity, detection_threshold: Quantity) -> Quantity:
    r"""Probability of detection :math:`Q_1(\sqrt{2S}, \sqrt{2\epsilon})` at a known |b|.

    ``snr_detection`` is S >= 0, ``detection_threshold`` >= 0 that of the log-likelihood ratio; arrays
    broadcast. The accuracy is that of :func:`isacnb.special.marcum.marcum_q`.

    Claims: foundation.marcum-detection, beyond.uplink-detector, beyond.masked-false-alarm,
    beyond.null-others.

    >>> float(detection_probability(0.0, 1.0)), float(detection_probability(3.0, 0.0))
    (0.367879441171..., 1.0)
    """
    return marcum_q(1, np.sqrt(2 * snr_detection), np.sqrt(2 * detection_threshold))


@public("[0, 1]")
@implements("foundation.fading-amplitude", "right")
@implements("beyond.uplink-detector", "right", "P_D")
@implements("beyond.reflection-detection", "right", "P_D")
@implements("beyond.masked-false-alarm", "right", "P_D")
@implements("beyond.null-others", "right", "P_D")
def mean_detection_probability(snr_detection: Quantity, detection_threshold: Quantity) -> Quantity:
    r"""Probability of detection :math:`e^{-\epsilon/(1+S)}` for a complex normal amplitude.

    ``snr_detection`` is the mean of S; the rest as in :func:`detection_probability`; symbols pass. It is
    Swerling's first case, and the mean of :func:`detection_probability` over an exponential S.

    Claims: foundation.fading-amplitude, beyond.uplink-detector, beyond.reflection-detection,
    beyond.masked-false-alarm, beyond.null-others.

    >>> float(mean_detection_probability(1.0, 2.0))
    0.36787944117144233
    """
    return arithmetic(snr_detection, detection_threshold).exp(
        -detection_threshold / (1 + snr_detection)
    )


@public("[0, inf)", probability="[0, 1)")
@implements("coupling.marcum-monotone", "right")
@implements("coupling.eq11", "tool", r"\bar\epsilon_u^S")
def required_snr(probability: Quantity, detection_threshold: Quantity) -> Quantity:
    r"""Least S with :math:`Q_1(\sqrt{2S}, \sqrt{2\epsilon}) \ge p`; half of the paper's :math:`\bar\epsilon`.

    ``probability`` p lies in [0, 1); what the false alarms already reach, :math:`p \le e^{-\epsilon}`,
    requires 0. ``detection_threshold`` >= 0; arrays broadcast. The accuracy is that of
    :func:`isacnb.special.marcum.marcum_q_inverse_a`.

    Claims: coupling.marcum-monotone, coupling.eq11.

    >>> print(f"{required_snr(0.9, 10**1.8):.6f}")
    77.785080
    """
    probability, threshold = np.broadcast_arrays(probability, detection_threshold)
    snr = np.zeros(probability.shape)
    above = probability > np.exp(-threshold)
    snr[above] = marcum_q_inverse_a(1, probability[above], np.sqrt(2 * threshold[above])) ** 2 / 2
    return snr[()]


@public
@implements("foundation.fading-amplitude", "right", r"\ell")
def fading_log_likelihood_ratio(
    matched_filter_statistic: Quantity, snr_detection: Quantity
) -> Quantity:
    r"""Log-likelihood ratio :math:`\frac{S}{1+S}\,\Lambda-\ln(1+S)` of a complex normal amplitude.

    ``matched_filter_statistic`` is Lambda >= 0 (:func:`matched_filter`), ``snr_detection`` the mean of
    S >= 0; arrays broadcast, symbols pass. It rises with Lambda, so that both make the same tests.

    Claim: foundation.fading-amplitude.

    >>> float(fading_log_likelihood_ratio(2.0, 1.0).round(12))
    0.30685281944
    """
    statistic, snr = matched_filter_statistic, snr_detection
    return snr / (1 + snr) * statistic - arithmetic(statistic, snr).log(1 + snr)


@public("[0, inf]")
@implements("foundation.fading-amplitude", "tool")
@implements("beyond.reflection-detection", "right", r"\bar s")
def required_mean_snr(probability: Quantity, detection_threshold: Quantity) -> Quantity:
    r"""Least mean S with :math:`e^{-\epsilon/(1+S)} \ge p`, that is :math:`\epsilon/\ln(1/p) - 1`.

    Arguments as in :func:`required_snr`, with p > 0; symbols pass.

    Claims: foundation.fading-amplitude, beyond.reflection-detection.

    >>> float(required_mean_snr(np.exp(-1.0), 3.0).round(12))
    2.0
    """
    ns = arithmetic(probability, detection_threshold)
    snr = -detection_threshold / ns.log(probability) - 1
    return np.maximum(snr, 0.0) if is_numeric(probability, detection_threshold) else snr
