"""How an independent script says which number of a verdict it has computed again."""

import re
from dataclasses import dataclass

#: a number in a verdict's text: digits, a power of ten in TeX, a percentage or decibels follow outside
NUMBER = (
    r"(?P<n{}>[−-]?\d[\d,]*(?:\.\d+)?(?:\s*(?:\\times\s*)?10\^\{{?[−-]?\d+\}}?|\\times10\^\{{[−-]?\d+\}})?"
    r"|10\^\{{?[−-]?\d+\}}?)"
)


@dataclass(frozen=True)
class Quoted:
    """Numbers of one claim's texts, computed without the package.

    ``pattern`` is a piece of the text with ``#`` in the place of each number, and without any digit of
    it; ``values`` are these numbers as computed here, ``errors`` their standard errors (0 if exact).
    """

    claim: str
    pattern: str
    values: tuple[float, ...]
    errors: tuple[float, ...] = ()


def numbers_in(text: str, pattern: str) -> list[tuple[float, float]]:
    """Each number at a ``#`` of the pattern, with half a unit of its last digit.

    The pattern must stand in the text exactly once.

    >>> numbers_in("falls from 0.388 to $4\\\\times10^{-6}$", "from # to $#$")
    [(0.388, 0.0005), (4e-06, 5e-07)]
    """
    pieces = [re.escape(piece) for piece in pattern.split("#")]
    expression = pieces[0] + "".join(
        NUMBER.format(i) + piece for i, piece in enumerate(pieces[1:])
    )
    found = list(re.finditer(expression, text))
    if len(found) != 1:
        raise ValueError(f"pattern must stand once, found {len(found)} times: {pattern!r}")
    return [_value(found[0][f"n{i}"]) for i in range(len(pieces) - 1)]


def _value(text: str) -> tuple[float, float]:
    text = text.replace("−", "-").replace(",", "")
    power = re.search(r"10\^\{?(-?\d+)\}?$", text)
    scale = 10.0 ** int(power[1]) if power else 1.0
    mantissa = text[: power.start()].replace("\\times", "").strip() if power else text
    if not mantissa:
        return scale, scale / 2
    decimals = len(mantissa.partition(".")[2])
    return float(mantissa) * scale, 0.5 * 10.0**-decimals * scale
