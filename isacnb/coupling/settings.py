"""Settings of the coupling paper (Section 5.1) in every unit reading that its text allows.

Everything here is linear: watts, metres, points per square metre. The paper gives its powers as
"0 dB" and "-10 dB" and its noise as "-80 dBm" (Section 5.1) or "-80 dB" (Fig. 6), so the unit of
the powers, and with it the ratio of power to noise, is for the reader to guess.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..numbers.door import check_fields, public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..numbers.units import from_db
from ..probability.poisson import per_km2, ratio_cdf, ratio_sf

__all__ = [
    "CouplingParameters",
    "Energies",
    "echo_path_loss",
    "path_loss",
    "scattered_gain",
]


_POWER_UNITS = {"W": 1.0, "mW": 1e-3}


@public("[0, inf)")
@implements("coupling.model-channel", "right", r"\beta_{u,k}")
def path_loss(
    distance: Quantity, path_loss_reference: Quantity, path_loss_exponent: Quantity
) -> Quantity:
    r"""One-way large-scale fading :math:`\beta_u = C_0 d^{-\alpha}`.

    ``distance`` d in metres > 0, ``path_loss_reference`` :math:`C_0 > 0` is the gain at 1 m,
    ``path_loss_exponent`` :math:`\alpha > 0`. Arrays broadcast; symbols, mpmath numbers and balls
    pass. Source: coupling paper, Section 2.

    Claim: coupling.model-channel.

    >>> round(float(path_loss(10.0, 1e-3, 2)), 15)
    1e-05
    """
    ns = arithmetic(distance, path_loss_reference, path_loss_exponent)
    return path_loss_reference * ns.exp(-path_loss_exponent * ns.log(distance))


@public("[0, inf)")
@implements("coupling.model-echo", "right", r"\beta_{t,l}")
def echo_path_loss(
    distance: Quantity, path_loss_reference: Quantity, path_loss_exponent: Quantity
) -> Quantity:
    r"""Two-way large-scale fading of a target, :math:`\beta_t = C_0 d^{-2\alpha}`.

    Arguments as in :func:`path_loss`. One factor :math:`C_0` for two ways means a mean radar cross
    section of :math:`4\pi` square metres if :math:`C_0` is that of free space,
    :math:`(\lambda/4\pi)^2`: the radar equation has :math:`C_0^2\,4\pi\sigma/\lambda^2`. Source:
    coupling paper, Section 2.

    Claim: coupling.model-echo.

    >>> round(float(echo_path_loss(10.0, 1e-3, 2)), 15)
    1e-07
    """
    return path_loss(distance, path_loss_reference, 2 * path_loss_exponent)


@public("[0, inf)")
@implements("coupling.model-channel", "right", r"\mu_k")
def scattered_gain(user_path_loss: Quantity, rician_factor: Quantity) -> Quantity:
    r"""Scattered power :math:`\mu = \beta_u/(1+\kappa)` of a user's channel, an element.

    ``user_path_loss`` :math:`\beta_u > 0`, ``rician_factor`` :math:`\kappa \ge 0`; arrays broadcast,
    symbols pass. Source: coupling paper, Section 2.

    Claim: coupling.model-channel.

    >>> float(scattered_gain(1.0, 3.0))
    0.25
    """
    return user_path_loss / (1 + rician_factor)


def one_number(name: str, value: Quantity) -> Quantity:
    """Return a checked field as a number; raise ``ValueError`` for an array of several."""
    value = _plain(value)
    if isinstance(value, np.ndarray):
        raise ValueError(f"{name} must be one number, got an array of shape {value.shape}")
    return value


def _plain(value):
    """A number that is no array, from what the door makes of it."""
    return float(value) if isinstance(value, np.ndarray) and value.ndim == 0 else value


@dataclass(frozen=True)
class Energies:
    r"""Mean energies of one pair in one element of the observation; they unpack in this order.

    Energies are powers times symbols, in joules if a symbol is the unit of time. Arrays of one
    shape, symbols, mpmath numbers and balls pass.

    Parameters
    ----------
    user_energy : :math:`u = P_UT_u\mu > 0` of the scattered part of the user's channel
    echo_energy : :math:`x = P_TT_uN\beta_t \ge 0` of the echo
    noise_power : :math:`N_0 \ge 0`

    >>> u, x, noise = Energies(2.0, 1.0, 0.5)
    >>> u, x, noise
    (2.0, 1.0, 0.5)
    """

    user_energy: Quantity
    echo_energy: Quantity
    noise_power: Quantity

    def __post_init__(self):
        check_fields(self)
        for name in ("user_energy", "echo_energy", "noise_power"):
            object.__setattr__(self, name, _plain(getattr(self, name)))

    def __iter__(self) -> Iterator[Quantity]:
        return iter((self.user_energy, self.echo_energy, self.noise_power))


@dataclass(frozen=True)
class CouplingParameters:
    """Settings of the system; linear units throughout, one number of any kind each.

    Parameters
    ----------
    N : antennas, whole number >= 1
    K : number of users and of targets (K = L), whole number >= 1
    user_density, target_density : points per square metre, > 0
    user_power, target_power : P_U and P_T in watts, > 0
    path_loss_reference, path_loss_exponent : C_0 (at 1 m) and alpha, both > 0
    noise_power : N_0 in watts, >= 0 (0 is the paper's "neglected")
    pilot_length, data_length : T_u and T_d in symbols, whole numbers >= 1
    detection_threshold : eps_d of the log-likelihood ratio, >= 0
    rician_factor : kappa >= 0
    data_share : rho in [0, 1]
    downlink_power : P_d in watts, > 0

    Symbols, mpmath numbers and balls pass; an array raises ``ValueError``. The defaults of
    :meth:`paper` are the paper's.
    """

    N: Quantity
    K: Quantity
    user_density: Quantity
    target_density: Quantity
    user_power: Quantity
    target_power: Quantity
    path_loss_reference: Quantity
    path_loss_exponent: Quantity
    noise_power: Quantity
    pilot_length: Quantity
    data_length: Quantity
    detection_threshold: Quantity
    rician_factor: Quantity
    data_share: Quantity
    downlink_power: Quantity

    def __post_init__(self):
        check_fields(self)
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, one_number(field.name, getattr(self, field.name)))

    @classmethod
    def paper(
        cls,
        power_unit: Literal["W", "mW"] = "W",
        noise: Literal["-80 dBm", "-80 dB", None] = "-80 dBm",
        threshold_db: float = 18.0,
        **changes: Quantity,
    ) -> "CouplingParameters":
        """Settings of Section 5.1, read in one of the ways that the text allows.

        Parameters
        ----------
        power_unit : "W" or "mW", the power that "0 dB" stands for
        noise : "-80 dBm" (Section 5.1), "-80 dB" (Fig. 6; relative to ``power_unit``) or None, the
            noise that Section 3.2 neglects
        threshold_db : eps_d in decibels, 10^(x/10). The other reading, 20 lg, is 9.0.
        changes : other fields by name, in linear units

        >>> p = CouplingParameters.paper(K=6)
        >>> p.N, p.K, p.user_power, p.noise_power
        (64, 6, 1.0, 1e-11)
        """
        if power_unit not in _POWER_UNITS:
            raise ValueError(f"power_unit must be 'W' or 'mW', got {power_unit!r}")
        unit = _POWER_UNITS[power_unit]
        noise_powers = {"-80 dBm": 1e-11, "-80 dB": 1e-8 * unit, None: 0.0}
        if noise not in noise_powers:
            raise ValueError(f"noise must be '-80 dBm', '-80 dB' or None, got {noise!r}")
        settings = {
            "N": 64,
            "K": 4,
            "user_density": per_km2(1e2),
            "target_density": per_km2(1e3),
            "user_power": unit,
            "target_power": 0.1 * unit,
            "path_loss_reference": 1e-3,
            "path_loss_exponent": 2.8,
            "noise_power": noise_powers[noise],
            "pilot_length": 64,
            "data_length": 64,
            "detection_threshold": float(from_db(threshold_db)),
            "rician_factor": 1.0,
            "data_share": 0.5,
            "downlink_power": unit,
        }
        return cls(**(settings | changes))

    def replace(self, **changes: Quantity) -> "CouplingParameters":
        """Copy with some fields changed, checked again."""
        return dataclasses.replace(self, **changes)

    def user_path_loss(self, distance: Quantity) -> Quantity:
        """Large-scale fading beta_u of a user at a distance in metres."""
        return path_loss(distance, self.path_loss_reference, self.path_loss_exponent)

    def target_path_loss(self, distance: Quantity) -> Quantity:
        """Two-way large-scale fading beta_t of a target at a distance in metres."""
        return echo_path_loss(distance, self.path_loss_reference, self.path_loss_exponent)

    def scattered_gain(self, distance: Quantity) -> Quantity:
        r"""Scattered power :math:`\mu = \beta_u/(1+\kappa)` of a user's channel, an element."""
        return scattered_gain(self.user_path_loss(distance), self.rician_factor)

    def user_energy(self, distance: Quantity) -> Quantity:
        """Received energy P_U T_u mu of the scattered part of the channel, an element, in joules.

        Energies are powers times symbols: the symbol is the unit of time.
        """
        return self.user_power * self.pilot_length * self.scattered_gain(distance)

    def echo_energy(self, distance: Quantity) -> Quantity:
        """Mean received energy P_T T_u N beta_t of the echo, an element, in joules."""
        gain = self.N * self.target_path_loss(distance)
        return self.target_power * self.pilot_length * gain

    def energies(self, scattered_gain: Quantity, target_path_loss: Quantity) -> Energies:
        """Energies of a pair with these path gains mu > 0 and beta_t >= 0."""
        return Energies(
            self.user_power * self.pilot_length * scattered_gain,
            self.target_power * self.pilot_length * self.N * target_path_loss,
            self.noise_power,
        )

    def ratio_cdf(self, z: Quantity) -> np.ndarray:
        """Probability that the ratio d_U/d_T^2 of the K-th pair is at most z."""
        return ratio_cdf(z, self.K, self.user_density, self.target_density)

    def ratio_sf(self, z: Quantity) -> np.ndarray:
        """Probability that this ratio exceeds z."""
        return ratio_sf(z, self.K, self.user_density, self.target_density)

    def ratio_between(self, low: Quantity, high: Quantity) -> np.ndarray:
        """Probability that the ratio lies from low to high, 0 where there is nothing between.

        It is taken from whichever tail keeps the digits.
        """
        low, high = np.broadcast_arrays(low, np.maximum(low, high))
        lower, upper = self.ratio_cdf(low), self.ratio_sf(high)
        return np.where(lower < 0.5, self.ratio_cdf(high) - lower, self.ratio_sf(low) - upper)[()]
