"""Settings of the coupling paper: its numbers, any kind of number, and what cannot be."""

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp

from isacnb.coupling.settings import (
    CouplingParameters,
    Energies,
    echo_path_loss,
    path_loss,
)


def test_settings_of_the_paper():
    p = CouplingParameters.paper()
    assert (p.user_density, p.target_density) == (1e-4, 1e-3)
    assert p.user_path_loss(100.0) == pytest.approx(1e-3 * 100**-2.8)
    assert p.target_path_loss(10.0) == pytest.approx(1e-3 * 10**-5.6)
    assert p.scattered_gain(100.0) == pytest.approx(p.user_path_loss(100.0) / 2)
    assert p.user_energy(50.0) == pytest.approx(64 * 1e-3 * 50**-2.8 / 2)
    assert p.echo_energy(10.0) == pytest.approx(0.1 * 64 * 64 * 1e-3 * 10**-5.6)
    assert p.detection_threshold == pytest.approx(63.0957344480193)
    ratios = {
        ("W", "-80 dBm"): 1e-11,
        ("mW", "-80 dBm"): 1e-8,
        ("W", "-80 dB"): 1e-8,
        ("mW", "-80 dB"): 1e-8,
    }
    for (unit, noise), ratio in ratios.items():
        q = CouplingParameters.paper(power_unit=unit, noise=noise)
        assert q.noise_power / q.user_power == pytest.approx(ratio)
        assert q.target_power / q.user_power == pytest.approx(0.1)
    assert CouplingParameters.paper(noise=None).noise_power == 0


def test_path_loss_as_symbols():
    d, c, a = sp.symbols("d C_0 alpha", positive=True)
    assert sp.simplify(path_loss(d, c, a) - c * d**-a) == 0
    assert sp.simplify(echo_path_loss(d, c, a) - c * d ** (-2 * a)) == 0


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"noise_power": np.ones(2)}, "noise_power must be one number", id="array"),
        pytest.param({"path_loss_exponent": 0.0}, "path_loss_exponent must be", id="domain"),
        pytest.param({"noise": "loud"}, "noise must be", id="reading of the noise"),
        pytest.param({"power_unit": "kW"}, "power_unit must be", id="unit of the powers"),
    ],
)
def test_settings_that_cannot_be(changes, message):
    with pytest.raises(ValueError, match=message):
        CouplingParameters.paper(**changes)


def test_settings_carry_any_kind_of_number():
    N, power, alpha = sp.symbols("N P_U alpha", positive=True)
    p = CouplingParameters.paper(N=N, user_power=power, path_loss_exponent=alpha)
    assert p.replace(K=2).user_power is power
    assert sp.simplify(p.energies(2, sp.Integer(3)).user_energy - 128 * power) == 0
    assert CouplingParameters.paper(rician_factor=flint.arb(2)).rician_factor == 2
    with mpmath.workdps(30):
        third = mpmath.mpf(1) / 3
        assert CouplingParameters.paper(data_share=third).data_share is third
    six = CouplingParameters.paper(K=6, user_power=np.float64(2))
    assert (six.K, six.user_power) == (6, 2.0)
    assert type(six.user_power) is float


def test_energies_unpack_and_broadcast():
    u, x, noise = Energies([1.0, 2.0], 0.5, 0.1)
    assert u.tolist() == [1.0, 2.0]
    assert (x, noise) == (0.5, 0.1)
    with pytest.raises(ValueError, match="user_energy must be"):
        Energies(0.0, 1.0, 1.0)


def test_ratio_law_of_the_settings_keeps_the_digits_of_either_tail():
    p = CouplingParameters.paper()
    z = np.geomspace(1e-3, 1e3, 13)
    assert p.ratio_cdf(z) + p.ratio_sf(z) == pytest.approx(np.ones(13), abs=1e-14)
    assert p.ratio_between(0.0, z) == pytest.approx(p.ratio_cdf(z), rel=1e-12, abs=0)
    assert p.ratio_between(z, np.inf) == pytest.approx(p.ratio_sf(z), rel=1e-9, abs=0)
    assert p.ratio_between(1.0, 0.5) == 0
