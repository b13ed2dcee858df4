"""That a page says what the code computes: formulas held against functions, and counted.

A transcription is no proof. It says that the TeX which a reader sees, read by machine, gives the
numbers of the function that was proved, over the whole domain of its symbols; and that near misses
of the TeX do not.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from IPython.display import display

from ..numbers import index
from .formula import FormulaError, Own, Table, canonical, compare, parse_own, read, table_for
from .formula.compare import Comparison, letter_of
from .record import FORMULA_MIME, ROLES, UNREAD, Control, Displayed, Evidence, Formula, to_json
from .registry import Claim
from .tex import displays, layout_free_tokens, math_spans, run_starts

__all__ = ["Derivation", "Transcriptions"]

_CALLED = {
    "statement": "the statement",
    "printed": "the printed form",
    "correction": "the correction",
    "instead": "what is true instead",
}
#: forms of a function that a formula in each role may be held against
_FORMS = {
    "printed": {"as_printed", "approximation"},
    "correction": {"right", "exact", "certified", "approximation"},
    "instead": {"right", "exact", "certified", "approximation", "system", "tool"},
}


@dataclass
class _Wish:
    role: str
    part: int | str | None
    function: Callable | None = None
    reason: str | None = None
    options: dict = field(default_factory=dict)


class Transcriptions:
    """The formulas of one claim, each with the function that it is held against, or a reason."""

    def __init__(self, claim: Claim):
        self.claim, self.wishes = claim, []

    def add(self, role: str, function: Callable, part: int | str | None, options: dict) -> None:
        if role not in ROLES:
            raise ValueError(f"role must be one of {', '.join(ROLES)}, got {role!r}")
        self.wishes.append(_Wish(role, part, function, None, options))

    def leave(self, role: str, reason: str, part: int | str | None) -> None:
        if role not in ROLES:
            raise ValueError(f"role must be one of {', '.join(ROLES)}, got {role!r}")
        if reason not in UNREAD:
            raise ValueError(f"reason must be one of {', '.join(UNREAD)}, got {reason!r}")
        if role == "correction" and reason == "words":
            raise ValueError("a correction is a formula: 'words' is no reason to leave it unread")
        self.wishes.append(_Wish(role, part, None, reason))

    def run(
        self, texts: Mapping[str, object]
    ) -> tuple[list[Evidence], list[Formula], dict[str, str]]:
        """Compare everything; return the evidence, the list of formulas and their letters."""
        own = [*(self.claim.symbols or ()), *texts.get("where", ())]
        table = table_for(self.claim.paper, map(parse_own, own))
        evidence, formulas, letters = [], [], {}
        unused: dict[tuple[str, str], set[str]] = {}
        for wish in self.wishes:
            for tex in self._texts(wish, texts):
                if wish.reason:
                    formulas.append(
                        Formula(role=wish.role, tex=tex, read=False, reason=wish.reason)
                    )
                    continue
                names = self._implementing(wish)
                found = compare(tex, table, wish.function, **wish.options)
                left = unused.setdefault((wish.role, tex), set(found.unused))
                left &= set(found.unused)
                letters |= meanings_of(found.letters, table)
                formulas.append(_read(Formula, tex, names, found, role=wish.role))
                evidence.append(_evidence(wish.role, tex, names, found))
        for (role, tex), left in unused.items():
            if left:
                raise FormulaError(
                    f"the {role} has a clause for {min(left)} that nothing was held against: "
                    f"{' '.join(tex.split())[:100]}"
                )
        self._refuse_gaps(texts)
        for key in ("correction",):
            if texts.get(key):
                letters |= meanings_of(_letters(str(texts[key]), table), table)
        # one letter may be spelled in several ways
        once = {canonical(letter): letter for letter in reversed(sorted(letters))}
        return evidence, formulas, {letter: letters[letter] for letter in once.values()}

    # --- which text ---

    def _whole(self, role: str, texts: Mapping) -> list[str]:
        """The formulas that stand in a role, one by one."""
        if role == "statement":
            return displays(self.claim.statement)
        if role == "printed":
            printed = self.claim.printed
            return [printed] if isinstance(printed, str) else list(printed or ())
        if role == "correction":
            return [str(texts["correction"])] if texts.get("correction") else []
        return [tex for tex in math_spans(str(texts.get("instead", ""))) if _says_something(tex)]

    def _texts(self, wish: _Wish, texts: Mapping) -> list[str]:
        whole = self._whole(wish.role, texts)
        if wish.part is None:
            if not whole:
                raise FormulaError(f"there is no formula in the role '{wish.role}'")
            return (
                whole if wish.reason else whole[:1] if len(whole) == 1 else self._ask(wish, whole)
            )
        if isinstance(wish.part, int):
            if not 1 <= wish.part <= len(whole):
                raise FormulaError(f"part must be 1 to {len(whole)}, got {wish.part}")
            return [whole[wish.part - 1]]
        texts_of = {"statement": self.claim.statement, "instead": str(texts.get("instead", ""))}
        places = math_spans(texts_of[wish.role]) if wish.role in texts_of else whole
        wanted = layout_free_tokens(wish.part)
        if not any(run_starts(wanted, layout_free_tokens(tex)) for tex in places):
            raise FormulaError(f"'{wish.part}' does not stand in the {wish.role} letter by letter")
        return [wish.part]

    def _ask(self, wish: _Wish, whole: list[str]) -> list[str]:
        raise FormulaError(f"the {wish.role} has {len(whole)} formulas: say which by `part`")

    def _refuse_gaps(self, texts: Mapping) -> None:
        """Every formula in every role is held against a function, or says why not."""
        for role in ROLES:
            whole = self._whole(role, texts)
            for number, tex in enumerate(whole, 1):
                if not any(self._covers(wish, role, number, tex) for wish in self.wishes):
                    raise FormulaError(
                        f"formula {number} of {len(whole)} in the role '{role}' is neither "
                        f"transcribed nor left unread with a reason: {' '.join(tex.split())[:100]}"
                    )

    def _covers(self, wish: _Wish, role: str, number: int, tex: str) -> bool:
        if role == "statement" and wish.role == "printed" and self.claim.source != "paraphrase":
            # the formula at issue is a run of the statement's
            parts = self._whole("printed", {})
            chosen = [parts[wish.part - 1]] if isinstance(wish.part, int) else parts
            whole = layout_free_tokens(tex)
            return any(run_starts(layout_free_tokens(part), whole) for part in chosen)
        if wish.role != role:
            return False
        if isinstance(wish.part, str):
            return bool(run_starts(layout_free_tokens(wish.part), layout_free_tokens(tex)))
        return wish.part in (None, number)

    # --- which function ---

    def _implementing(self, wish: _Wish) -> list[str]:
        """Names of the package's functions in use; at least one must be a form of this claim."""
        names = [f"{f.__module__}.{f.__qualname__}" for f in functions_in(wish.function)]
        allowed = _FORMS.get(wish.role)
        forms = dict.fromkeys(
            form
            for name in names
            for claim, form in index.claims_of(name)
            if claim == self.claim.id
        )
        fits = [form for form in forms if allowed is None or form in allowed]
        if not fits:
            raise FormulaError(
                f"no function in use ({', '.join(names) or 'none of the package'}) says with "
                f"@implements that it is {self.claim.id} in a form for the role '{wish.role}'"
            )
        return names


def functions_in(function: Callable) -> list:
    """The functions of this package that ``function`` is, or that it calls by name."""
    if _of_the_package(function):
        return [function]
    inner = inspect.unwrap(function)
    closure = inspect.getclosurevars(inner)
    return [
        member
        for noun in {**closure.globals, **closure.nonlocals}.values()
        for member in (noun, *index.methods_named(noun, inner))
        if callable(member) and not inspect.isclass(member) and _of_the_package(member)
    ]


def _of_the_package(member) -> bool:
    # what sympy makes has no module
    return (getattr(member, "__module__", None) or "").startswith("isacnb.")


def _says_something(tex: str) -> bool:
    """Whether an inline formula states a relation, and not only a name or the value of one."""
    if re.search(r"(=|<|>|\\approx|\\le|\\ge)\s*[-−]?[\d.]+(\\times10)?(\^\{?-?\d+\}?)?$", tex):
        return False
    tokens = layout_free_tokens(tex)
    relations = {"=", r"\leq", r"\geq", "<", ">", r"\to"}
    return len(tokens) > 8 and any(token in relations for token in tokens)


def _letters(tex: str, table: Table) -> tuple[str, ...]:
    found = read(tex, table.symbols)
    nodes = [node for node in found.walk() if node.kind in ("symbol", "apply")]
    return tuple({letter_of(node, tex) for node in nodes if node.start < node.end})


def meanings_of(letters: tuple[str, ...], table: Table) -> dict[str, str]:
    """What each letter means, with its unit, for the *where* beside a formula."""
    out = {}
    for letter in sorted(letters):
        short = letter.replace(r"\!", "").strip()
        try:
            name = table.name_of(short)
        except FormulaError:
            continue
        unit = table.units.get(name, "")
        meaning = table.meanings.get(name, "")
        if meaning:
            out[short] = meaning + (f" ({unit})" if unit not in ("", "1") else "")
    return out


def _read(kind: type[Formula], tex: str, names: list[str], found: Comparison, **more) -> Formula:
    """A formula that was held against the functions of these names."""
    return kind(
        tex=tex,
        read=True,
        functions=tuple(names),
        points=found.points,
        mutants=found.mutants,
        killed=found.killed,
        equivalent=found.equivalent,
        branches=found.branches,
        vanishing=found.vanishing or None,
        **more,
    )


def _evidence(role: str, tex: str, names: list[str], found: Comparison) -> Evidence:
    short = ", ".join(name.rpartition(".")[2] for name in names)
    same = f", {found.equivalent} the same formula" if found.equivalent else ""
    control = Control(
        form=f"{found.mutants} mutants of the formula made by machine",
        outcome="rejected",
        result=f"{found.killed} told apart by a number{same}",
    )
    return Evidence(
        kind="transcription",
        what=f"{_CALLED[role]}, read by machine, against {short}",
        result=f"equal within {found.tolerance:.0e} at {found.points} points",
        points=found.points,
        tolerance=found.tolerance,
        control=(control,),
    )


class Derivation:
    """The displayed formulas of a chapter: shown, read by machine and held against functions.

    ``paper`` chooses the letters; ``own`` holds lines such as ``$x$ in (0, inf): energy of the
    echo``, one for each letter that the chapter adds (:func:`isacnb.ledger.formula.parse_own`).
    """

    def __init__(self, paper: str, own: str = ""):
        self.paper = paper
        lines = [line.strip().removeprefix("- ") for line in own.strip().splitlines()]
        self.own: list[Own] = [parse_own(line) for line in lines if line]
        self.table = table_for(paper, self.own)

    def show(self, tex: str, function: Callable | None = None, **options) -> None:
        """Display a formula after its members have been found equal to each other and to a function.

        Options are those of :func:`isacnb.ledger.formula.compare`. Raises where they differ, where
        a mutant of the formula cannot be told from it, and where it cannot be read.
        """
        found = compare(tex, self.table, function, **options)
        names = []
        if function is not None:
            names = [f"{f.__module__}.{f.__qualname__}" for f in functions_in(function)]
        symbols = meanings_of(found.letters, self.table)
        record = _read(Displayed, tex.strip(), names, found, symbols=symbols)
        text = f"formula: {found.points} points, {found.killed} of {found.mutants} mutants rejected"
        display(
            {
                "text/markdown": f"$$\n{tex.strip()}\n$$",
                "text/plain": text,
                FORMULA_MIME: to_json(record),
            },
            raw=True,
        )
