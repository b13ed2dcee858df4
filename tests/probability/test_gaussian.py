"""Functionals and forms of Gaussian vectors against whole vectors."""

import itertools

import numpy as np
import pytest
import scipy.stats

from isacnb.probability.gaussian import (
    ChannelForm,
    complex_normal,
    gaussian_functionals,
    orthonormal_basis,
)
from isacnb.signals.arrays import steering_vector
from isacnb.special.genchi2 import GenChi2


def whole_vectors(rng, size, vectors, mean, variance):
    """Functionals and squared norm from the definition: all N components."""
    vectors = np.asarray(vectors)
    normal = rng.standard_normal((2, size, vectors.shape[1]))
    h = mean + np.sqrt(variance / 2) * (normal[0] + 1j * normal[1])
    functionals = np.stack([np.sum(v.conj() * h, axis=1) for v in vectors], axis=1)
    return functionals, np.sum(np.abs(h) ** 2, axis=1)


ARRAY = steering_vector(0.4, 8, centred=True)
SLOPE = 1j * (np.arange(8) - 3.5) * ARRAY
LOS = 1.3 * steering_vector(-0.2, 8, centred=True)
GAUSSIANS = {
    "central": ([ARRAY], 0.0, 1.0),
    "mean outside the span": ([ARRAY, SLOPE], LOS, 0.4),
    "mean inside": ([SLOPE, LOS], (0.5 - 0.2j) * LOS, 2.0),
    "parallel vectors": ([ARRAY, 2j * ARRAY, LOS], 0.3 + 0.1j, 0.7),
    "as many as antennas": ([[1, 2j], [3, -1]], [1.0, 1j], 1.5),
    "more than antennas": ([[1.0 + 1j], [2.0]], 0.7, 1.0),
    "one of two antennas": ([[1.0, 0.0]], [0.2, 1.0], 1.0),
}


@pytest.mark.parametrize("case", GAUSSIANS)
def test_functionals_have_the_law_of_whole_vectors(case):
    gaussian = GAUSSIANS[case]
    size = 60_000
    rng = np.random.default_rng(7)
    samples = []
    for sampler in (gaussian_functionals, whole_vectors):
        t, z = sampler(rng, size, *gaussian)
        assert (t.shape, z.shape) == ((size, len(gaussian[0])), (size,))
        samples.append(np.column_stack([t.real, t.imag, z]))
    centre, scale = samples[1].mean(axis=0), samples[1].std(axis=0)
    scaled = [(x - centre) / scale for x in samples]
    # all mixed moments up to order 4
    columns = scaled[0].shape[1]
    scores = []
    for order in range(1, 5):
        for which in itertools.combinations_with_replacement(range(columns), order):
            a, b = (np.prod(x[:, which], axis=1) for x in scaled)
            error = np.hypot(a.std(), b.std()) / np.sqrt(size)
            # 1e-12: a functional of N = 1 or parallel vectors has moments without variance
            scores.append((a.mean() - b.mean()) / (error + 1e-12))
    assert np.abs(scores).max() < 4.8
    # whole distributions: the squared norm, and functions that mix it with the functionals
    for name, function in {
        "norm": lambda x: x[:, -1],
        "real part": lambda x: x[:, 0],
        "modulus": lambda x: np.hypot(x[:, 0], x[:, columns // 2]),
        "residual": lambda x: x[:, -1] - 0.1 * (x[:, 0] ** 2 + x[:, columns // 2] ** 2),
        "ratio": lambda x: x[:, 0] / x[:, -1],
    }.items():
        test = scipy.stats.ks_2samp(function(samples[0]), function(samples[1]))
        assert test.pvalue > 1e-5, name


def test_law_of_functionals_rejects_a_wrong_shape():
    """Control of the test above: a gamma of one degree less is seen at that sample size."""
    vectors, mean, variance = GAUSSIANS["mean outside the span"]
    rng = np.random.default_rng(7)
    _, z = gaussian_functionals(rng, 60_000, vectors, mean, variance)
    _, whole = whole_vectors(rng, 60_000, vectors, mean, variance)
    wrong = z - variance * rng.standard_exponential(60_000)
    assert scipy.stats.ks_2samp(wrong, whole).pvalue < 1e-30


def test_functionals_and_norm_fit_together():
    """Where the vectors span the space, the norm follows from the functionals exactly."""
    vectors, mean, variance = GAUSSIANS["as many as antennas"]
    t, z = gaussian_functionals(np.random.default_rng(1), 100, vectors, mean, variance)
    h = np.linalg.solve(np.conj(vectors), t.T)
    assert z == pytest.approx(np.sum(np.abs(h) ** 2, axis=0), rel=1e-12)
    t, z = gaussian_functionals(np.random.default_rng(1), 100, *GAUSSIANS["parallel vectors"])
    assert t[:, 1] == pytest.approx(-2j * t[:, 0], rel=1e-12)
    # Cauchy and Schwarz
    assert (np.abs(t[:, 0]) ** 2 <= 8 * z * (1 + 1e-12)).all()
    t, z = gaussian_functionals(np.random.default_rng(1), 0, [[1, 1]])
    assert (t.shape, z.shape) == ((0, 1), (0,))


@pytest.mark.parametrize("case", GAUSSIANS)
def test_the_law_of_a_form_has_its_cumulants(case):
    """ln E e^(s q) of the dense form, by determinant and solve, at several s."""
    vectors, mean, variance = GAUSSIANS[case]
    vectors = np.array(vectors, dtype=complex)
    d, antennas = vectors.shape
    rng = np.random.default_rng(3)
    root = rng.standard_normal((d, d)) + 1j * rng.standard_normal((d, d))
    centre = np.broadcast_to(mean, antennas)
    for matrix, norm_weight in (
        (root + root.conj().T, 0.7),
        (root @ root.conj().T, 0.0),
        (np.zeros((d, d)), -2.0),
    ):
        law = ChannelForm(vectors, matrix, norm_weight, mean, variance).law()
        assert np.sum(law.dof) <= 2 * antennas
        dense = vectors.T @ matrix @ vectors.conj() + norm_weight * np.eye(antennas)
        for s in np.array([-0.7, -0.1, 0.3, 0.9]) / (np.abs(dense).sum() * variance):
            inner = np.eye(antennas) - s * variance * dense
            expected = s * centre.conj() @ dense @ np.linalg.solve(inner, centre)
            expected -= np.linalg.slogdet(inner)[1]
            assert law.cumulant_function(s) == pytest.approx(expected.real, rel=1e-11, abs=1e-13)
        whole = GenChi2.of_hermitian_form(
            dense, np.zeros(antennas), 0.0, centre, variance * np.eye(antennas)
        )
        for order in (1, 2, 3):
            assert law.cumulant(order) == pytest.approx(whole.cumulant(order), rel=1e-10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"directions": [1, 1]}, "directions must have shape", id="one axis"),
        pytest.param({"directions": np.ones((0, 3))}, "directions must have shape", id="none"),
        pytest.param({"directions": [["a", "b"]]}, "directions must be a matrix", id="words"),
        pytest.param({"mean": [1, 2, 3]}, "mean must be a scalar or have shape", id="mean"),
        pytest.param({"variance": [1, 1]}, "variance must be one number", id="variances"),
    ],
)
def test_bad_vectors(change, message):
    good = {"directions": [[1, 1]]}
    with pytest.raises(ValueError, match=message):
        gaussian_functionals(np.random.default_rng(1), 3, **(good | change))
    with pytest.raises(ValueError, match=message):
        ChannelForm(**(good | change))


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        pytest.param([[1, 2], [3, 4]], "form_matrix must have shape", id="size"),
        pytest.param([[1j]], "form_matrix must be Hermitian", id="not Hermitian"),
        pytest.param([[1.0, 0.1], [0.15, 1.0]], "form_matrix must be Hermitian", id="a little off"),
        pytest.param([[np.nan]], "form_matrix must be finite", id="nan"),
    ],
)
def test_bad_forms(matrix, message):
    with pytest.raises(ValueError, match=message):
        ChannelForm(
            np.ones((2 if np.shape(matrix) == (2, 2) and "Herm" in message else 1, 2)), matrix
        )


def test_complex_normals():
    rng = np.random.default_rng(3)
    z = complex_normal(rng, (2, 100_000), 0.5)
    assert z.shape == (2, 100_000)
    assert np.mean(np.abs(z) ** 2) == pytest.approx(0.5, rel=0.01)
    assert abs(np.mean(z**2)) < 0.01  # circular
    assert (complex_normal(rng, 3, 0.0) == 0).all()
    assert complex_normal(rng, (2, 0)).shape == (2, 0)
    for shape in (-1, (2, -1), 1.5):
        with pytest.raises(ValueError, match="shape must be whole numbers >= 0"):
            complex_normal(rng, shape)


def test_what_does_not_fit_is_refused():
    rng = np.random.default_rng(1)
    for call in (
        lambda: complex_normal(rng, (10**6, 10**6)),
        lambda: gaussian_functionals(rng, 10**12, [[1, 1]]),
    ):
        with pytest.raises(ValueError, match="GiB"):
            call()


def test_basis_of_vectors_of_any_length():
    # a short vector counts like a long one, and one of length 0 not at all
    basis = orthonormal_basis(np.array([[1e-20, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    assert np.abs(basis).T.sum(axis=0) == pytest.approx([1, 1, 0])
    assert basis.shape == (3, 2)


def test_weights_that_vanish_are_left_out_and_small_ones_are_not():
    assert ChannelForm([[1.0]], [[-1.0]]).law().weights.size == 0
    law = ChannelForm(np.ones((1, 4)), norm_weight=1e-9).law()
    assert law.cumulant(1) == pytest.approx(4e-9, rel=1e-12)
