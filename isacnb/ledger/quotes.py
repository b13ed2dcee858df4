r"""Results that prose quotes, each held to a value that the run of a chapter left.

A code cell leaves values by name, ``record_values(crossing_share=0.143)``, and the text that quotes
one carries a mark behind the number, an HTML comment that no reader sees::

    a share of 0.143<!-- =crossing_share -->, so at most 15 %<!-- crossing_share <= 0.15 -->

**Marks.** ``=expression``: the value, rounded to the digits that are written, is what is written;
a bare power of ten, such as $10^{-9}$, is the nearest one. A per cent sign divides the number by
100, other units are taken as written. Any other mark is a relation that must be true, such as
``0.3 < share < 0.4`` or ``low > 1 and high < 2``; the number that it stands behind (0.15 for 15 %)
is one of its constants. Where a bound stands before the number ("at most", "above"), the value
keeps it and the relation has its direction. A mark behind words is a relation.

Expressions hold recorded names, numbers, ``+ - * / **``, entries of lists (``name[0]``) and the
functions ``abs``, ``len``, ``max``, ``min``, ``sqrt``, ``log10``, ``dB`` (of a power ratio) and
``degrees`` (of radians). The name of another chapter is written ``part/chapter:name``; the pages
of the book and the README have only such names.

**What carries a mark.** In the Markdown of chapters and pages, headings and captions included:

1. a number with a decimal point or a power of ten, or in %, percent, dB, dBm or degrees;
2. a whole number of two or more digits;
3. a whole number of one digit that is a factor ("a factor of 6", "4 times");
4. a formula that is nothing but such a number, with or without a relation sign before it
   ($10^{-6}$, $<0.01$), and such a number at the end of a formula, behind ≈ or → ($x\approx49$);
5. quantities in words: orders of magnitude, ten decibels, one percent, a factor of two, ten times,
   sixfold, twice as much, a third of, three quarters, more than half, four in five.

A heading carries none, for its text goes into indices: such a number belongs into the text below.
Text that a code cell shows as Markdown computes its numbers; a typed one needs a mark as well.

**What need not.** Code; every other formula, for it defines or sets something ($N=64$), and a
number behind an equals sign; numbers of equations, figures, sections, steps and list items;
citations, years, versions; digits that belong to a name (B1, 4th). Smaller whole numbers are words.
"""

import ast
import html
import json
import math
import operator
import re
from dataclasses import dataclass, replace
from pathlib import Path

from IPython.display import display

from .record import source_digest
from .session import session

__all__ = [
    "VALUES_MIME",
    "Quote",
    "find_quotes",
    "problems_of_book",
    "problems_of_text",
    "read_values",
    "record_values",
]

VALUES_MIME = "application/vnd.isacnb.values+json"

# --- values -------------------------------------------------------------------------------------


def record_values(*, digits: int = 9, **values: float | list) -> None:
    """Leave values by name for the text of a chapter to quote.

    values : finite numbers, or lists of them
    digits : significant digits to keep, no more than all machines agree in

    Raises ``ValueError`` naming the value for anything else.
    """
    if not values:
        raise ValueError("values must hold at least one name, got none")
    kept = {name: _rounded(name, value, digits) for name, value in values.items()}
    rows = "".join(
        f"<tr><td><code>{name}</code></td><td>{html.escape(str(value))}</td></tr>"
        for name, value in kept.items()
    )
    display(
        {
            "text/html": '<details class="isac-values"><summary>values that the text quotes'
            f"</summary><table>{rows}</table></details>",
            "text/plain": "values: "
            + ", ".join(f"{name} = {value}" for name, value in kept.items()),
            VALUES_MIME: {"values": kept, "source_digest": source_digest(session.cells)},
        },
        raw=True,
    )


def _rounded(name: str, value, digits: int):
    value = value.tolist() if hasattr(value, "tolist") else value  # numpy's numbers and arrays
    if isinstance(value, list | tuple):
        return [_rounded(name, entry, digits) for entry in value]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number or a list of them, got {value!r}")
    return value if isinstance(value, int) else float(f"{value:.{digits}g}")


def read_values(notebook: dict, name: str) -> tuple[dict, list[str]]:
    """Return the values in one notebook, and the problems of the cells that left them.

    A value counts only if the code down to its cell is the code that ran.
    """
    values, problems, sources = {}, [], []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        sources.append("".join(cell["source"]))
        for output in cell.get("outputs", []):
            left = output.get("data", {}).get(VALUES_MIME)
            if left is None:
                continue
            where = f"{name}, cell {cell.get('id')}"
            if left["source_digest"] != source_digest(sources):
                problems.append(f"{where}: stale: the code before the values has changed; run it")
            problems += [
                f"{where}: the value {key} is left a second time; give it a name of its own"
                for key in left["values"]
                if key in values
            ]
            values |= left["values"]
    return values, problems


# --- what the text quotes -----------------------------------------------------------------------


@dataclass(frozen=True)
class Quote:
    """A number or a quantity in words, where it stands in a text, and its mark.

    ends : where a mark may follow, behind the number and behind its unit
    value : the number as written, its per cent sign applied; None for words
    tolerance : half a unit of the last written digit; None for a bare power of ten
    bound : "<" or ">" where a bound stands before the number
    required : whether it must carry a mark
    """

    start: int
    ends: tuple[int, ...]
    value: float | None = None
    tolerance: float | None = None
    bound: str | None = None
    required: bool = True
    mark: str | None = None


_DIGITS = r"[-−]?(?:\d{1,3}(?:(?:,|\{,\}|\\,)\d{3})+|\d+)(?:\.\d+)?"
_PERCENT = r"%|\\%|percent|per\scent"
_SCALED_UNIT = rf"(?:{_PERCENT}|dBm|dB|°)(?!\w)"
_UNIT = re.compile(rf"\s?(?P<unit>{_SCALED_UNIT}|(?:m|cm|km|W)(?!\w))")

#: digits of a name, of a section or of a fraction are no number
_NUMBER = re.compile(
    rf"(?<![\w.,/:^−-])(?P<decimal>{_DIGITS})(?:e(?P<exponent>[-−]?\d+))?(?!\w|[.,]\d)"
)
_TEX_NUMBER = re.compile(
    rf"(?:(?P<decimal>{_DIGITS})(?:\s*\\(?:times|cdot)\s*10\^\{{?(?P<exponent>[-−]?\d+)\}}?)?"
    r"|10\^\{?(?P<power>[-−]?\d+)\}?)"
    r"(?:(?:\\,)?(?P<unit>\\%|\\mathrm\{dB\}|\^\{?\\circ\}?))?\s*$"
)
_FORMULA = re.compile(r"(?<![\\$])\$(?!\$)([^$]+)(?<!\\)\$(?!\$)")
_TEX_LESS = r"<|\\leq?(?![a-z])|\\ll(?![a-z])|\\lesssim"
_TEX_MORE = r">|\\geq?(?![a-z])|\\gg(?![a-z])|\\gtrsim"
#: how a formula begins, up to its number, and whether that number is a result
_LEADS = (
    (
        re.compile(
            rf"\s*(?:(?P<low>{_TEX_LESS})|(?P<high>{_TEX_MORE})|\\(?:approx|sim)(?![a-z]))?\s*"
        ),
        True,
    ),
    (re.compile(r".*\\(?:approx|simeq|sim|to)(?![a-z])\s*", re.DOTALL), True),
    (re.compile(rf".*(?:=|{_TEX_LESS}|{_TEX_MORE})\s*", re.DOTALL), False),
)

_BOUND = re.compile(
    r"\b(?:(?P<low>below|under|less than|fewer than|smaller than|at most|no more than|up to|within)"
    r"|(?P<high>above|more than|greater than|larger than|at least|no less than|beyond))"
    r"\s+(?:(?:the|only|a)\s+)?$"
)
_FACTOR = re.compile(r"\b(?:factors?\sof|a\sfactor)\s$")
_LABELLED = re.compile(
    r"(?:\b(?:[Ff]igures?|Figs?\.|[Ss]ections?|Secs?\.|Lemmas?|Theorems?|Corollar(?:y|ies)|Remarks?"
    r"|Propositions?|[Ee]qs?\.|[Ee]quations?|[Tt]ables?|[Ss]teps?|[Cc]ases?|[Rr]ows?)"
    r"\s(?:[\d.]+\s(?:and|to|or)\s)*"
    r"|\b(?:Python|CC BY|BSD)\s|[=×]\s?)$"
)

_COUNT = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty"
    r"|fifty|sixty|seventy|eighty|ninety|(?:an?\s|one\s)?(?:hundred|thousand|million|billion))"
)
_PART = r"(?:third|quarter|fifth|sixth|eighth|tenth|twelfth|twentieth|hundredth|thousandth)s?"
_WORDS = re.compile(
    r"\borders?\sof\smagnitude\b"
    rf"|\b(?:{_COUNT}|several|a\sfew)\s(?:decibels?|percent|per\scent)\b"
    rf"|\bfactors?\s(?:of\s)?{_COUNT}\b"
    rf"|\b(?:{_COUNT}|several|many)\stimes\b"
    rf"|\b(?:two|three|four|five|six|eight|ten)fold\b"
    r"|\b(?:twice|half)\sas\s(?:much|many|far|large|often|long)\b"
    rf"|\b(?:a|one|two|three|four)\s{_PART}\sof\b|\bthree\squarters\b|\btwo\sthirds\b"
    r"|\b(?:more|less)\sthan\s(?:half|a\sthird|a\squarter)\b"
    rf"|\b{_COUNT}\s(?:\w+\s)?in\s(?:five|six|eight|ten|twelve|twenty|fifty|an?\s\w+illion|an?\shundred"
    r"|an?\sthousand)\b",
    re.IGNORECASE,
)

_CODE = re.compile(
    r"^(?P<fence>`{3,})[^\n]*\n.*?^(?P=fence)[^\n]*$|(?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`)",
    re.DOTALL | re.MULTILINE,
)
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
#: besides code: displays, directives, targets of links, numbers of equations and list items,
#: citations and years
_NO_PROSE = re.compile(
    r"\$\$.*?\$\$|^:{3,}[^\n]*$|^:[\w-]+:[^\n]*$|\]\([^)\s]*\)|\(\d{1,3}\)|^[ ]*\d+\.[ ]"
    r"|\[\d+\]|\d+,\s\d+\s\(\d{4}\)|\b(?:1[89]|20)\d\d(?=\))|arXiv:[\d.]+",
    re.DOTALL | re.MULTILINE,
)
#: the README's table of counts, which is compared with the ledger as a whole, and the reasons why
#: displays stay unread, which the ledger counts
_ELSEWHERE = re.compile(
    r"<!-- verdict counts: begin -->.*?<!-- verdict counts: end -->|<!-- unread: [a-z]+ -->",
    re.DOTALL,
)


def _blank(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _number(text: str) -> float:
    return float(re.sub(r",|\{,\}|\\,", "", text).replace("−", "-"))


def _quote(prose: str, start: int, stem: int, match: re.Match, inner_unit: str = "") -> Quote:
    """The quote of a matched number that ends at ``stem``, its unit aside."""
    unit = _UNIT.match(prose, stem)
    ends = (stem, unit.end()) if unit else (stem,)
    name = inner_unit or (unit["unit"] if unit else "")
    scale = 0.01 if re.fullmatch(_PERCENT, name) else 1.0
    bound = _BOUND.search(prose, 0, start)
    bound = bound and ("<" if bound["low"] else ">")
    groups = match.groupdict()
    if groups.get("power"):
        return Quote(start, ends, float(f"1e{_number(groups['power']):.0f}"), None, bound)
    decimal, exponent = groups["decimal"], groups["exponent"]
    power = int(_number(exponent)) if exponent else 0
    places = len(decimal.partition(".")[2])
    needs = (
        bool(exponent or places or re.fullmatch(rf"{_SCALED_UNIT}|\\mathrm.*|\^.*", name))
        or len(re.findall(r"\d", decimal)) > 1
        or bool(_FACTOR.search(prose, 0, start) or re.match(r"\stimes\b", prose[stem:]))
    )
    value, half = _number(decimal) * 10.0**power * scale, 0.5 * 10.0 ** (power - places) * scale
    return Quote(start, ends, value, half, bound, needs)


def _formula(prose: str, span: re.Match) -> Quote | None:
    """What a formula quotes: the number that it is, or that it ends with."""
    for pattern, result in _LEADS:
        lead = pattern.match(span[1])
        number = _TEX_NUMBER.match(span[1], lead.end()) if lead else None
        if number:
            quote = _quote(prose, span.start(), span.end(), number, number["unit"] or "")
            sign = {key for key, value in lead.groupdict().items() if value}
            bound = "<" if "low" in sign else ">" if "high" in sign else quote.bound
            required = quote.required and result and not _LABELLED.search(prose, 0, span.start())
            return replace(quote, bound=bound, required=required)
    return None


def find_quotes(text: str) -> tuple[list[Quote], list[tuple[int, str]]]:
    """Return the quotes of a Markdown text, and the marks that belong to none, with their places."""
    prose = _ELSEWHERE.sub(_blank, _CODE.sub(_blank, text))
    marks = {found.start(): found[1].strip() for found in _COMMENT.finditer(prose)}
    prose = _NO_PROSE.sub(_blank, _COMMENT.sub(_blank, prose))
    formulas = list(_FORMULA.finditer(prose))
    running = _FORMULA.sub(_blank, prose)
    quotes = [quote for span in formulas if (quote := _formula(prose, span))]
    for found in _NUMBER.finditer(running):
        quote = _quote(running, found.start(), found.end(), found)
        labelled = _LABELLED.search(running, 0, found.start())
        quotes.append(replace(quote, required=quote.required and not labelled))
    taken = {place for quote in quotes for place in range(quote.start, max(quote.ends))}
    quotes += [
        Quote(found.start(), (found.end(),))
        for found in _WORDS.finditer(running)
        # "27 orders of magnitude" and "2 percent" are numbers already
        if found.start() not in taken and not re.search(r"\d\s+$", running[: found.start()])
    ]
    marked = []
    for quote in sorted(quotes, key=lambda quote: quote.start):
        place = next(
            (place for end in quote.ends for place in marks if _touch(text, end, place)), None
        )
        marked.append(replace(quote, mark=marks.pop(place, None)))
    return marked, sorted(marks.items())


def _touch(text: str, end: int, place: int) -> bool:
    """Whether a mark stands directly behind, with nothing but the end of an emphasis between."""
    return end <= place and not text[end:place].strip("*_")


# --- what the marks say -------------------------------------------------------------------------


class _MarkError(ValueError):
    """What is wrong with a mark, in words."""


_FUNCTIONS = {
    "abs": abs,
    "len": len,
    "max": max,
    "min": min,
    "sqrt": math.sqrt,
    "log10": math.log10,
    "dB": lambda ratio: 10 * math.log10(ratio),
    "degrees": math.degrees,
}
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}
_RELATIONS = {
    ast.Lt: (operator.lt, "<"),
    ast.LtE: (operator.le, "<"),
    ast.Gt: (operator.gt, ">"),
    ast.GtE: (operator.ge, ">"),
    ast.Eq: (operator.eq, "="),
    ast.NotEq: (operator.ne, "≠"),
}
_FOREIGN = re.compile(r"([a-z][a-z0-9-]*/[a-z0-9-]+):([A-Za-z]\w*)")


def _parse(mark: str) -> ast.expr:
    """The tree of an expression, in which a name of another chapter is one name."""
    foreign: list[str] = []

    def stand_in(found: re.Match) -> str:
        foreign.append(found[0])
        return f"_{len(foreign) - 1}"

    try:
        tree = ast.parse(_FOREIGN.sub(stand_in, mark).strip(), mode="eval").body
    except SyntaxError as error:
        raise _MarkError(f"the mark '{mark}' is no expression") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and re.fullmatch(r"_\d+", node.id):
            node.id = foreign[int(node.id[1:])]
    if not _names(tree):
        raise _MarkError(f"the mark '{mark}' names no value, so that it cannot fail")
    return tree


def _names(tree: ast.expr) -> set[str]:
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called
    }


def _evaluate(node: ast.expr, values: dict):
    """Value of an expression, or truth of a relation."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return values[name]
        case ast.Subscript(value=inner, slice=index):
            return _evaluate(inner, values)[_evaluate(index, values)]
        case ast.UnaryOp(op=op, operand=inner) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluate(inner, values))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_evaluate(arg, values) for arg in args))
        case ast.Compare(left=left, ops=ops, comparators=rest):
            sides = [_evaluate(side, values) for side in (left, *rest)]
            pairs = zip(ops, sides, sides[1:], strict=False)
            return all(_RELATIONS[type(op)][0](a, b) for op, a, b in pairs)
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_evaluate(part, values) for part in parts)
    raise _MarkError(f"'{ast.unparse(node)}' is not among the expressions that a mark may hold")


def _is_relation(tree: ast.expr) -> bool:
    if isinstance(tree, ast.BoolOp):
        return all(_is_relation(part) for part in tree.values)
    return isinstance(tree, ast.Compare) and all(type(op) in _RELATIONS for op in tree.ops)


def _sides(tree: ast.expr) -> list[tuple[ast.expr, str, ast.expr]]:
    """Every comparison in a relation, as left side, sign and right side."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            signs = [_RELATIONS[type(op)][1] for op in node.ops]
            found += list(zip(sides, signs, sides[1:], strict=False))
    return found


def _is_number(node: ast.AST, number: float) -> bool:
    """Whether a part of an expression is this number, written out."""
    if not isinstance(node, ast.Constant | ast.UnaryOp | ast.BinOp) or _names(node):
        return False
    return math.isclose(_evaluate(node, {}), number, rel_tol=1e-9)


def _check(quote: Quote, written: str, values: dict) -> None:
    """Raise unless the mark is true, and says what is written."""
    mark = quote.mark
    tree = _parse(mark.removeprefix("="))
    missing = sorted(_names(tree) - set(values))
    if missing:
        raise _MarkError(f"no cell leaves {missing[0]}; leave it by record_values")
    if not mark.startswith("="):
        if not _is_relation(tree):
            raise _MarkError(f"the mark '{mark}' is no relation; '={mark}' would be the value")
        if quote.value is not None:
            _check_relation(quote, written, tree, mark)
        if not _evaluate(tree, values):
            seen = ", ".join(f"{name} = {values[name]}" for name in sorted(_names(tree)))
            raise _MarkError(f"'{mark}' is false: {seen}")
        return
    if quote.value is None:
        raise _MarkError("a mark with '=' stands behind a number; words need a relation")
    if _is_relation(tree):
        raise _MarkError(f"the mark '{mark}' is a relation; write it without the first '='")
    value = _evaluate(tree, values)
    if isinstance(value, list):
        raise _MarkError(f"the mark '{mark}' is a list; name one of its entries")
    if quote.tolerance is None:
        right = value > 0 and abs(math.log10(value / quote.value)) <= 0.5
    else:
        right = abs(value - quote.value) <= quote.tolerance * (1 + 1e-9)
    kept = quote.bound is None or math.isclose(value, quote.value, rel_tol=1e-9)
    kept = kept or (value < quote.value) == (quote.bound == "<")
    if not (right and kept):
        raise _MarkError(f"the run left {value:.6g}, and not {written}")


def _check_relation(quote: Quote, written: str, tree: ast.expr, mark: str) -> None:
    if not any(_is_number(node, quote.value) for node in ast.walk(tree)):
        raise _MarkError(
            f"the relation '{mark}' does not hold the number {quote.value:g} ({written})"
        )
    turned = {"<": ">", ">": "<"}
    directions = {
        turned.get(sign, sign) for a, sign, _ in _sides(tree) if _is_number(a, quote.value)
    }
    directions |= {sign for _, sign, b in _sides(tree) if _is_number(b, quote.value)}
    if quote.bound and quote.bound not in directions:
        raise _MarkError(f"the relation '{mark}' does not have the direction of its sentence")


# --- texts, chapters, the book ------------------------------------------------------------------

_REMEDY = (
    "no value of the run stands behind it; mark it, as in <!-- =name -->, and leave the value by "
    "record_values, or write a setting as a formula, $symbol = value$"
)


def _sentence(text: str, place: int) -> str:
    """The sentence around a place, on one line, without marks."""
    before = max(
        (found.end() for found in re.finditer(r"[.:;]\s|\n\s*\n|\|", text[:place])), default=0
    )
    after = re.search(r"[.:;](?=\s)|\n\s*\n|\||$", text[place:])
    sentence = text[before : place + after.end()]
    return " ".join(_COMMENT.sub("", sentence).split())


def problems_of_text(text: str, where: str, values: dict) -> tuple[list[str], set[str]]:
    """Hold one Markdown text to the values; return what is wrong and the names that it quotes."""
    problems, used = [], set()
    quotes, loose = find_quotes(text)

    def complain(place: int, trouble: str) -> None:
        problems.append(f"{where}: '{_sentence(text, place)}': {trouble}")

    for found in re.finditer(r"^\s*<!--", _ELSEWHERE.sub(_blank, _CODE.sub(_blank, text)), re.M):
        complain(found.start(), "a line must not begin with a mark; join it to the line before")
    for found in re.finditer(r"^#{1,6} [^\n]*<!--", _CODE.sub(_blank, text), re.M):
        complain(found.start(), "a heading must not carry a mark; say the number in the text below")
    # a mark behind words that are no quantity can only be a relation
    quotes += [Quote(place, (place,), required=False, mark=mark) for place, mark in loose]
    for quote in quotes:
        written = " ".join(text[quote.start : max(quote.ends)].split())
        if quote.mark is None:
            if quote.required:
                complain(quote.start, f"{written}: {_REMEDY}")
            continue
        try:
            _check(quote, written, values)
        except (ValueError, ArithmeticError, TypeError, IndexError) as error:
            complain(quote.start, f"{written or quote.mark}: {error}")
        else:
            used |= _names(_parse(quote.mark.removeprefix("=")))
    return problems, used


def _shown_markdown(cell: dict) -> list[str]:
    """The typed parts of the strings in a code cell that shows Markdown, computed fields left out."""
    source = "".join(cell["source"])
    if "Markdown(" not in source:
        return []
    texts, inner = [], set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            inner |= {id(part) for part in ast.walk(node)}
            parts = (part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
            texts.append("".join(parts))
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner
        ):
            texts.append(node.value)
    return texts


def problems_of_book(root: Path) -> list[str]:
    """Hold the chapters, the pages and the README below ``root`` to the values of the chapters."""
    problems: list[str] = []
    texts: list[tuple[str, str | None, str]] = []
    values: dict[str, float | list] = {}
    for path in sorted((root / "book").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        chapter = path.relative_to(root / "book").with_suffix("").as_posix()
        notebook = json.loads(path.read_text("utf-8"))
        left, stale = read_values(notebook, path.relative_to(root).as_posix())
        problems += stale
        values |= {f"{chapter}:{name}": value for name, value in left.items()}
        for cell in notebook["cells"]:
            shown = cell["cell_type"] == "markdown"
            where = f"{path.relative_to(root)}, cell {cell['id']}"
            for text in ["".join(cell["source"])] if shown else _shown_markdown(cell):
                texts.append((where, chapter, text))
    for path in [root / "README.md", *sorted((root / "book").glob("*.md"))]:
        texts.append((path.relative_to(root).as_posix(), None, path.read_text("utf-8")))
    quoted = set()
    for where, chapter, text in texts:
        own = {
            name.partition(":")[2]: value
            for name, value in values.items()
            if chapter and name.startswith(f"{chapter}:")
        }
        found, used = problems_of_text(text, where, values | own)
        problems += found
        quoted |= {name if ":" in name else f"{chapter}:{name}" for name in used}
    problems += [
        f"book/{name.partition(':')[0]}.ipynb: the value {name.partition(':')[2]} is quoted nowhere; "
        "quote it or leave it out"
        for name in sorted(set(values) - quoted)
    ]
    return problems
