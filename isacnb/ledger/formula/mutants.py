r"""Near misses of a formula, made from its text by machine.

Each mutant changes one thing: a number, a sign, an exponent, an index, a root, a square, a
conjugate, a relation; it leaves out a term or a factor, or writes one symbol for another. What a
mutant is called says what was changed and where.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .nodes import Node

__all__ = ["Mutant", "mutants"]


_MARK = re.compile(
    r"\s*\^\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\(?:mathrm|operatorname)\s*[A-Za-z]|\\[A-Za-z]+|.)"
)
_SIZE = re.compile(r"\\(?:left|[bB]igg?[lrm]?)\s*\Z")


@dataclass(frozen=True)
class Mutant:
    label: str
    tex: str
    place: int


def mutants(
    tex: str, parts: list[Node], kinds: dict[str, str], families: dict[str, str] | None = None
) -> list[Mutant]:
    """Every mutant of the given parts of a formula, each text once.

    ``kinds`` names the kind of every symbol: one is written only for another of its kind.
    ``families`` names the kind of index of those that have several members here: an index is
    written only for another of its kind, and where there is but one member it says nothing.
    """
    seen, out = {" ".join(tex.split())}, []
    for label, start, end, new in _edits(tex, parts, kinds, families):
        begin = _with_size(tex, start)
        changed = tex[:begin] + new + tex[begin if start == end else end :]
        key = " ".join(changed.split())
        if key not in seen:
            seen.add(key)
            out.append(Mutant(label, changed, start))
    if not out:  # a lone letter: nothing but its sign can be wrong
        for part in parts:
            start = part.start
            label = f"sign of the whole at {start}"
            out.append(Mutant(label, f"{tex[:start]}-{tex[start:]}", start))
    return out


def _edits(
    tex: str, parts: list[Node], kinds, families: dict[str, str] | None
) -> Iterator[tuple[str, int, int, str]]:
    nodes = [node for part in parts for node in part.walk()]
    symbols = [node for node in nodes if node.kind == "symbol" and node.data["name"][0] != "#"]
    letters: dict[str, str] = {}
    for node in symbols:
        letters.setdefault(node.data["name"], tex[node.start : node.end])
    for node in nodes:
        yield from _EDITS.get(node.kind, _none)(tex, node)
    for node in symbols:
        yield from _exchanges(tex, node, letters, kinds)
        yield from _other_indices(tex, node, nodes, families)


def _with_size(tex: str, start: int) -> int:
    """Where a part begins together with the command for the size of its first bracket."""
    sized = _SIZE.search(tex, 0, start)
    return sized.start() if sized else start


def _inside(tex: str, node: Node) -> str:
    return f"({tex[_with_size(tex, node.start) : node.end]})"


def _none(tex, node):
    return ()


def _shown(tex: str, start: int, end: int) -> str:
    text = " ".join(tex[start:end].split())
    return text if len(text) <= 40 else f"{text[:28]}…{text[-8:]}"


def _number(tex, node):
    old = node.data
    new = str(int(old) + 1) if "." not in old else f"{float(old) + 0.1:g}"
    label = f"{old} becomes {new} at {node.start}"
    if len(new) > len(old):
        new = f"{{{new}}}"  # an argument may be one digit
    yield label, node.start, node.end, new


def _sum(tex, node):
    for place, (term, (sign, at)) in enumerate(zip(node.args, node.data, strict=True)):
        shown = _shown(tex, term.start, term.end)
        if sign:
            flipped = {"+": "-", "-": "+"}[sign]
            yield f"sign of {shown} at {at}", at, at + 1, flipped
        else:
            yield f"sign of {shown} at {term.start}", term.start, term.start, "-"
        if len(node.args) == 1:
            continue
        label = f"{shown} left out at {term.start}"
        if place:
            yield label, at, term.end, ""
        else:
            following, after = node.data[1]
            yield label, node.start, after + (following == "+"), ""


def _product(tex, node):
    for place, part in enumerate(node.args):
        if part.kind in {"number", "series", "integral", "function", "words"}:
            continue
        if node.data[place] == "/":
            continue
        label = f"factor {_shown(tex, part.start, part.end)} left out at {part.start}"
        yield label, part.start, part.end, "(1)"


def _mark(tex: str, node: Node) -> tuple[int, int] | None:
    """Where the mark of a part stands: behind it, or between a function and its bracket."""
    inner = node.args[0]
    if inner.end < node.end:
        return inner.end, node.end
    if inner.kind == "apply":
        found = _MARK.match(tex, inner.data["letter_end"])
        return found.span() if found else None
    return None


def _power(tex, node):
    base, exponent = node.args
    where = f"at {base.end}"
    if base.kind == "constant":
        return
    if base.end < node.end and base.end > node.start and node.end > exponent.start >= base.end:
        yield f"power {_shown(tex, base.end, node.end)} lost {where}", base.end, node.end, " "
    elif base.end == node.end and (mark := _mark(tex, node)):
        yield f"power {_shown(tex, *mark)} lost at {mark[0]}", *mark, " "


def _root(tex, node):
    inner = node.args[0]
    new = _inside(tex, inner)
    label = f"root of {_shown(tex, inner.start, inner.end)} lost at {node.start}"
    yield label, node.start, node.end, new


def _mark_lost(tex, node):
    mark = _mark(tex, node)
    if mark:
        yield f"{node.kind} lost at {mark[0]}", *mark, " "


def _adjoint(tex, node):
    mark = _mark(tex, node)
    if mark:
        yield f"adjoint becomes transpose at {mark[0]}", *mark, r"^{\mathrm T}"


def _modulus(tex, node):
    inner = node.args[0]
    if node.kind == "modulus":
        new = _inside(tex, inner)
        label = f"modulus of {_shown(tex, inner.start, inner.end)} lost at {node.start}"
        yield label, node.start, node.end, new


_PARTNERS = {r"\sin": r"\cos", r"\cos": r"\sin", r"\min": r"\max", r"\max": r"\min"}


def _swapped(tex, node):
    for old, new in _PARTNERS.items():
        if tex.startswith(old, node.start):
            yield f"{old} becomes {new} at {node.start}", node.start, node.start + len(old), new
    text = tex[node.start : node.end]
    if node.kind == "function" and node.data == "Re" and "Re" in text:
        at = node.start + text.index("Re")
        yield f"Re becomes Im at {at}", at, at + 2, "Im"


_REVERSED = {"<": ">", "<=": ">", ">": "<", ">=": "<"}


def _chain(tex, node):
    for relation, start, end in node.data:
        if relation in _REVERSED:
            yield f"relation at {start} reversed", start, end, _REVERSED[relation]


def _exchanges(tex, node, letters, kinds):
    """Every symbol for the next one of its kind that occurs in the formula."""
    name = node.data["name"]
    same = [other for other in letters if kinds.get(other) == kinds.get(name)]
    if len(same) < 2:
        return
    other = letters[same[(same.index(name) + 1) % len(same)]]
    old = tex[node.start : node.end]
    yield f"{old} becomes {other} at {node.start}", node.start, node.end, f"{{{other}}}"


def _other_indices(tex, node, nodes, families):
    index = node.data["index"]
    if index is None:
        return

    def kind(part):
        return "one" if families is None else families.get(part.data["name"])

    if kind(node) is None:
        return
    family = {
        part.data["index"]
        for part in nodes
        if part.kind == "symbol" and part.data["index"] is not None and kind(part) == kind(node)
    }
    old = tex[node.start : node.end]
    for other in sorted(family - {index}):
        at = old.rfind(index)
        if at > 0:
            new = old[:at] + other + old[at + len(index) :]
            yield f"index of {old} becomes {other} at {node.start}", node.start, node.end, new


_EDITS = {
    "number": _number,
    "sum": _sum,
    "product": _product,
    "power": _power,
    "root": _root,
    "positive": _mark_lost,
    "conjugate": _mark_lost,
    "factorial": _mark_lost,
    "adjoint": _adjoint,
    "modulus": _modulus,
    "function": _swapped,
    "min": _swapped,
    "max": _swapped,
    "chain": _chain,
}
