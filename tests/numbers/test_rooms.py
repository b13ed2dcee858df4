"""A room shows its modules and loads one when it is first used."""

import pytest

from isacnb.numbers.rooms import shown


def test_modules_are_shown_and_loaded():
    import isacnb.numbers as room

    names, load, listed = shown(room.__name__, room.__path__)
    assert names == sorted(names) == listed()
    assert {"door", "generic", "units"} <= set(names)
    assert load("units").from_db(0.0) == 1.0
    with pytest.raises(AttributeError, match="has no attribute 'kelvin'"):
        load("kelvin")
