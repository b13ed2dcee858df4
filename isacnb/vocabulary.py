"""One list of every quantity: its name in code, its meaning, unit and domain, and its letters.

The list is ``isacnb/vocabulary.toml``. The formulas of the claims take their letters from it, the
test points of a formula its domains, and the page of the notation is made from it.
"""

import ast
import importlib
import inspect
import math
import pkgutil
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

import isacnb

__all__ = [
    "COLUMNS",
    "PAPERS",
    "PARTS",
    "Domain",
    "Symbol",
    "Vocabulary",
    "VocabularyError",
    "canonical",
    "evaluate_expression",
    "letters",
    "meanings",
    "names_in_code",
    "notation_page",
    "parse_domain",
    "parse_vocabulary",
    "public_parameters",
    "symbol_of",
    "vocabulary",
]

#: the papers whose letters are listed
PAPERS = ("coupling", "rician")
#: parts of the book in which letters of ours occur -> how the notation names them
PARTS = {
    "coupling": "first part",
    "rician": "second part",
    "foundation": "foundations",
}
#: where letters stand -> how an error names it
COLUMNS = {
    "coupling": "coupling paper",
    "rician": "rician paper",
    **{f"ours.{part}": f"ours, {text}" for part, text in PARTS.items()},
}
#: prefix of a claim's id -> the columns in which its letters stand, in steps: the first that has a
#: letter decides
_LOOK_UP = {
    "coupling": (("coupling",), ("ours.coupling",)),
    "rician": (("rician",), ("ours.rician",)),
    "foundation": (("ours.foundation",), ("coupling", "rician")),
    "beyond": (("ours.coupling", "ours.rician"), ("coupling", "rician")),
}
#: prefixes of claims whose letters are all ours
_OWN = ("foundation", "beyond")
_WORDS = {"complex": "complex", "function": "function", "event": "event", "label": "label"}
#: modules of tools
_NO_PHYSICS = {"__main__", "figures", "ledger", "numbers", "vocabulary"}
_CONSTANTS = {"pi": math.pi, "inf": math.inf}


class VocabularyError(ValueError):
    """The vocabulary contradicts itself, or a letter or name that it does not hold is asked for."""


@dataclass(frozen=True)
class Domain:
    """Set of the values of a quantity.

    ``kind`` is "real" or "integer" (from ``low`` to ``high``; ``open_low`` and ``open_high`` say
    whether the ends are left out), "complex", "vector", "matrix" (with ``shape``, whose entries are
    whole numbers, names of whole numbers or ``*``), "function", "event" or "label".
    """

    kind: str
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    shape: tuple[str, ...] = ()

    def __contains__(self, value: object) -> bool:
        """Whether a number lies in an interval of reals or integers."""
        if self.kind not in ("real", "integer"):
            raise TypeError(f"a domain of kind {self.kind!r} is no interval")
        number = float(value)
        if self.kind == "integer" and not number.is_integer():
            return False
        above = number > self.low if self.open_low else number >= self.low
        below = number < self.high if self.open_high else number <= self.high
        return above and below


@dataclass(frozen=True)
class Symbol:
    """One quantity.

    ``coupling`` and ``rician`` hold its letters in the papers, the one that is shown first, ``ours``
    those that only we use: in our chapters on a paper, its corrections among them, and in the
    foundations. With an ``index`` the letters whose subscript ends in a small letter or
    a digit are a family, one value for each value of the index. ``typical`` is the range of
    interior test points, ``special`` are values to be tried as well, as expressions in names.
    A symbol with ``function`` is written with ``arguments``; its domain is then that of its value,
    or "function". ``magnitude`` names the quantity that bounds its absolute value. ``clash`` says
    where this meaning of a letter with several holds.
    """

    name: str
    meaning: str
    unit: str
    domain: Domain
    group: str
    aliases: tuple[str, ...] = ()
    coupling: tuple[str, ...] = ()
    rician: tuple[str, ...] = ()
    ours: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    index: str | None = None
    typical: tuple[float, float] | None = None
    special: tuple[str, ...] = ()
    function: bool = False
    arguments: tuple[str, ...] = ()
    magnitude: str | None = None
    clash: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Name and aliases."""
        return (self.name, *self.aliases)

    def letters(self, column: str) -> tuple[str, ...]:
        """Its letters in one of ``COLUMNS``."""
        own, _, part = column.partition(".")
        return self.ours.get(part, ()) if part else getattr(self, own)

    def is_family(self, letter: str) -> bool:
        r"""Whether the last part of the letter's subscript is this symbol's index.

        The first of them are names and not indices: ``P_U``, ``d_{U,k}`` with a family,
        ``\boldsymbol a_N``.
        """
        return self.index is not None and _stem(letter) != canonical(letter)


@dataclass(frozen=True)
class Vocabulary:
    """All symbols by name, in the order of the list, and the texts of the notation."""

    symbols: Mapping[str, Symbol]
    groups: tuple[str, ...]
    closing: str


# --- letters ------------------------------------------------------------------------------------


def canonical(letter: str) -> str:
    r"""One spelling for a letter that TeX lets one write in several ways.

    Spaces, upright type and braces around one token are left out, all ways to set bold are one, and
    the subscript stands before the superscript.

    >>> canonical(r"\epsilon_{u}^{\mathrm{C}}") == canonical(r"\epsilon_u^C")
    True
    >>> canonical(r"\boldsymbol{h}_k"), canonical(r"\mathbf h_{U,k}")
    ('\\mathbf h_k', '\\mathbf h_{U,k}')
    """
    text = re.sub(r"\\(?:boldsymbol|bm)(?![A-Za-z])", r"\\mathbf ", letter)
    upright = r"\\(?:mathrm|mathit|operatorname|text|rm)(?![A-Za-z])"
    text = re.sub(rf"{upright}\s*\{{([^{{}}]*)\}}", r"\1", text)
    text = re.sub(rf"{upright}|\\[,!;:]", " ", text)
    text = text.replace(r"\widehat", r"\hat").replace(r"\widetilde", r"\tilde")
    before = None
    while before != text:
        before = text
        text = re.sub(r"\s*\{\s*(\\[A-Za-z]+|[^{}\\])\s*\}", r" \1", text)
    # a space matters only between a command and a letter
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"(\\[A-Za-z]+) (?=[A-Za-z])|(\s)", lambda m: m[1] + " " if m[1] else "", text)
    argument = r"(?:\{[^{}]*\}|\\[A-Za-z]+|.)"
    return re.sub(rf"(\^{argument})(_{argument})", r"\2\1", text)


def _stem(letter: str) -> str:
    """The letter with ``#`` in place of an index at the end of its subscript, or as it is."""
    text = canonical(letter)
    index = r"(?:[a-z]|[0-9]|\\[a-z]+)"
    return canonical(re.sub(rf"_(?:\{{([^{{}}]+,){index}\}}|{index})", r"_{\1#}", text, count=1))


def _key(symbol: Symbol, letter: str) -> str:
    return _stem(letter) if symbol.is_family(letter) else canonical(letter)


def meanings(paper: str) -> dict[str, tuple[Symbol, ...]]:
    """All letters of one paper's claims with all that each of them may stand for.

    ``paper`` is the first part of the claims' ids. A letter of ours stands beside the paper's
    meaning of it, so that a claim has to choose, unless we use the letter as the paper does, too.
    Raises ValueError for another paper.
    """
    if paper not in _LOOK_UP:
        raise ValueError(f"paper must be one of {', '.join(_LOOK_UP)}, got {paper!r}")
    first, then = (_by_letter(columns) for columns in _LOOK_UP[paper])
    found = dict(then)
    for key, (letter, several) in first.items():
        _, others = then.get(key, ("", ()))
        shared = any(symbol in several for symbol in others)
        kept = () if shared or paper in _OWN else others
        found[key] = (letter, (*several, *kept))
    return dict(found.values())


def _by_letter(columns: tuple[str, ...]) -> dict[str, tuple[str, tuple[Symbol, ...]]]:
    """Letters of some columns by their key: how it is first written, and all its symbols."""
    found: dict[str, tuple[str, tuple[Symbol, ...]]] = {}
    for symbol in vocabulary().symbols.values():
        for letter in (letter for column in columns for letter in symbol.letters(column)):
            spelling, known = found.get(_key(symbol, letter), (letter, ()))
            if symbol not in known:
                found[_key(symbol, letter)] = (spelling, (*known, symbol))
    return found


def letters(paper: str, choice: Mapping[str, str] = MappingProxyType({})) -> dict[str, Symbol]:
    r"""The letters of one paper's claims with what each stands for.

    A letter that may stand for several things is left out unless ``choice`` names one of them, as
    in ``letters("coupling", {r"\rho": "nmse"})``. A choice may be any symbol that has the letter in
    one of its columns. Raises VocabularyError for a choice that is none, and ValueError for an
    unknown paper.
    """
    found = {letter: known[0] for letter, known in meanings(paper).items() if len(known) == 1}
    for letter, name in choice.items():
        having = [
            symbol
            for symbol in vocabulary().symbols.values()
            if any(
                _key(symbol, own) == _key(symbol, letter)
                for column in COLUMNS
                for own in symbol.letters(column)
            )
        ]
        chosen = next((symbol for symbol in having if name in symbol.names), None)
        if chosen is None:
            names = ", ".join(symbol.name for symbol in having) or "nothing"
            raise VocabularyError(f"{letter} must be chosen among {names}, got {name!r}")
        for own in [own for own in found if _key(chosen, own) == _key(chosen, letter)]:
            del found[own]
        found[letter] = chosen
    return found


# --- names --------------------------------------------------------------------------------------


@cache
def _by_name() -> dict[str, Symbol]:
    return {name: symbol for symbol in vocabulary().symbols.values() for name in symbol.names}


def symbol_of(parameter: str, where: str = "") -> Symbol | None:
    """The quantity behind a parameter's name, or None.

    ``where`` is the function with its module, such as ``"coupling.uplink.nmse_lmmse"``: what the
    vocabulary says of the function precedes what it says of the module, and that the plain name.

    >>> symbol_of("noncentrality", "special.genchi2.GenChi2").name
    'term_noncentrality'
    >>> symbol_of("noncentrality", "coupling.downlink_ratios.benefit_ceiling_given_detection").name
    'noncentrality'
    """
    module = where.rpartition(".")[0]
    candidates = [f"{scope}.{parameter}" for scope in (where, module) if scope] + [parameter]
    return next((_by_name()[name] for name in candidates if name in _by_name()), None)


@cache
def public_parameters() -> dict[str, tuple[str, ...]]:
    """Parameters of all public functions of the physics, and fields of its public dataclasses.

    The keys are names of functions and classes with their module, without ``isacnb``.
    """
    found = {}
    for module in pkgutil.walk_packages(isacnb.__path__, "isacnb."):
        short = module.name.removeprefix("isacnb.")
        if short.split(".")[0] in _NO_PHYSICS:
            continue
        loaded = importlib.import_module(module.name)
        for name in getattr(loaded, "__all__", []):
            member = getattr(loaded, name)
            if getattr(member, "__module__", None) != module.name:
                continue
            if inspect.isfunction(member):
                found[f"{short}.{name}"] = tuple(inspect.signature(member).parameters)
            elif inspect.isclass(member) and is_dataclass(member):
                found[f"{short}.{name}"] = tuple(field.name for field in fields(member))
    return found


# --- domains and expressions --------------------------------------------------------------------


def evaluate_expression(text: str, values: Mapping[str, float] = MappingProxyType({})) -> float:
    """Value of an expression in names, such as ``2*N``, with ``pi`` and ``inf``.

    Raises VocabularyError for anything but numbers, names, signs and ``+ - * / **``, and for a
    name without a value.

    >>> evaluate_expression("1/N", {"N": 4})
    0.25
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        raise VocabularyError(f"{text!r} is no expression in numbers and names") from None
    return _value(tree, text, {**values, **_CONSTANTS})


def _value(node: ast.AST, text: str, values: Mapping[str, float]) -> float:
    operations: dict[type, Callable] = {
        ast.Add: lambda a, b: a + b,
        ast.Sub: lambda a, b: a - b,
        ast.Mult: lambda a, b: a * b,
        ast.Div: lambda a, b: a / b,
        ast.Pow: lambda a, b: a**b,
    }
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            if name not in values:
                raise VocabularyError(f"{name!r} in {text!r} has no value")
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, text, values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in operations:
            return operations[type(op)](_value(left, text, values), _value(right, text, values))
    raise VocabularyError(f"{text!r} may hold numbers, names, brackets and + - * / ** only")


def _names_in(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def parse_domain(text: str) -> Domain:
    """Read a domain, such as ``"(0, inf)"``, ``"integers [1, inf)"`` or ``"matrix N M"``.

    Raises VocabularyError that lists the forms for anything else, and for an empty interval.
    """
    if text in _WORDS:
        return Domain(_WORDS[text])
    word, *shape = text.split() or [""]
    sizes = {"vector": 1, "matrix": 2}
    if sizes.get(word) == len(shape) and all(
        re.fullmatch(r"[A-Za-z_]\w*|[1-9]\d*|\*", size) for size in shape
    ):
        return Domain(word, shape=tuple(shape))
    match = re.fullmatch(r"(integers )?([\[(])([^,]+),([^,]+)([\])])", text)
    if not match:
        raise VocabularyError(
            f"domain must be an interval such as '(0, inf)' or 'integers [1, inf)', 'complex', "
            f"'vector N', 'matrix N M', 'function', 'event' or 'label', got {text!r}"
        )
    low, high = evaluate_expression(match[3].strip()), evaluate_expression(match[4].strip())
    if not low < high:
        raise VocabularyError(f"domain must have its lower end first, got {text!r}")
    kind = "integer" if match[1] else "real"
    return Domain(kind, float(low), float(high), match[2] == "(", match[5] == ")")


# --- reading ------------------------------------------------------------------------------------


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of this package, read from its file and checked."""
    return parse_vocabulary(resources.files(isacnb).joinpath("vocabulary.toml").read_text("utf-8"))


def parse_vocabulary(text: str) -> Vocabulary:
    """Read a vocabulary from TOML and check it.

    Raises VocabularyError for an unknown or missing field, a name that occurs twice, a domain that
    cannot be read, an unknown group, a letter with two meanings in one column without ``clash`` in
    both, and for ``special``, ``arguments`` or ``domain`` with a name that is no symbol's.
    """
    data = tomllib.loads(text)
    unknown = set(data) - {"symbol", "groups", "closing"}
    if unknown:
        raise VocabularyError(f"unknown table or key: {', '.join(sorted(unknown))}")
    groups = tuple(data.get("groups", ()))
    symbols: dict[str, Symbol] = {}
    owners: dict[str, str] = {}
    for entry in data.get("symbol", ()):
        symbol = _symbol(entry, groups)
        for name in symbol.names:
            if name in owners:
                raise VocabularyError(f"{symbol.name}: the name {name} is already {owners[name]}'s")
            owners[name] = symbol.name
        symbols[symbol.name] = symbol
    for symbol in symbols.values():
        _check_references(symbol, owners)
    _check_clashes(symbols)
    return Vocabulary(symbols, groups, data.get("closing", "").strip())


def _symbol(entry: dict, groups: tuple[str, ...]) -> Symbol:
    name = entry.get("name", "a symbol without name")
    known = {field.name for field in fields(Symbol)}
    if set(entry) - known:
        raise VocabularyError(f"{name}: unknown field {', '.join(sorted(set(entry) - known))}")
    missing = {"name", "meaning", "unit", "domain", "group"} - set(entry)
    if missing:
        raise VocabularyError(f"{name}: {', '.join(sorted(missing))} must be given")
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise VocabularyError(f"name must be a name of Python, got {name!r}")
    if entry["group"] not in groups:
        raise VocabularyError(f"{name}: unknown group {entry['group']!r}")
    try:
        domain = parse_domain(entry["domain"])
    except VocabularyError as error:
        raise VocabularyError(f"{name}: {error}") from None
    ours = entry.get("ours", {})
    if not isinstance(ours, dict) or set(ours) - set(PARTS):
        raise VocabularyError(f"{name}: ours must be a table of {', '.join(PARTS)}")
    lists = {key: tuple(value) for key, value in entry.items() if isinstance(value, list)}
    ours = {part: tuple(own) for part, own in ours.items()}
    symbol = Symbol(**{**entry, **lists, "ours": ours, "domain": domain})
    if symbol.function != bool(symbol.arguments):
        raise VocabularyError(f"{name}: function and arguments go together")
    if domain.kind == "function" and not symbol.function:
        raise VocabularyError(f"{name}: a function must say so and have arguments")
    if symbol.typical is not None:
        low, high = symbol.typical
        if domain.kind not in ("real", "integer") or not (
            low < high and low in domain and high in domain
        ):
            raise VocabularyError(f"{name}: typical must be a range inside {entry['domain']}")
    return symbol


def _check_references(symbol: Symbol, owners: Mapping[str, str]) -> None:
    for text in symbol.special:
        try:
            names = _names_in(text)
        except SyntaxError:
            raise VocabularyError(
                f"{symbol.name}: special {text!r} is no expression in numbers and names"
            ) from None
        evaluate_expression(text, dict.fromkeys(names, 1.0))
        for name in names - set(_CONSTANTS) - set(owners):
            raise VocabularyError(f"{symbol.name}: special {text!r} names no symbol: {name}")
    for name in symbol.arguments:
        if name not in owners:
            raise VocabularyError(f"{symbol.name}: argument {name} is no symbol")
    if symbol.magnitude is not None and symbol.magnitude not in owners:
        raise VocabularyError(f"{symbol.name}: magnitude {symbol.magnitude} is no symbol")
    for size in symbol.domain.shape:
        if not (size == "*" or size.isdigit() or size in owners):
            raise VocabularyError(f"{symbol.name}: size {size} of the domain is no symbol")


def _check_clashes(symbols: Mapping[str, Symbol]) -> None:
    clashing = set()
    for column, text in COLUMNS.items():
        users: dict[str, list[Symbol]] = {}
        for symbol in symbols.values():
            for key in dict.fromkeys(_key(symbol, own) for own in symbol.letters(column)):
                users.setdefault(key, []).append(symbol)
        for letter, several in users.items():
            if len(several) == 1:
                continue
            clashing |= {symbol.name for symbol in several}
            for symbol in several:
                if symbol.clash is None:
                    names = ", ".join(other.name for other in several)
                    raise VocabularyError(
                        f"{symbol.name}: {letter} stands for {names} ({text}): say in clash where "
                        "this meaning holds"
                    )
    for symbol in symbols.values():
        if symbol.clash is not None and symbol.name not in clashing:
            raise VocabularyError(f"{symbol.name}: clash is given, but no letter has two meanings")


# --- the page of the notation -------------------------------------------------------------------


def names_in_code() -> dict[str, tuple[str, ...]]:
    """Names under which each quantity occurs in code, by the symbol's name.

    They are parameters and fields, and functions with brackets behind them.
    """
    found: dict[str, dict[str, None]] = {}
    for where, parameters in public_parameters().items():
        name = where.rpartition(".")[2]
        if name in vocabulary().symbols:
            found.setdefault(name, {})[f"{name}()"] = None
        for parameter in parameters:
            symbol = symbol_of(parameter, where)
            if symbol is not None:
                found.setdefault(symbol.name, {})[parameter] = None
    return {name: tuple(sorted(known)) for name, known in found.items()}


def notation_page(words: Vocabulary, in_code: Mapping[str, tuple[str, ...]]) -> str:
    """The Markdown text of the page of the notation.

    ``in_code`` holds the names of parameters by the symbols' names (:func:`names_in_code`).
    """
    parts = [
        "# Notation",
        "Each quantity with its unit, its names in code, its letter in each paper, and ours where it\n"
        "differs. A dash means that there is none.",
    ]
    for group in words.groups:
        rows = [
            {
                "quantity": symbol.meaning,
                "code": ", ".join(f"`{name}`" for name in in_code.get(symbol.name, ())),
                "coupling paper": _shown(symbol.coupling[:1]),
                "rician paper": _shown(symbol.rician[:1]),
                "here": _shown(_letters_of_ours(symbol)),
                "unit": "" if symbol.unit == "1" else symbol.unit,
            }
            for symbol in words.symbols.values()
            if symbol.group == group
        ]
        parts += [f"## {group}", _table(rows)]
    parts += [
        "## Letters of several meanings",
        "Some letters change their meaning between the papers:",
        _table(_between_papers(words)),
        "Others have in our chapters another meaning than in a paper, or more than one:",
        _table(_among_ours(words)),
        words.closing,
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _shown(several: Iterable[str]) -> str:
    return ", ".join(f"${letter}$" for letter in several)


def _letters_of_ours(symbol: Symbol) -> tuple[str, ...]:
    """The first letter of each part of the book, without those that a paper has."""
    printed = {_key(symbol, own) for own in (*symbol.coupling, *symbol.rician)}
    ours = {_key(symbol, own[0]): own[0] for own in symbol.ours.values() if own}
    return tuple(own for key, own in ours.items() if key not in printed)


def _table(rows: list[dict[str, str]]) -> str:
    """A Markdown table; a column without any entry is left out."""
    if not rows:
        return "There are none."
    heads = [head for head in rows[0] if any(row[head] for row in rows)]
    lines = [heads, ["---"] * len(heads), *([row[head] or "–" for head in heads] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _usage(words: Vocabulary) -> dict[str, dict[str, tuple[str, Symbol, set[str]]]]:
    """For each letter the symbols by name: how it is written there, and in which columns."""
    found: dict[str, dict[str, tuple[str, Symbol, set[str]]]] = {}
    for symbol in words.symbols.values():
        for column in COLUMNS:
            for letter in symbol.letters(column):
                known = found.setdefault(_key(symbol, letter), {})
                known.setdefault(symbol.name, (letter, symbol, set()))[2].add(column)
    return found


def _between_papers(words: Vocabulary) -> list[dict[str, str]]:
    """Rows for the letters that mean different things in the two papers."""
    rows = []
    for known in _usage(words).values():
        cells = {
            paper: [symbol.meaning for _, symbol, columns in known.values() if paper in columns]
            for paper in PAPERS
        }
        if all(cells.values()) and not set(cells["coupling"]) & set(cells["rician"]):
            letter = next(iter(known.values()))[0]
            texts = {COLUMNS[paper]: "; ".join(cell) for paper, cell in cells.items()}
            rows.append({"letter": f"${letter}$", **texts})
    return rows


def _among_ours(words: Vocabulary) -> list[dict[str, str]]:
    """Rows for the other letters with several meanings."""
    rows = []
    for known in _usage(words).values():
        ours = any(columns.isdisjoint(PAPERS) for _, _, columns in known.values())
        shared = any(columns.issuperset(PAPERS) for _, _, columns in known.values())
        if len(known) > 1 and (ours or shared):
            texts = []
            for _, symbol, columns in known.values():
                papers = [COLUMNS[paper] for paper in PAPERS if paper in columns]
                parts = [text for part, text in PARTS.items() if f"ours.{part}" in columns]
                where = " and ".join(papers) or symbol.clash or "ours, " + " and ".join(parts)
                texts.append(f"{symbol.meaning} ({where})")
            letter = next(iter(known.values()))[0]
            rows.append({"letter": f"${letter}$", "meanings": "; ".join(texts)})
    return rows
