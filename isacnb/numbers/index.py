"""Which function computes which claim, and which functions have run.

A function of the physics says with ``@implements(claim_id, form)`` that it computes a claim, and is
noted when it is called. This module imports nothing of the package; :func:`load_all` does, so that
the list is complete.
"""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

__all__ = [
    "FORMS",
    "NO_FUNCTION",
    "SIGNALS",
    "Implementation",
    "called",
    "claims_of",
    "formulas_among",
    "functions_of",
    "implementations",
    "implements",
    "listening",
    "load_all",
    "methods_named",
    "was_called",
]


#: form -> what the function has to do with the claim
FORMS = {
    "as_printed": "letter by letter what the paper prints, wrong",
    "right": "the right form of the claim",
    "exact": "the exact value of what the claim approximates, bounds or describes",
    "approximation": "an approximation, the paper's or ours",
    "certified": "a ball that contains the value",
    "system": "simulates the physical system",
    "tool": "a step of the computation",
}


#: forms of functions that compute what a claim states, and do not simulate it
_COMPUTES = {"as_printed", "right", "exact", "approximation", "certified"}

#: claim that is wrong in print -> why no function computes its right form
NO_FUNCTION = {
    "coupling.validation": "a statement about all formulas at once, settled claim by claim",
    "rician.lb-radar-dof": "a count of streams: the covariance of (6) is a sum of two dyads",
}


#: functions that make a signal, a beam or a place of the model, or are a receiver: a draw that calls them
#: is a draw from the definitions, and what it evaluates beside them is a formula
SIGNALS = frozenset(
    f"isacnb.{name}"
    for name in (
        "coupling.downlink_angle.echo",
        "coupling.downlink_system.maximum_ratio",
        "coupling.downlink_system.transmit_matrix",
        "coupling.printed.residual_statistic_printed",
        "coupling.settings.echo_path_loss",
        "coupling.settings.path_loss",
        "coupling.settings.scattered_gain",
        "coupling.uplink.lmmse_gains",
        "coupling.uplink.paper_gain",
        "coupling.uplink.pilot_beam",
        "coupling.uplink.user_channel",
        "coupling.uplink_angle.estimate_interval",
        "coupling.uplink_angle.estimate_posterior_mean",
        "coupling.uplink_angle.interval_correlation",
        "coupling.uplink_angle.interval_covariance",
        "coupling.uplink_system.despread",
        "coupling.uplink_system.estimate_lmmse",
        "coupling.uplink_system.matched_filter_statistic",
        "coupling.uplink_system.pilot_residual",
        "rician.beams.split_beamformer",
        "rician.channel.channel_from_scatter",
        "rician.channel.rician_weights",
        "signals.arrays.steering_derivative",
        "signals.arrays.steering_vector",
        "signals.detection.matched_filter",
        "signals.streams.pilot_sequences",
    )
)


class Implementation(NamedTuple):
    """One function, by its qualified name, as an implementation of one claim.

    ``formula`` tells which one among several formulas of the claim: its left-hand side in TeX, or
    its place in words.
    """

    name: str
    claim_id: str
    form: str
    formula: str | None


#: the rooms of the physics
ROOMS = tuple(
    f"isacnb.{room}" for room in ("special", "probability", "signals", "coupling", "rician")
)
#: all implementations of the modules that are loaded
implementations: list[Implementation] = []


#: qualified names of the implementing functions that have run in this process
called: set[str] = set()


#: sets to which the functions that run now are noted
_listening: list[set[str]] = []


@contextmanager
def listening() -> Iterator[set[str]]:
    """Collect the qualified names of the implementing functions that run inside the block."""
    heard: set[str] = set()
    _listening.append(heard)
    try:
        yield heard
    finally:
        # two sets may be equal: the newest is this one
        _listening.pop()


def formulas_among(names: Iterable[str]) -> tuple[str, ...]:
    """Those of some functions that compute what a claim states and are no part of a signal, in order."""
    computing = {entry.name for entry in implementations if entry.form in _COMPUTES} - SIGNALS
    return tuple(sorted(computing.intersection(names)))


def implements(claim_id: str, form: str, formula: str | None = None) -> Callable:
    """Decorator that records a function as an implementation of a claim and notes its calls.

    Decorators stack: a function may implement several claims. Signature, docstring and pickling by
    name stay. Raises ``ValueError`` for a form that is not in ``FORMS``.
    """
    if form not in FORMS:
        raise ValueError(f"form must be one of {list(FORMS)}, got {form!r}")

    def record(function):
        name = f"{function.__module__}.{function.__qualname__}"
        implementations.append(Implementation(name, claim_id, form, formula))
        if hasattr(function, "notes_calls"):
            return function

        @functools.wraps(function)
        def noted(*args, **kwargs):
            called.add(name)
            for heard in _listening:
                heard.add(name)
            return function(*args, **kwargs)

        noted.notes_calls = True
        return noted

    return record


def functions_of(claim_id: str) -> list[tuple[str, str]]:
    """Qualified names and forms of the functions that implement a claim."""
    return [(entry.name, entry.form) for entry in implementations if entry.claim_id == claim_id]


def claims_of(name: str) -> list[tuple[str, str]]:
    """Claim ids and forms of the function of a qualified name."""
    return [(entry.claim_id, entry.form) for entry in implementations if entry.name == name]


def was_called(name: str) -> bool:
    """Tell whether the implementing function of a qualified name has run in this process."""
    return name in called


def methods_named(member: object, function: Callable) -> list[Callable]:
    """Methods of a class, or of an object's class, that a function calls by name."""
    cls = member if inspect.isclass(member) else type(member)
    names = sorted(name for name in function.__code__.co_names if not name.startswith("_"))
    found = (getattr(cls, name, None) for name in names)
    return [method for method in found if inspect.isroutine(method)]


def load_all() -> None:
    """Import all modules of the physics, so that ``implementations`` is complete."""
    for package in ROOMS:
        path = importlib.import_module(package).__path__
        for module in pkgutil.iter_modules(path, package + "."):
            importlib.import_module(module.name)
