"""The ledger: what is claimed, what an executed chapter found, and the rules between the two.

Names are loaded when they are first used: to read the ledger needs little of what it takes to settle
a claim.
"""

import importlib
import sys

# a module and a function bear this name: the function is meant
from .registry import Claim, RegistryError, get_claim, registry

#: name -> the module that has it
_HOMES = {
    **dict.fromkeys(("CheckFailed", "settle", "show_claim", "show_verdicts"), "claim"),
    **dict.fromkeys(("Ledger", "find_book", "read_ledger"), "records"),
    **dict.fromkeys(
        ("at", "call", "changed", "exchanged", "plus", "replaced", "scaled", "times", "without"),
        "forms",
    ),
    "Derivation": "transcription",
    "VERDICTS": "record",
    "number": "format",
    "record_values": "quotes",
}

__all__ = [
    "VERDICTS",
    "CheckFailed",
    "Claim",
    "Derivation",
    "Ledger",
    "RegistryError",
    "at",
    "call",
    "changed",
    "exchanged",
    "find_book",
    "get_claim",
    "number",
    "plus",
    "read_ledger",
    "record_values",
    "registry",
    "replaced",
    "scaled",
    "settle",
    "show_claim",
    "show_verdicts",
    "times",
    "without",
]

if "IPython" in sys.modules:
    # a notebook: its cells are followed from the one that imports the ledger
    importlib.import_module(".session", __name__)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
