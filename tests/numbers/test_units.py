"""Decibels and ratios."""

import numpy as np
import pytest

from isacnb.numbers.units import from_db, to_db


def test_decibels():
    assert from_db(np.array([0.0, 3.0, -np.inf])) == pytest.approx([1, 10**0.3, 0])
    assert to_db(from_db(-17.5)) == pytest.approx(-17.5)


def test_infinite_and_negative_powers_have_no_decibels():
    with pytest.raises(ValueError, match="value must be"):
        from_db(np.inf)
    with pytest.raises(ValueError, match="ratio must be"):
        to_db(-1.0)
