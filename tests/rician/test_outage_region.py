"""The boundary of the outage region against all assignments of beams to a few realisations."""

import itertools

import numpy as np
import pytest

from isacnb.rician.outage_region import pareto_boundary

#: what a beam can reach in a realisation, as pairs (serves, senses)
KINDS = {
    "both": [(True, True)],
    "conflict": [(True, False), (False, True)],
    "user alone": [(True, False)],
    "target alone": [(False, True)],
    "neither": [(False, False)],
}


@pytest.mark.parametrize("seed", range(6))
def test_boundary_by_trying_everything(seed):
    rng = np.random.default_rng(seed)
    drawn = rng.choice(list(KINDS), size=9, p=[0.2, 0.5, 0.1, 0.1, 0.1])
    size = len(drawn)
    pairs = {
        (
            sum(not serves for serves, _ in design) / size,
            sum(not senses for _, senses in design) / size,
        )
        for design in itertools.product(*(KINDS[kind] for kind in drawn))
    }
    no_user = np.mean(np.isin(drawn, ["target alone", "neither"]))
    no_target = np.mean(np.isin(drawn, ["user alone", "neither"]))
    conflict = np.mean(drawn == "conflict")
    for x, y in pairs:
        # nothing lies below the boundary, and every corner of a decision lies on it
        assert y >= pareto_boundary(x, no_user, no_target, conflict) - 1e-12
    least = {x: min(b for a, b in pairs if a == x) for x, _ in pairs}
    for x, y in least.items():
        assert pareto_boundary(x, no_user, no_target, conflict) == pytest.approx(y, abs=1e-12)
    # without the conflicts counted it would be out of reach
    if conflict > 0:
        x = min(least)
        assert least[x] > pareto_boundary(x, no_user, no_target, 0.0) + 1e-12


def test_a_smaller_outage_than_possible_costs_everything():
    assert pareto_boundary(0.05, 0.1, 0.2, 0.3) == np.inf
    assert pareto_boundary([0.1, 0.4, 1.0], 0.1, 0.2, 0.3).tolist() == pytest.approx(
        [0.5, 0.2, 0.2]
    )


def test_more_conflicts_than_realisations_are_refused():
    with pytest.raises(ValueError, match="conflict must be"):
        pareto_boundary(0.5, 0.1, 0.6, 0.5)
