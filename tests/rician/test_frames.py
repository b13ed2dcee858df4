"""The bound in frames of L symbols: against drawn frames, other orders of integration, and limits."""

import math

import mpmath
import numpy as np
import pytest

from isacnb.rician import frames
from isacnb.rician.angle_bound import angle_crb, crb_ratio_split, derivative_norm
from isacnb.rician.beams import JointBeam, joint_beamformer, split_beamformer
from isacnb.rician.channel import Arrays, rician_channel, transmit_covariance
from isacnb.rician.frames import Frame, SymbolSums
from isacnb.rician.sensing_outage import (
    channel_projections,
    sensing_outage_joint,
    sensing_outage_split,
    sensing_outage_target_beam,
)
from isacnb.signals.arrays import steering_vector
from isacnb.special.genchi2 import GenChi2

GIVEN = [
    pytest.param(0.1, 0.06, 2.5, 0.7, id="usual"),
    pytest.param(1e-6, 0.06, 3.2, 0.7, id="hardly any gain"),
    pytest.param(0.05, 1e-6, 3.2, 0.7, id="hardly any slope"),
    pytest.param(0.3, 0.1, 1.05, 0.05, id="nearly all radar"),
    pytest.param(0.3, 0.1, 5.0, 0.99, id="nearly all data"),
]


def white(rng, shape):
    return rng.standard_normal((*shape, 2)).view(complex)[..., 0] / np.sqrt(2)


def test_orthogonal_symbols_of_energy_L_leave_the_bound_of_many_symbols():
    sums = SymbolSums(1.0, 1.0, 0.0, 1.0)
    values = (0.3, 0.2, 0.6, 1.7)
    assert frames.crb_ratio_split_frame(*values, sums) == pytest.approx(crb_ratio_split(*values))


def test_bound_of_a_frame_against_the_bound_of_its_sample_covariance():
    rng, N, M, L, theta, share = np.random.default_rng(1), 6, 5, 7, 0.4, 0.6
    h = rician_channel(rng, 3, -0.2, N, 1.0)
    a = steering_vector(theta, N, centred=True)
    S = white(rng, (3, 2, L))
    sent = split_beamformer(share)(h, a) @ S / np.sqrt(L)
    straight = 1 / (2 * L * N * derivative_norm(theta, M))
    bounds = angle_crb(transmit_covariance(sent), np.full(3, theta), M, L) / straight
    T, slope, Z = channel_projections(h, np.full(3, theta))
    e, f = np.mean(np.abs(S) ** 2, axis=-1).T
    zeta = T / abs(T) * np.mean(S[:, 0] * S[:, 1].conj(), axis=-1)
    sums = SymbolSums(e, f, zeta.real, e * f - abs(zeta) ** 2)
    shares = abs(T) ** 2 / (N * Z), abs(slope) ** 2 / (derivative_norm(theta, N) * Z)
    ratio = Arrays(N, M).slope_gain_ratio
    assert frames.crb_ratio_split_frame(*shares, share, ratio, sums) == pytest.approx(
        bounds, rel=1e-10
    )


@pytest.mark.parametrize(("q", "r", "allowed", "share"), GIVEN)
@pytest.mark.parametrize("gaussian", [False, True])
def test_given_the_channel_against_drawn_symbols(q, r, allowed, share, gaussian):
    rng, L, size = np.random.default_rng(2), 9, 60_000
    data = white(rng, (size, L))
    radar = white(rng, (size, L)) if gaussian else np.exp(1j * np.arange(L) ** 2)
    e, f = np.mean(np.abs(data) ** 2, axis=1), np.mean(np.abs(radar) ** 2, axis=-1)
    zeta = np.mean(data.conj() * radar, axis=1)
    sums = SymbolSums(e, f, zeta.real, np.maximum(e * f - abs(zeta) ** 2, 0))
    hits = np.mean(frames.crb_ratio_split_frame(q, r, share, 1.0, sums) > allowed)
    exact = frames.frame_outage_split(q, r, allowed, Arrays(8, 8), share, Frame(L, gaussian))
    assert abs(hits - exact) < 5 * math.sqrt(exact * (1 - exact) / size) + 1e-4


@pytest.mark.parametrize(("q", "r", "allowed", "share"), GIVEN)
@pytest.mark.parametrize("length", [3, 30, 1000])
def test_given_the_channel_more_nodes_change_nothing(monkeypatch, q, r, allowed, share, length):
    for gaussian in (False, True):
        setting = (q, r, allowed, Arrays(16, 16), share, Frame(length, gaussian))
        value = frames.frame_outage_split(*setting)
        with monkeypatch.context() as patch:
            patch.setattr(frames, "_NODES", 60)
            assert value == pytest.approx(frames.frame_outage_split(*setting), abs=3e-7)


def test_two_gaussian_streams_are_a_generalised_chi_square_law():
    q, r, share, L, allowed = 0.1, 0.06, 0.7, 20, 2.5
    reach = share * q + 1 - share
    rest = share * (1 - share) * r / reach
    law = GenChi2([reach / (2 * L), rest / (2 * L)], [2 * L, 2 * L - 2])
    value = frames.frame_outage_split(q, r, allowed, Arrays(8, 8), share, Frame(L, True))
    assert value == pytest.approx(float(law.cdf(1 / allowed)), rel=1e-8)


def test_long_frames_tend_to_the_bound_of_many_symbols():
    q, r, share, arrays = 0.1, 0.06, 0.7, Arrays(8, 8)
    ratio = crb_ratio_split(q, r, share, 1.0)
    for gaussian in (False, True):
        frame = Frame(10**6, gaussian)
        below, above = (
            frames.frame_outage_split(q, r, factor * ratio, arrays, share, frame)
            for factor in (0.98, 1.02)
        )
        assert below > 1 - 1e-9
        assert above < 1e-9
    assert frames.frame_outage_joint(1.0, 10**6) == pytest.approx(0.5, abs=1e-3)


def test_joint_beam_averaged_in_the_other_order():
    theta, phi, N, K, L, level = 0.2, -0.5, 8, 1.0, 12, 0.3
    beam = JointBeam(1.0, 1.0)
    value = frames.sensing_outage_joint_frame(
        lambda lv: sensing_outage_joint(lv, theta, phi, N, K, beam), level, L
    )
    rng, size = np.random.default_rng(3), 100_000
    a = steering_vector(theta, N, centred=True)
    w = joint_beamformer(beam)(rician_channel(rng, size, phi, N, K), a)[..., 0]
    x = level / np.cos(theta) ** 2 * N / np.abs(w @ a.conj()) ** 2
    drawn = frames.frame_outage_joint(x, L)
    assert abs(drawn.mean() - value) < 5 * drawn.std() / math.sqrt(size)


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("K", [0.0, 2.0])
def test_split_beams_averaged_over_drawn_channels(K, gaussian):
    theta, phi, N, share, level, frame = 0.2, -0.5, 8, 0.7, 0.3, Frame(20, gaussian)
    arrays, size = Arrays(N, N), 4000
    value = frames.sensing_outage_split_frame(level, (theta, phi), arrays, K, share, frame)
    h = rician_channel(np.random.default_rng(4), size, phi, N, K)
    T, slope, Z = channel_projections(h, np.full(size, theta))
    shares = abs(T) ** 2 / (N * Z), abs(slope) ** 2 / (derivative_norm(theta, N) * Z)
    drawn = frames.frame_outage_split(*shares, np.cos(theta) ** 2 / level, arrays, share, frame)
    assert abs(drawn.mean() - value) < 5 * drawn.std() / math.sqrt(size)


def test_split_beams_in_a_long_gaussian_frame():
    setting = (0.2, -0.5), Arrays(8, 8), 0.0, 0.7
    many = sensing_outage_split(0.4, 0.2, -0.5, Arrays(8, 8), 0.0, 0.7)
    first, second = (
        frames.sensing_outage_split_frame(0.4, *setting, Frame(length, True)) - many
        for length in (150, 300)
    )
    # an excess of order 1/L
    assert first == pytest.approx(2 * second, rel=0.2, abs=2e-4)


def test_tail_factor_against_quadrature_and_the_tail_itself():
    for alpha, L in [(0.5, 2), (0.3, 30), (1.0, 30), (2.5, 7)]:
        with mpmath.workdps(20):
            mean = mpmath.quad(
                lambda g, a=alpha, n=L: g ** (n - 1 - a) * mpmath.exp(-n * g),
                [0, 0.5, 1, 1.5, 3, mpmath.inf],
            )
            mean = mean * mpmath.mpf(L) ** L / mpmath.gamma(L)
        assert frames.tail_factor_joint(alpha, L) == pytest.approx(float(mean), rel=1e-11)
    ratio = frames.sensing_outage_joint_frame(sensing_outage_target_beam, 1e-8, 5) / 1e-4
    assert ratio == pytest.approx(2 / np.pi * frames.tail_factor_joint(0.5, 5), rel=1e-6)
    with pytest.raises(ValueError, match="frame_length must be above tail_exponent"):
        frames.tail_factor_joint(2.0, 2)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="frame_length"):
        Frame(1)
    with pytest.raises(ValueError, match="angles must be two"):
        frames.sensing_outage_split_frame(0.3, (0.1,), Arrays(8, 8), 1.0, 0.5, Frame(5))
    with pytest.raises(ValueError, match="angles must be"):
        frames.sensing_outage_split_frame(0.3, (0.1, 9.0), Arrays(8, 8), 1.0, 0.5, Frame(5))
