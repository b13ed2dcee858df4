"""Settings of the coupling paper (Section 5.1) in every unit reading that its text allows.

Everything here is linear: watts, metres, points per square metre. The paper gives its powers as
"0 dB" and "-10 dB" and its noise as "-80 dBm" (Section 5.1) or "-80 dB" (Fig. 6), so the unit of
the powers, and with it the ratio of power to noise, is for the reader to guess.
"""

import dataclasses
from dataclasses import dataclass

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements
from ..numbers.units import from_db
from ..numbers.validation import check_integer, check_real
from ..probability.poisson import per_km2

__all__ = [
    "CouplingParameters",
    "echo_path_loss",
    "path_loss",
    "scattered_gain",
]


_POWER_UNITS = {"W": 1.0, "mW": 1e-3}


@public
@implements("coupling.model-channel", "right", r"\beta_{u,k}")
def path_loss(distance: Quantity, coefficient: Quantity, exponent: Quantity) -> Quantity:
    r"""One-way large-scale fading :math:`\beta_u = C_0 d^{-\alpha}`.

    ``distance`` in metres > 0, ``coefficient`` > 0 is the gain at 1 m, ``exponent`` > 0. Arrays
    broadcast; symbols, mpmath numbers and balls pass. Raises ``ValueError`` outside these ranges.
    Source: coupling paper, Section 2.

    Claim: coupling.model-channel.

    >>> round(float(path_loss(10.0, 1e-3, 2)), 15)
    1e-05
    """
    ns = arithmetic(distance, coefficient, exponent)
    return coefficient * ns.exp(-exponent * ns.log(distance))


@public
@implements("coupling.model-echo", "right", r"\beta_{t,l}")
def echo_path_loss(distance: Quantity, coefficient: Quantity, exponent: Quantity) -> Quantity:
    r"""Two-way large-scale fading of a target, :math:`\beta_t = C_0 d^{-2\alpha}`.

    Arguments as in :func:`path_loss`. One factor :math:`C_0` for two ways means a mean radar cross
    section of :math:`4\pi` square metres if :math:`C_0` is that of free space,
    :math:`(\lambda/4\pi)^2`: the radar equation has :math:`C_0^2\,4\pi\sigma/\lambda^2`. Source:
    coupling paper, Section 2.

    Claim: coupling.model-echo.
    """
    return path_loss(distance, coefficient, 2 * exponent)


@public
@implements("coupling.model-channel", "right", r"\mu_k")
def scattered_gain(user_path_loss: Quantity, rician_factor: Quantity) -> Quantity:
    r"""Scattered power :math:`\mu = \beta_u/(1+\kappa)` of a user's channel, an element.

    ``user_path_loss`` beta_u > 0, ``rician_factor`` kappa >= 0; arrays broadcast, symbols pass.
    Raises ``ValueError`` outside these ranges. Source: coupling paper, Section 2.

    Claim: coupling.model-channel.

    >>> float(scattered_gain(1.0, 3.0))
    0.25
    """
    return user_path_loss / (1 + rician_factor)


@dataclass(frozen=True)
class CouplingParameters:
    """Settings of the system; linear units throughout.

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

    Raises ``ValueError`` for anything else. The defaults of :meth:`paper` are the paper's.
    """

    N: int
    K: int
    user_density: float
    target_density: float
    user_power: float
    target_power: float
    path_loss_reference: float
    path_loss_exponent: float
    noise_power: float
    pilot_length: int
    data_length: int
    detection_threshold: float
    rician_factor: float
    data_share: float
    downlink_power: float

    def __post_init__(self):
        for name in ("N", "K", "pilot_length", "data_length"):
            object.__setattr__(self, name, check_integer(name, getattr(self, name), 1))
        for name in (
            "user_density",
            "target_density",
            "user_power",
            "target_power",
            "path_loss_reference",
            "path_loss_exponent",
            "downlink_power",
        ):
            self._set(name, check_real(name, getattr(self, name), 0, open_low=True))
        for name in ("noise_power", "detection_threshold", "rician_factor"):
            self._set(name, check_real(name, getattr(self, name), 0))
        self._set("data_share", check_real("data_share", self.data_share, 0, 1))

    def _set(self, name, value):
        if value.ndim:
            raise ValueError(f"{name} must be one number, got an array of shape {value.shape}")
        object.__setattr__(self, name, float(value))

    @classmethod
    def paper(cls, power_unit="W", noise="-80 dBm", threshold_db=18.0, **changes):
        """Settings of Section 5.1, read in one of the ways that the text allows.

        Parameters
        ----------
        power_unit : "W" or "mW", the power that "0 dB" stands for
        noise : "-80 dBm" (Section 5.1), "-80 dB" (Fig. 6; relative to ``power_unit``) or None, the
            noise that Section 3.2 neglects
        threshold_db : eps_d in decibels, 10^(x/10). The other reading, 20 lg, is 9.0.
        changes : other fields by name, in linear units

        >>> p = CouplingParameters.paper()
        >>> p.N, p.user_power, p.noise_power
        (64, 1.0, 1e-11)
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

    def replace(self, **changes) -> "CouplingParameters":
        """Copy with some fields changed, checked again."""
        return dataclasses.replace(self, **changes)

    def user_path_loss(self, distance):
        """Large-scale fading beta_u of a user at a distance in metres."""
        return path_loss(distance, self.path_loss_reference, self.path_loss_exponent)

    def target_path_loss(self, distance):
        """Two-way large-scale fading beta_t of a target at a distance in metres."""
        return echo_path_loss(distance, self.path_loss_reference, self.path_loss_exponent)

    def scattered_gain(self, distance):
        r"""Scattered power :math:`\mu = \beta_u/(1+\kappa)` of a user's channel, an element."""
        return scattered_gain(self.user_path_loss(distance), self.rician_factor)

    def user_energy(self, distance):
        """Received energy P_U T_u mu of the scattered part of the channel, an element, in joules.

        Energies are powers times symbols: the symbol is the unit of time.
        """
        return self.user_power * self.pilot_length * self.scattered_gain(distance)

    def echo_energy(self, distance):
        """Mean received energy P_T T_u N beta_t of the echo, an element, in joules."""
        gain = self.N * self.target_path_loss(distance)
        return self.target_power * self.pilot_length * gain
