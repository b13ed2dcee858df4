"""Numbers as a reader sees them, and the results of comparisons made from them."""

import math
from decimal import Decimal

from .record import Evidence, Numbers

__all__ = ["change", "number", "result_text", "told"]


def number(value: float, digits: int = 2, *, plain: bool = False) -> str:
    r"""A number for a sentence: ``digits`` significant digits, powers of ten as $math$.

    With ``plain``, for a terminal, powers of ten are written with an e.

    >>> number(0.01234), number(-151), number(3.2e5), number(1.04e-7), number(math.inf)
    ('0.012', '−150', '$3.2\\times10^{5}$', '$1\\times10^{-7}$', 'infinity')
    >>> number(3.2e5, plain=True), number(1.04e-7, plain=True)
    ('3.2e5', '1e-7')
    """
    if not math.isfinite(value):
        return "undefined" if math.isnan(value) else "infinity" if value > 0 else "−infinity"
    mantissa, _, exponent = f"{abs(value):.{digits - 1}e}".partition("e")
    sign = "−" if value < 0 else ""
    if value and not -3 <= int(exponent) < 5:
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        if plain:
            return f"{sign}{mantissa}e{int(exponent)}"
        return rf"{sign}${mantissa}\times10^{{{int(exponent)}}}$"
    return f"{sign}{Decimal(f'{mantissa}e{exponent}').normalize():f}"


def result_text(found: Numbers, points: int, agrees: bool | None, *, plain: bool = False) -> str:
    """What a comparison found, in words: of its numbers, and of whether the sides agree."""

    def written(value: float, digits: int = 2) -> str:
        return number(value, digits, plain=plain)

    places = f"{points} point" + ("s" if points > 1 else "")
    relative = "" if found.tolerance is None else written(found.tolerance, 1)
    worst = math.inf if found.deviation is None else found.deviation
    match found.comparison:
        case _ if not points:
            statistical = found.comparison == "statistical"
            return "no quantity with a standard error" if statistical else "no test points"
        case "numeric" | "error" | "order" | "statistical" if agrees is None:
            return "a value is infinite or undefined, which decides nothing"
        case "symbolic" if agrees:
            same = found.identical or 0
            reduced = points - same
            parts = []
            if reduced:
                parts.append(
                    f"{'residual' if reduced == 1 else f'{reduced} residuals'} reduced to 0"
                )
            if same:
                parts.append(f"{same} pair{'s' if same > 1 else ''} the same as they stand")
            return ", ".join(parts)
        case "symbolic" if agrees is None:
            return "residual not reduced to 0, and not seen to be nonzero"
        case "symbolic":
            return f"sides differ by {written(100 * worst)} % at a generic point"
        case "certified" if agrees:
            return f"certified within {relative} at {places}"
        case "certified" if agrees is None:
            return f"balls too wide for the tolerance {relative}"
        case "certified":
            if math.isinf(worst):
                return f"certified to differ from a reference of 0 (tolerance {relative})"
            return f"certified to deviate by {written(worst)} (tolerance {relative})"
        case "numeric":
            absolute = f"{written(found.absolute, 1)} (absolute)" if found.absolute else ""
            relative = relative if found.tolerance or not found.absolute else ""
            tolerance = " or ".join(filter(None, (relative, absolute)))
            if agrees:
                return f"within {tolerance} at {places}"
            if math.isinf(worst):
                return f"differs from a reference of 0, or is undefined (tolerance {tolerance})"
            return f"largest relative deviation {written(worst)} (tolerance {tolerance})"
        case "error":
            return f"relative error at most {written(worst, 3)} at {places}"
        case "order" if agrees:
            return f"order holds at {places}"
        case "order":
            return f"order violated at {found.violations} of {places}"
        case "statistical":
            noun = "quantity" if points == 1 else "quantities"
            size = f"{worst:.1f}" if worst < 100 else written(worst)
            return (
                f"{points} {noun}, largest deviation {size} standard errors "
                f"(limit {found.tolerance:.1f})"
            )
    raise ValueError(f"comparison must be a known one, got {found.comparison!r}")


def change(size: float, *, plain: bool = False) -> str:
    """A relative change in per cent, or as a power of ten where it is small.

    >>> change(0.02), change(2e-9, plain=True)
    ('2 %', '2e-9')
    """
    return f"{number(100 * size, 1)} %" if size >= 1e-4 else number(size, 1, plain=plain)


def told(entry: Evidence, *, plain: bool = False) -> str:
    """What a comparison can resolve, why its tolerance is what it is, and what was simulated."""
    parts = []
    if entry.premise:
        parts.append(f"it follows from a premise and proves no more: {entry.premise}")
    if entry.comparison == "symbolic" or entry.kind == "transcription":
        pass  # exact; and a formula that is read is told from its mutants
    elif entry.resolution is None:
        parts.append("resolves no common change")
    else:
        parts.append(f"resolves a common change of {change(entry.resolution, plain=plain)}")
    if entry.repeats:
        parts.append("the form is a control of this claim")
    if entry.because:
        parts.append(f"tolerance: {entry.because}")
    for run in entry.runs or ():
        size = f"{run.n:,} samples" if run.batch is None else f"{run.n:,} averages of {run.batch:,}"
        parts.append(f"{size}, seed {run.seed}")
    through = sorted({name for run in entry.runs or () for name in run.evaluates or ()})
    if through:
        parts.append(f"the draw evaluates {', '.join(name.rpartition('.')[2] for name in through)}")
    return "; ".join(parts)
