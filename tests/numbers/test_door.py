"""The door: what it says of a bad argument, what it lets pass, and whom it lets in unchecked."""

import dataclasses
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Literal

import flint
import mpmath
import numpy as np
import pytest
import sympy

from isacnb.numbers.door import Contradiction, check_fields, public
from isacnb.numbers.generic import Quantity


@public("[0, 1]", N="integers [2, inf)")
def share(
    N: int,
    data_share: Quantity = 0.5,
    target_angle: Quantity = 0.0,
    array_sum: Quantity = 0.0,
    law: Literal["unit", "rayleigh"] = "unit",
    seed: int = 1,
    rng: np.random.Generator | None = None,
    centred: bool = False,
) -> Quantity:
    """A number of this test: twice the data share."""
    return 2 * data_share


BAD = {
    "below its own range": ({"N": 1}, "N must be a whole number >= 2, got 1"),
    "no whole number": ({"N": 2.5}, "N must be a whole number >= 2, got 2.5"),
    "an array for one number": ({"N": [2, 3]}, "N must be one number, got an array of shape (2,)"),
    "above one": ({"data_share": 1.5}, "data_share must be in [0, 1], got 1.5"),
    "one of several": ({"data_share": [0.1, -2.0]}, "data_share must be in [0, 1], got -2.0"),
    "nan": ({"data_share": np.nan}, "data_share must be finite and in [0, 1], got nan"),
    "text": ({"data_share": "0.5"}, "data_share must be real and in [0, 1], got '0.5'"),
    "complex": ({"data_share": 1j}, "data_share must be real and in [0, 1], got 1j"),
    "truth": ({"data_share": True}, "data_share must be real and in [0, 1], got True"),
    "none": ({"data_share": None}, "data_share must be real and in [0, 1], got None"),
    "ragged": ({"data_share": [[0.1], [0.1, 0.2]]}, "data_share must be real and in [0, 1]"),
    "degrees": ({"target_angle": 30.0}, "in (-1.5708, 1.5708), in radians, got 30.0"),
    "above another": ({"array_sum": -4.5}, "array_sum must be in [-N, N], got -4.5"),
    "no option": ({"law": "unity"}, "law must be one of 'unit', 'rayleigh', got 'unity'"),
    "seed": ({"seed": 1.0}, "seed must be a whole number >= 0, got 1.0"),
    "generator": ({"rng": 7}, "rng must be a numpy random generator, got 7"),
    "flag": ({"centred": 1}, "centred must be True or False, got 1"),
    "precise": ({"data_share": mpmath.mpf("1.01")}, "data_share must be in [0, 1], got 1.01"),
    "fraction": ({"data_share": Fraction(-1, 3)}, "data_share must be in [0, 1], got -1/3"),
    "ball": ({"data_share": flint.arb(2)}, "data_share must be in [0, 1], got 2"),
    "symbolic number": ({"data_share": sympy.Integer(2)}, "data_share must be in [0, 1], got 2"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_a_bad_argument_is_told_by_name_value_and_range(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        share(**{"N": 4, **arguments})


def test_arguments_that_contradict_each_other():
    with pytest.raises(Contradiction, match=r"share contradict .* in \[0, 1\], and would be 1\.8"):
        share(4, 0.9)


@pytest.mark.parametrize(
    "value",
    [
        0.5,
        [0.1, 0.2],
        (0, 0.5),
        np.array(0.25),
        mpmath.mpf("0.5"),
        flint.arb(0.5),
        sympy.Symbol("p"),
    ],
    ids=["float", "list", "tuple", "array", "mpmath", "ball", "symbol"],
)
def test_any_kind_of_number_passes(value):
    share(4, value)


def test_symbols_among_numbers_pass():
    assert share(4, np.array([sympy.Symbol("p"), 0.5], dtype=object)).shape == (2,)


def test_ends_of_the_half_circle_are_angles():
    share(4, 0.5, [-np.pi / 2, np.pi / 2])
    with pytest.raises(ValueError, match="radians"):
        share(4, 0.5, np.nextafter(np.pi / 2, 2))


def test_a_caller_of_the_package_is_not_checked():
    code = compile(
        "share(4, 0.3, target_angle=30.0)", share.__globals__["public"].__code__.co_filename, "eval"
    )
    assert eval(code, {"share": share}) == 0.6


def test_nan_does_not_leave():
    @public
    def lost(x: Quantity) -> Quantity:
        return np.sqrt(x)

    @public("any")
    def told(x: Quantity) -> Quantity:
        return np.sqrt(x)

    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="lost has no value here"):
        lost(-1.0)
    with np.errstate(invalid="ignore"):
        assert np.isnan(told(-1.0))


def test_what_floats_do_not_hold_is_a_value_error():
    @public
    def power(x: Quantity) -> float:
        return float(x) ** 400

    with pytest.raises(ValueError, match="power has no value here"):
        power(1e300)


def test_own_ranges_are_of_parameters():
    with pytest.raises(TypeError, match="has no parameter M"):
        public(M="[0, 1]")(lambda N: N)


@dataclasses.dataclass(frozen=True)
class Beam:
    """A noun of this test."""

    N: int
    data_share: Quantity = 0.5

    def __post_init__(self):
        check_fields(self)


def test_a_function_and_a_noun_are_asked_for_by_name():
    @public
    def applied(model: Callable[[float], float], beam: Beam) -> float:
        return model(beam.data_share)

    assert applied(lambda share: 2 * share, Beam(4)) == 1.0
    with pytest.raises(ValueError, match=r"model must be a function, got 0\.5"):
        applied(0.5, Beam(4))
    with pytest.raises(ValueError, match=r"beam must be a Beam, got 0\.5"):
        applied(abs, 0.5)


def test_a_noun_is_checked():
    assert Beam(4).data_share == 0.5
    with pytest.raises(ValueError, match=r"data_share must be in \[0, 1\], got 3"):
        Beam(4, 3.0)
    with pytest.raises(ValueError, match="N must be a whole number"):
        Beam(0)
