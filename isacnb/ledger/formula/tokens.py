r"""Cuts the TeX of a formula into tokens, without what only lays it out."""

import re
from dataclasses import dataclass

__all__ = [
    "BARS",
    "OPEN",
    "OPERATORS",
    "RELATIONS",
    "STOPS",
    "FormulaError",
    "Token",
    "begins_factor",
    "closes_cases",
    "ends_factor",
    "tokens",
    "words_in",
]


class FormulaError(ValueError):
    """A formula that cannot be read: says what, where, and what to write instead."""

    def __init__(self, message: str, tex: str = "", place: int | None = None):
        self.place = place
        if place is not None:
            near = " ".join(tex[max(0, place - 20) : place + 30].split())
            message = f"{message} (at character {place}, near '{near}')"
        super().__init__(message)


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int
    spaced: bool = False  # a space command stands before it


# --- signs --------------------------------------------------------------------------------------

RELATIONS = {
    "=": "=",
    "<": "<",
    ">": ">",
    r"\le": "<=",
    r"\ge": ">=",
    r"\ne": "!=",
    r"\approx": "~",
    r"\simeq": "~",
    r"\to": "->",
    r"\xrightarrow": "->",
    r"\sim": "law",
    r"\in": "in",
    r"\equiv": "=",
    r"\stackrel": "=",
    r"\overset": "=",
    r"\propto": "propto",
    r"\iff": "iff",
    r"\Rightarrow": "implies",
    r"\implies": "implies",
    r"\leftrightarrow": "propto",
}
OPEN = {"(": ")", "[": "]", r"\{": r"\}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}
BARS = {"|": "|", r"\|": r"\|", r"\lvert": r"\rvert", r"\lVert": r"\rVert"}
OPERATORS = {"+", "-", r"\cdot", r"\times", "/", *RELATIONS}
STOPS = {
    *(")", "]", r"\}", "}", r"\rvert", r"\rVert", r"\rfloor", r"\rceil", ",", ";", "&"),
    "\\\\",  # between the rows of a matrix
}

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<row>\\\\(?:\[[^\]]*\])?)"
    r"|(?P<text>\\(?:text|mbox)\{[^{}]*\})"
    r"|(?P<command>\\(?:[A-Za-z]+|.))"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<letter>[A-Za-z])"
    r"|(?P<char>.)",
    re.DOTALL,
)
_E_NOTATION = re.compile(r"[eE][+-]?\d")
_SPACES = {r"\,", r"\;", r"\:", r"\ ", r"\>", "~", r"\space"}
_DROPPED = {
    *(r"\left", r"\right", r"\middle", r"\displaystyle", r"\textstyle", r"\scriptstyle", r"\!"),
    *(r"\limits", r"\nolimits", r"\nonumber", r"\notag", r"\mathstrut", r"\nobreak"),
    *(rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")),
}
_SIDES = {r"\left", r"\right", r"\middle"}
_DELIMITERS = {
    *("(", ")", "[", "]", "|", ".", "/", r"\{", r"\}", r"\|", r"\lvert", r"\rvert", r"\lVert"),
    *(r"\rVert", r"\lfloor", r"\rfloor", r"\lceil", r"\rceil"),
}
_SAME = {
    r"\dfrac": r"\frac",
    r"\tfrac": r"\frac",
    r"\cfrac": r"\frac",
    r"\leqslant": r"\le",
    r"\leq": r"\le",
    r"\geqslant": r"\ge",
    r"\geq": r"\ge",
    r"\neq": r"\ne",
    r"\lbrace": r"\{",
    r"\rbrace": r"\}",
    r"\Vert": r"\|",
    r"\vert": "|",
    r"\ast": "*",
    r"\rightarrow": r"\to",
    r"\longrightarrow": r"\to",
    r"\longleftrightarrow": r"\leftrightarrow",
    r"\tbinom": r"\binom",
    r"\mid": "|",
}
_WIDE = {r"\quad", r"\qquad"}
_ELISIONS = {r"\cdots", r"\dots", r"\ldots", r"\vdots", r"\ddots"}


def tokens(tex: str) -> list[Token]:
    """Tokens of a formula without what only lays it out."""
    out: list[Token] = []
    spaced, indent, after_side = False, True, False
    for match in _TOKEN.finditer(tex):
        kind, text = match.lastgroup, match.group()
        if kind == "space":
            continue
        text = _SAME.get(text, text)
        if after_side and text not in _DELIMITERS:
            raise FormulaError("a bracket or a full stop is wanted here", tex, match.start())
        if text == "." and after_side:
            after_side = False
            continue
        after_side = text in _SIDES
        if text in _SPACES:
            spaced = True
            continue
        if text in _DROPPED:
            continue
        if text in _WIDE:
            if not indent:
                out.append(Token("separator", text, *match.span()))
            continue
        if kind == "number" and _E_NOTATION.match(tex, match.end()):
            raise FormulaError(
                "write a power of ten, not e: this shows as a difference", tex, match.start()
            )
        if text in _ELISIONS:
            raise FormulaError(
                f"{text} leaves something out: write the terms, or a sum", tex, match.start()
            )
        out.append(Token("column" if text == "&" else kind, text, *match.span(), spaced))
        # a wide space where a row or a column begins is an indentation
        spaced, indent = False, kind == "row" or text == "&"
    _refuse_lone_sides(tex)
    return [token for place, token in enumerate(out) if not _empty(out, place)]


def _empty(found: list[Token], place: int) -> bool:
    """Whether a brace belongs to an empty group that is no argument and carries no index."""
    for start in (place, place - 1):
        pair = [token.text for token in found[max(start, 0) : start + 3]]
        if start >= 0 and pair[:2] == ["{", "}"] and pair[2:] != ["_"]:
            return start == 0 or _before_empty(found, start - 1)
    return False


def _before_empty(found: list[Token], place: int) -> bool:
    """Whether an empty group behind this token only helps the layout, as in ={}&."""
    token = found[place]
    if token.kind in {"row", "separator"} or token.text in RELATIONS:
        return True
    if token.text in {"&", "+", "-", "(", "[", r"\{", ",", ";", r"\cdot", r"\times"}:
        return True
    depth = 0
    while token.text == "}" or depth:  # the head of an environment, or what stands on an arrow
        depth += (found[place].text == "}") - (found[place].text == "{")
        place -= 1
        if depth == 0 or place < 0:
            break
    return token.text == "}" and found[place].text in {r"\begin", r"\xrightarrow"}


def _refuse_lone_sides(tex: str) -> None:
    r"""Refuse a \left without its \right in the same group and row, and the other way round."""
    waiting: list[int | None] = []  # the places of \left; None for braces and environments
    for match in re.finditer(r"\\(?:left|right|begin|end)(?![A-Za-z])|\\.|[{}]", tex, re.DOTALL):
        text = match.group()
        last = waiting[-1] if waiting else None
        if text in {"{", r"\begin"}:
            waiting.append(None)
        elif text == r"\left":
            waiting.append(match.start())
        elif text == r"\right" and last is None:
            raise FormulaError(r"\right has no \left", tex, match.start())
        elif text in {"}", r"\end", "\\\\"} and last is not None:
            raise FormulaError(r"\left has no \right in its row", tex, last)
        elif text in {"}", r"\end", r"\right"} and waiting:
            waiting.pop()
    lone = [start for start in waiting if start is not None]
    if lone:
        raise FormulaError(r"\left has no \right", tex, lone[-1])


def closes_cases(found: list[Token]) -> bool:
    """Whether the last tokens end an environment, whose bracket ends the equation for the eye."""
    texts = [token.text for token in found[-8:]]
    return texts[-1:] == ["}"] and r"\end" in texts and "{" not in texts[texts.index(r"\end") + 2 :]


def ends_factor(found: list[Token]) -> bool:
    """Whether a factor can end with the last of these tokens."""
    if not found or found[-1].kind in {"row", "separator", "text"}:
        return False
    text = found[-1].text
    return text not in {*OPERATORS, *"^_.:*"} and not _before_empty(found, len(found) - 1)


def begins_factor(token: Token) -> bool:
    """Whether a factor can begin with this token."""
    if token.kind in {"row", "separator", "text", "column"}:
        return False
    closing = {*STOPS, *BARS.values(), r"\end"}
    return token.text not in {*OPERATORS, *closing, *"^_.:*!'"}


def words_in(text: str) -> str:
    """The words inside \\text{...}."""
    return " ".join(re.sub(r"^\\\w+\{|\}$", "", text).split()).rstrip(".,;")
