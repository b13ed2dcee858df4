"""Checks of arguments: each raises ``ValueError`` with the name, the value and the allowed range.

Symbols, balls and multiprecision numbers pass unchecked: their range belongs to the proof that
uses them.
"""

import math

import numpy as np

from .generic import Quantity, is_numeric

__all__ = [
    "check_answer",
    "check_integer",
    "check_memory",
    "check_real",
]

_MEMORY = 8 * 2**30


def check_real(
    name: str,
    value: Quantity,
    low: float = -np.inf,
    high: float = np.inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
    finite: bool = True,
) -> Quantity:
    """Return ``value`` (numbers and sequences as a float array) if it lies in the given interval.

    ``open_low`` and ``open_high`` exclude the ends, ``finite=False`` admits infinities that the
    interval contains. nan is never admitted.
    """
    if not is_numeric(value):
        return value
    allowed = f"in {'(' if open_low or low == -np.inf else '['}{low:g}, {high:g}"
    allowed += ")" if open_high or high == np.inf else "]"
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be real and {allowed}, got {value!r}") from error
    above = array > low if open_low else array >= low
    below = array < high if open_high else array <= high
    # comparisons with nan are False, so nan falls out here
    good = above & below & (np.isfinite(array) if finite else True)
    if not np.all(good):
        bad = array[~good].flat[0] if array.ndim else array[()]
        raise ValueError(f"{name} must be {'finite and ' if finite else ''}{allowed}, got {bad}")
    return array


def check_integer(
    name: str, value: Quantity, low: int = 0, high: int | None = None
) -> int | np.ndarray | Quantity:
    """Return ``value`` (an int, or an integer array) if it holds whole numbers from low to high.

    Floats that are whole numbers are accepted; booleans are not numbers here.
    """
    if not is_numeric(value):
        return value
    allowed = f"a whole number >= {low}" + (f" and <= {high}" if high is not None else "")
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be {allowed}, got {value!r}")
    good = np.isfinite(array) & (array == np.floor(array)) & (array >= low)
    if high is not None:
        good &= array <= high
    if not np.all(good):
        bad = array[~good].flat[0] if array.ndim else array[()]
        raise ValueError(f"{name} must be {allowed}, got {bad}")
    return int(array) if array.ndim == 0 else array.astype(int)


def check_answer(name: str, value: np.ndarray) -> np.ndarray:
    """Return what a caller's function gave, if it is finite: a nan would be counted as no event."""
    if not np.all(np.isfinite(value)):
        raise ValueError(f"{name} must return finite numbers")
    return value


def check_memory(shape: tuple[int, ...], itemsize: int = 16) -> None:
    """Raise ``ValueError`` that tells the size if an array of this shape cannot be meant.

    The limit is 8 GiB; numpy would be asked for it, and the machine might go down.
    """
    size = math.prod(shape) * itemsize
    if size > _MEMORY:
        raise ValueError(
            f"an array of shape {shape} needs {size / 2**30:,.0f} GiB, at most 8 are tried"
        )
