"""The root of a monotone function of each of many points, from a guess without a bracket."""

import numpy as np
from scipy.optimize import elementwise

__all__ = []


_DOUBLINGS = 80


def monotone_root(function, guess, width, arguments, noise):
    """Return where a rising function of one variable is 0, for arrays of one shape (n,).

    ``function`` takes points and the matching entries of ``arguments``; steps of ``width``, doubled
    each time, lead from ``guess`` to a bracket, in which the method of Chandrupatla finds the root to
    the last digits of ``width`` or of itself, or to where the function is within ``noise`` of 0. Raises ``ArithmeticError``
    where no bracket is found.
    """
    low, high, left = guess.copy(), guess.copy(), np.arange(guess.size)
    value = function(guess, *arguments)
    # a value of 0 is a bracket of itself
    up, left = value < 0, left[value != 0]
    step = width.copy()
    for _ in range(_DOUBLINGS):
        if not left.size:
            break
        ahead = np.where(up, high + step, low - step)[left]
        value = function(ahead, *(argument[left] for argument in arguments))
        beyond = (value >= 0) == up[left]
        here = up[left]
        # what was the front becomes the other end
        low[left], high[left] = (
            np.where(here, np.where(beyond, high[left], ahead), ahead),
            np.where(here, ahead, np.where(beyond, low[left], ahead)),
        )
        step[left] *= 2
        left = left[~beyond]
    if left.size:
        raise ArithmeticError("no bracket of a root was found")
    result = elementwise.find_root(
        lambda x, scale, *rest: function(x, *rest) / scale,
        (low, high),
        args=(noise, *arguments),
        tolerances={"xatol": 1e-16 * width.max(), "xrtol": 4e-16, "fatol": 1.0, "frtol": 0.0},
    )
    return np.where(low == high, low, result.x)
