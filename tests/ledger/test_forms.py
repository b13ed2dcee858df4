"""Forms of a claim: what they compute, and how they are called."""

import flint
import numpy as np
import pytest
import sympy as sp

from isacnb.ledger.forms import (
    at,
    call,
    changed,
    exchanged,
    flatten,
    forms_of,
    plus,
    replaced,
    scaled,
    times,
    without,
)

X, Y = sp.symbols("x y")


def law(size=4, threshold=(1.0, 2.0)):
    return [size * t for t in threshold]


def label_and_value(form, claimed):
    ((label, value),) = forms_of([form], claimed)
    return label, value


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        (3, [3]),
        (np.array([[1, 2], [3, 4]]), [1, 2, 3, 4]),
        (sp.Matrix([[X, Y]]), [X, Y]),
        (flint.fmpz_mat([[1, 2], [3, 4]]), [1, 2, 3, 4]),
        ([1, (2, np.array([3]))], [1, 2, 3]),
        (X + Y, [X + Y]),
    ],
)
def test_entries_of_what_is_compared(value, entries):
    assert flatten(value) == entries


@pytest.mark.parametrize(
    ("step", "label", "value"),
    [
        (1, "size + 1 in place of size", [5.0, 10.0]),
        (-1, "size - 1 in place of size", [3.0, 6.0]),
        (0, "size + 0 in place of size", [4.0, 8.0]),
    ],
)
def test_a_step_has_its_sign(step, label, value):
    assert label_and_value(changed(size=plus(step)), law) == (label, value)


@pytest.mark.parametrize(
    ("factor", "label"),
    [
        (-1, "the sign of size changed"),
        (2, "size twice as large"),
        (0.5, "size half as large"),
        (sp.Rational(1, 2), "size half as large"),
        (1.02, "size 2 % higher"),
        (1.99, "size 99 % higher"),
        (1.005, "size 0.5 % higher"),
        (0.98, "size 2 % lower"),
        (0.01, "size 99 % lower"),
        (3, "size times 3"),
        (0, "size times 0"),
        (-2, "size times −2"),
        (2.005, "size times 2"),
        (1, "size times 1"),
        (X, "size times $x$"),
    ],
)
def test_a_factor_is_told_as_it_is(factor, label):
    assert label_and_value(changed(size=times(factor)), law)[0] == label


def test_a_sign_without_a_name():
    assert label_and_value(scaled(-1), [1.0, 2.0]) == ("the sign changed", [-1.0, -2.0])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "True"),
        ("wide", "wide"),
        (None, "None"),
        (np.int64(3), "3"),
        (np.float64(0.25), "0.25"),
        (flint.arb(2), "2"),
        (1.23456, "1.235"),
        (X / 2, r"$\frac{x}{2}$"),
        ((1, 2, 3, 4, 5, 6), "(1, 2, 3, 4, 5, 6)"),
        ([0.5, X], "(0.5, $x$)"),
        (label_and_value, "label and value"),
    ],
)
def test_a_value_is_told_in_a_label(value, shown):
    def any_of_it(given=0):
        return 1

    assert label_and_value(call(any_of_it, given=value), None)[0] == f"any of it, given = {shown}"
    told = f"given = {shown} in place of 0"
    assert label_and_value(changed(given=value), any_of_it)[0] == told


@pytest.mark.parametrize("value", [(1,) * 7, lambda: 1, object(), {1, 2}])
def test_what_cannot_be_told_in_a_label_is_refused(value):
    with pytest.raises(ValueError, match="value must be one that can be told in a label"):
        label_and_value(call(law, size=value), None)


@pytest.mark.parametrize("form", [lambda: 1, 5, "law"])
def test_a_form_is_a_function_with_a_name(form):
    with pytest.raises(ValueError, match="form must be a construction or a function with a name"):
        call(form)


@pytest.mark.parametrize(
    ("form", "claimed", "reason"),
    [
        (without(Y), [X, X * Y], "must be a term"),
        (replaced(Y, 2), [X], "must be a part"),
        (changed(width=2), law, r"parameters \['width'\]"),
        (changed(size=2), [1.0], r"parameters \['size'\]"),
        (exchanged("size", "width"), law, r"parameters \['width'\]"),
    ],
)
def test_a_form_of_what_is_not_there_is_refused(form, claimed, reason):
    with pytest.raises(ValueError, match=reason):
        label_and_value(form, claimed)


def test_parts_of_an_order_that_have_the_parameter_are_changed():
    def larger(threshold=3.0):
        return threshold

    assert label_and_value(changed(size=8), (law, larger)) == (
        "size = 8 in place of 4",
        ([8.0, 16.0], 3.0),
    )
    assert label_and_value(changed(size=8), (2.0, law))[1] == (2.0, [8.0, 16.0])


def test_one_entry_is_changed_alone():
    assert label_and_value(at(1, scaled(3)), [1.0, 5.0]) == ("entry 1: times 3", [3.0, 5.0])
    assert label_and_value(at(2, scaled(3)), [1.0, 5.0]) == ("entry 2: times 3", [1.0, 15.0])
    assert label_and_value(without(2 * Y), [(X + 2 * Y) * X / X, X])[1] == [X, X]
    assert label_and_value(without(X * Y), [X * (X + Y)])[1] == [X**2]
