"""What the tests of special functions share."""

from collections.abc import Callable

import pytest
from flint import arb
from hypothesis import settings

# the same examples at every run
settings.register_profile("isacnb", max_examples=60, deadline=None, derandomize=True)
settings.load_profile("isacnb")


@pytest.fixture(scope="session")
def relative_error() -> Callable[[float, arb], float]:
    """Relative error of a float against a certified ball, an upper bound."""
    return lambda value, ball: float((abs(arb(float(value)) - ball) / abs(ball)).upper())
