"""Pilots and streams are orthogonal, and one is the other scaled."""

import numpy as np
import pytest

from isacnb.signals.streams import orthogonal_streams, pilot_sequences


@pytest.mark.parametrize(("length", "count"), [(1, 1), (8, 3), (5, 5), (64, 17)])
def test_streams_and_pilots_are_orthogonal(length, count):
    streams, pilots = orthogonal_streams(length, count), pilot_sequences(length, count)
    assert streams.shape == (count, length)
    assert pilots.shape == (length, count)
    assert np.abs(streams) == pytest.approx(np.ones((count, length)), rel=1e-12)
    assert streams @ streams.conj().T == pytest.approx(length * np.eye(count), abs=1e-10)
    assert pilots.conj().T @ pilots == pytest.approx(np.eye(count), abs=1e-12)
    assert pilots * np.sqrt(length) == pytest.approx(streams.T, rel=1e-12)


@pytest.mark.parametrize("function", [orthogonal_streams, pilot_sequences])
def test_there_are_no_more_streams_than_symbols(function):
    with pytest.raises(ValueError, match="count must be a whole number >= 1 and <= 4, got 5"):
        function(4, 5)
    with pytest.raises(ValueError, match="GiB"):
        function(10**6, 10**6)
