"""Points lie in the domains, at their borders, and on both sides of what decides."""

import ast
import math

import numpy as np
from formulas import letters_of

from isacnb.ledger.formula.points import (
    COUNTS,
    Quantity,
    border_points,
    draw_point,
    straddling_points,
)
from isacnb.vocabulary import vocabulary


def test_points_lie_in_the_domains():
    rng = np.random.default_rng(1)
    words, domains = vocabulary().symbols, letters_of("rician").domains
    for name, quantity in domains.items():
        if name not in words:
            continue
        for _ in range(5):
            value = draw_point(rng, {"N": domains["N"], "K": domains["K"], name: quantity})
            for single in np.ravel(value[name]):
                if quantity.shape in {"scalar", "integer"}:
                    assert single in words[name].domain, (name, single)
            if quantity.shape == "vector":
                assert np.shape(value[name])[-1] == value["N"]


def test_special_values_name_quantities():
    """A special value that names no quantity would never be tried."""
    words = vocabulary().symbols
    known = {*words, "pi", "inf", "sqrt", "sin"}
    for symbol in words.values():
        for text in symbol.special:
            names = {
                n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name)
            }
            assert names <= known, (symbol.name, text)


def test_borders_and_special_values_are_tried():
    rng = np.random.default_rng(2)
    quantities = {
        "x": Quantity("x", "scalar", 0.0, 1.0, special=("1/N", "0.25", "7", "1/other")),
        "y": Quantity("y", "scalar", 0.0, 1.0, open_low=True, open_high=True, special=("x",)),
        "N": Quantity("N", "integer", 1, math.inf, special=("1", "2")),
        "h": Quantity("h", "vector"),
        "mu": Quantity("mu", "scalar", 0.0, math.inf, family="user"),
        "K": Quantity("K", "integer", 1, 4),
    }
    found = list(border_points(rng, quantities, {}))
    assert {0.0, 1.0, 0.25} <= {point["x"] for point in found}
    assert any(point["x"] == 1 / point["N"] for point in found)
    assert any(point["y"] == point["x"] for point in found)
    assert not any(point["y"] in (0.0, 1.0) for point in found)
    assert not any(point["x"] == 7 for point in found)
    assert any(0.0 in point["mu"] for point in found)
    for point in found:
        assert len(point["h"]) == point["N"]
        assert len(point["mu"]) == point["K"]
    assert {1, 2} <= {point["N"] for point in found}
    assert {1, 4} <= {point["K"] for point in found}
    fixed = list(border_points(rng, quantities, {"x": 0.5}))
    assert {point["x"] for point in fixed} == {0.5}


def test_both_sides_of_a_zero_are_closed_in():
    rng = np.random.default_rng(3)
    quantities = {"x": Quantity("x", "scalar", 0.0, 1.0), "y": Quantity("y", "scalar", 0.0, 1.0)}
    start = [draw_point(rng, quantities) for _ in range(3)]

    def signs(point):
        return {7: point["x"] - point["y"] ** 2, 9: point["x"] + 1}

    near = list(straddling_points(rng, quantities, {}, signs, start, 100))
    gaps = [signs(point)[7] for point in near]
    assert min(gap for gap in gaps if gap > 0) < 1e-3
    assert max(gap for gap in gaps if gap < 0) > -1e-3
    for point in near:
        assert 0 <= point["x"] <= 1


def test_the_counts_of_families_are_quantities():
    domains = letters_of("coupling").domains
    for kind, name in COUNTS.items():
        assert name in domains, kind
