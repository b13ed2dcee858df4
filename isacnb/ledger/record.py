"""What a chapter leaves: verdicts, evidence and formulas, each field told here and nowhere else.

A chapter builds a :class:`Record` and leaves it in the notebook as JSON. The ledger reads it back,
the pages show it, and the published schema is made from the same classes. The metadata of a field
say what a value may be, and under which words the field stands in a text.
"""

import hashlib
import types
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

__all__ = [
    "COMPARISONS",
    "FORMULA_MIME",
    "KINDS",
    "RECORD_MIME",
    "ROLES",
    "SOURCES",
    "UNREAD",
    "VERDICTS",
    "Control",
    "Displayed",
    "Evidence",
    "Formula",
    "Numbers",
    "Record",
    "RecordError",
    "Texts",
    "from_json",
    "key_of",
    "needed",
    "source_digest",
    "to_json",
]

#: where a notebook holds a record and a displayed formula
RECORD_MIME = "application/vnd.isacnb.claim+json"
FORMULA_MIME = "application/vnd.isacnb.formula+json"

#: verdict -> (symbol, what it means)
VERDICTS = {
    "definition": ("≝", "nothing to prove: notation or a modelling choice"),
    "verified": ("✓", "true as printed, under the assumptions that the paper states"),
    "conditional": ("◐", "true only under an assumption that the paper does not state"),
    "misprint": ("✎", "a slip of the pen: the intended formula is plain and verified"),
    "corrected": (
        "⟲",
        "wrong as printed and meant: the error enters here; the right form is proved",
    ),
    "inherited": ("↳", "a right step from a wrong premise: it follows, and does not hold"),
    "approximation": ("≈", "holds only approximately, with the measured error"),
    "refuted": ("✗", "false, and no small repair saves it"),
    "unsupported": ("?", "cannot be confirmed with what the paper gives"),
    "open": ("○", "not examined yet"),
}
KINDS = ("symbolic", "certified", "numeric", "statistical", "counterexample", "transcription")
#: how two sides were compared: what ``deviation`` and ``tolerance`` are
COMPARISONS = {
    "symbolic": "a difference reduced to 0; deviation relative at generic points",
    "certified": "balls; relative deviation",
    "numeric": "numbers; relative deviation",
    "error": "an approximation with its reference; relative deviation, within the error given",
    "order": "a pair that should be in order; the tolerance is absolute",
    "statistical": "a simulation; deviation in standard errors",
}
#: where the formula that a verdict calls printed comes from -> how the pages call it
SOURCES = {"printed": "printed", "restored": "restored", "paraphrase": "said in words"}
#: roles of a formula in a claim
ROLES = ("statement", "printed", "correction", "instead")
#: why a formula is not held against a function: a closed list, which the book counts
UNREAD = {
    "law": "a law, an event or an independence among random quantities",
    "model": "how random quantities make a signal: a definition, simulated and not evaluated",
    "limit": "an order of growth or a limit without a rate",
    "operator": "a derivative, a search or an average over an unnamed law",
    "set": "a set or a membership",
    "unbalanced": "brackets that do not match in print",
    "undefined": "no value as printed: an inverse of what has none",
    "lost": "its entries are lost in the source",
    "words": "words in the place of a formula",
}


class RecordError(ValueError):
    """A record that is not of the form of its class; says where, and which field."""


def _one_of(values, description: str | None = None, *, default: Any = MISSING) -> Field:
    return field(default=default, metadata={"enum": list(values), "description": description})


def _about(description: str, *, default: Any = None, **metadata) -> Field:
    return field(default=default, metadata={"description": description, **metadata})


# --- evidence -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What a comparison found, in digits that all machines agree in.

    A deviation within the tolerance that is rounding is not kept: its digits belong to the machine.
    """

    comparison: str | None = _one_of(COMPARISONS, "how the sides were compared", default=None)
    tolerance: float | None = _about("largest deviation that passes")
    absolute: float | None = _about("largest absolute deviation that passes whatever the relative")
    deviation: float | None = _about("largest deviation; none if infinite, undefined or rounding")
    violations: int | None = _about("points at which the order is violated")
    identical: int | None = _about("symbolic pairs that are the same before any simplification")
    pairs: tuple[str, ...] | None = _about(
        "digests of the symbolic pairs, equal ones left out, that a second algebra system judged"
    )


@dataclass(frozen=True, kw_only=True)
class Control(Numbers):
    """A form that the same comparison has to judge the other way, and what came out."""

    form: str
    outcome: str = _one_of(("rejected", "accepted"))
    result: str
    points: int | None = field(default=None, metadata={"minimum": 1})


@dataclass(frozen=True, kw_only=True)
class Run:
    """One simulation behind a comparison, as its estimate tells it."""

    n: int = _about("number of independent values", default=MISSING, minimum=2)
    batch: int | None = _about("draws that each independent value is an average of")
    seed: int = _about("seed of the generator", default=MISSING)
    evaluates: tuple[str, ...] | None = _about(
        "functions of the package that compute a claim and ran inside the draw"
    )


@dataclass(frozen=True, kw_only=True)
class Evidence(Numbers):
    """One comparison that ran, with its controls."""

    kind: str = _one_of(KINDS)
    what: str
    result: str
    points: int = field(metadata={"minimum": 1})
    control: tuple[Control, ...]
    resolution: float | None = _about(
        "smallest relative change, common to all claimed values, that the comparison refuses; "
        "none for a symbolic one, which is exact, and where none is refused"
    )
    because: str | None = _about("how the tolerance follows, where it is more than rounding")
    premise: str | None = _about(
        "what is assumed of the paper's premises, where the printed form is shown to follow from them"
    )
    repeats: bool | None = _about("a counterexample whose form is a control of the same claim")
    runs: tuple[Run, ...] | None = _about("the simulations")


# --- formulas -----------------------------------------------------------------------------------

_COUNT = {"minimum": 0}


@dataclass(frozen=True, kw_only=True)
class Formula:
    """One formula of a claim: held against functions with these counts, or unread for a reason."""

    role: str = _one_of(ROLES)
    tex: str
    read: bool
    reason: str | None = _one_of(UNREAD, default=None)
    functions: tuple[str, ...] | None = None
    points: int | None = field(default=None, metadata=_COUNT)
    mutants: int | None = field(default=None, metadata=_COUNT)
    killed: int | None = field(default=None, metadata=_COUNT)
    equivalent: int | None = field(default=None, metadata=_COUNT)
    branches: tuple[int, ...] | None = None
    vanishing: tuple[str, ...] | None = _about(
        "denominators that are 0, or change sign, inside the domain of the letters: there the formula "
        "has a value as a limit, or none"
    )


@dataclass(frozen=True, kw_only=True)
class Displayed(Formula):
    """One displayed formula of a chapter's derivation, with the meaning of its letters."""

    role: str = _one_of(("derivation",), default="derivation")
    symbols: dict[str, str] | None = None


# --- verdicts -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Texts:
    """What is said of a claim that was examined; a ``heading`` begins its paragraph in a chapter.

    ``label`` is how the pages call it; the texts stand there in the order of these fields.
    """

    finding: str
    printed: str | None = _about("TeX of the formula at issue")
    source: str | None = _one_of(SOURCES, "where `printed` comes from", default=None)
    correction: str | None = _about(
        "TeX of the right formula, with its left-hand side", heading="Correction", formula=True
    )
    condition: str | None = _about(
        "the assumption that a conditional claim needs", heading="Condition", label="holds only if"
    )
    first_false_step: str | None = _about(
        "the first step of the printed derivation that fails",
        heading="Step",
        label="first false step",
    )
    roots: tuple[str, ...] | None = _about(
        "ids of the wrong premises that the claim takes over, its own error apart",
        heading="Roots",
        label="takes over the error of",
    )
    knowledge: str | None = _about(
        "of a root: under what knowledge and conditions it is an error",
        heading="Knowledge",
        label="an error where",
    )
    why: str | None = _about("why it is wrong", heading="Why", label="why")
    effect: str | None = _about("what depends on it", heading="Effect", label="effect")
    error: str | None = _about("error of an approximation", heading="Error", label="measured error")
    range: str | None = _about("where it was measured", heading="Range", label="measured over")
    instead: str | None = _about(
        "what is true in place of a refuted claim", heading="Instead", label="true instead"
    )
    coarse: str | None = _about("why no comparison resolves 2 %", heading="Coarse", label="coarse")
    unchecked: str | None = _about(
        "why a definition cannot be checked", heading="Unchecked", label="not checked"
    )
    low_gravity: str | None = _about("why it weighs little", heading="Minor", label="minor")
    readings: tuple[str, ...] | None = _about(
        "the readings tried of an unsupported claim", heading="Readings", label="reading tried"
    )
    assumptions: tuple[str, ...] | None = _about(
        "what our proof assumes beyond the paper", heading="Assumes", label="also assumed"
    )
    symbols: dict[str, str] | None = field(
        default=None,
        metadata={"description": "letter in TeX -> meaning, with its unit in brackets"},
    )
    formulas: tuple[Formula, ...] | None = _about("the formulas of the claim, read or unread")
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, kw_only=True)
class Record(Texts):
    """The verdict on one claim, as a chapter leaves it."""

    id: str
    verdict: str = _one_of(VERDICTS)
    where: tuple[str, ...] | None = _about(
        "the letters that the claim adds to the vocabulary", heading="Where"
    )
    claim_digest: str
    source_digest: str


def source_digest(cells: list[str]) -> str:
    """Fingerprint of a chapter's code up to a verdict, by which an edit without a run is found."""
    text = "\0".join(cell.strip() for cell in cells)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# --- JSON ---------------------------------------------------------------------------------------


def needed(entry: Field) -> bool:
    """Whether a field has no default, so that JSON always holds it."""
    return entry.default is MISSING and entry.default_factory is MISSING


def key_of(entry: Field) -> str:
    """The key of a field in JSON."""
    return entry.metadata.get("key", entry.name)


def to_json(value: Any) -> Any:
    """Return a record, or a part of one, as JSON data; an optional field that is None is left out.

    >>> to_json(Control(form="twice", outcome="rejected", result="differs", deviation=0.5))
    {'form': 'twice', 'outcome': 'rejected', 'result': 'differs', 'deviation': 0.5}
    """
    if is_dataclass(value):
        ordered = sorted(fields(value), key=lambda entry: not needed(entry))
        pairs = ((entry, getattr(value, entry.name)) for entry in ordered)
        return {
            key_of(entry): to_json(part)
            for entry, part in pairs
            if part is not None or needed(entry)
        }
    if isinstance(value, list | tuple):
        return [to_json(part) for part in value]
    if isinstance(value, dict):
        return {key: to_json(part) for key, part in value.items()}
    return value


_Kind = TypeVar("_Kind")


def from_json(kind: type[_Kind], data: Any, where: str = "record") -> _Kind:
    """Return JSON data as an instance of a class of this module.

    Raises :class:`RecordError` that names the place and the field for an unknown or missing field
    and for a value of another type.

    >>> from_json(Control, {"form": "twice", "result": "differs", "deviaton": 1})
    Traceback (most recent call last):
    isacnb.ledger.record.RecordError: record: unknown fields ['deviaton'], missing fields ['outcome']
    """
    return _read(kind, data, where)


@cache
def _keys(kind: type) -> tuple[dict[str, Field], frozenset[str]]:
    """The fields of a class by their keys, and the keys that cannot be missing."""
    found = {key_of(entry): entry for entry in fields(kind)}
    return found, frozenset(key for key, entry in found.items() if needed(entry))


def _read(kind: Any, value: Any, where: str) -> Any:
    if is_dataclass(kind):
        if not isinstance(value, dict):
            raise RecordError(f"{where} must be an object, got {value!r}")
        known, wanted = _keys(kind)
        problems = [
            f"{label} fields {sorted(keys, key=str)}"
            for label, keys in (
                ("unknown", value.keys() - known.keys()),
                ("missing", wanted - value.keys()),
            )
            if keys
        ]
        if problems:
            raise RecordError(f"{where}: {', '.join(problems)}")
        return kind(
            **{
                known[key].name: _read(known[key].type, part, f"{where}.{key}")
                for key, part in value.items()
            }
        )
    if isinstance(kind, types.UnionType):
        (inner,) = (one for one in get_args(kind) if one is not types.NoneType)
        return None if value is None else _read(inner, value, where)
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        if not isinstance(value, list | tuple):
            raise RecordError(f"{where} must be a list, got {value!r}")
        return tuple(_read(inner, part, f"{where}[{i}]") for i, part in enumerate(value))
    if get_origin(kind) is dict:
        if not isinstance(value, dict):
            raise RecordError(f"{where} must be an object, got {value!r}")
        return {
            key: _read(get_args(kind)[1], part, f"{where}.{key}") for key, part in value.items()
        }
    number = isinstance(value, int) and not isinstance(value, bool)
    fits = number if kind is int else isinstance(value, kind) or (kind is float and number)
    if not fits:
        raise RecordError(f"{where} must be of type {kind.__name__}, got {value!r}")
    return value
