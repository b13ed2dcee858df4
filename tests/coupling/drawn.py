"""Networks drawn for the tests of the downlink."""

import numpy as np

from isacnb.probability.poisson import sample_distances


def networks(p, size, seed):
    """Energies of the K-th user and of the K-th echo in drawn networks."""
    rng = np.random.default_rng(seed)
    users = sample_distances(rng, size, p.K, p.user_density)[:, -1]
    targets = sample_distances(rng, size, p.K, p.target_density)[:, -1]
    return p.user_energy(users), p.echo_energy(targets)
