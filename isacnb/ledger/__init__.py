"""The ledger: what is claimed, what an executed chapter found, and the rules between the two."""

from .claim import CheckFailed, settle, show_claim, show_verdicts
from .quotes import record_values
from .records import Ledger, find_book, read_ledger
from .registry import Claim, RegistryError, get_claim, registry
from .render import number
from .rules import VERDICTS
from .transcription import Derivation

__all__ = [
    "VERDICTS",
    "CheckFailed",
    "Claim",
    "Derivation",
    "Ledger",
    "RegistryError",
    "find_book",
    "get_claim",
    "number",
    "read_ledger",
    "record_values",
    "registry",
    "settle",
    "show_claim",
    "show_verdicts",
]
