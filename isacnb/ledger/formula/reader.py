r"""Reads the TeX of a formula into a tree, with the place of every part in the text.

A formula is a row of clauses, parted by commas, semicolons or wide spaces; a clause is a chain of
expressions between relations. What a letter means is decided while reading, by the symbols given:
:math:`\epsilon_u^C` is one name and not a power, ``F_Z(z)`` an application and ``N(z)`` a product.
Nothing is guessed: an unknown letter, dots that stand for something, a slash followed by a product
without brackets and the like are errors with their place.
"""

import re
from dataclasses import dataclass, field

__all__ = ["Formula", "FormulaError", "Node", "Symbols", "canonical", "read"]


class FormulaError(ValueError):
    """A formula that cannot be read: says what, where, and what to write instead."""

    def __init__(self, message: str, tex: str = "", place: int | None = None):
        self.place = place
        if place is not None:
            near = " ".join(tex[max(0, place - 20) : place + 30].split())
            message = f"{message} (at character {place}, near '{near}')"
        super().__init__(message)


# --- tokens -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int
    spaced: bool = False  # a space command stands before it


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


def _closes_cases(found: list[Token]) -> bool:
    """Whether the last tokens end an environment, whose bracket ends the equation for the eye."""
    texts = [token.text for token in found[-8:]]
    return texts[-1:] == ["}"] and r"\end" in texts and "{" not in texts[texts.index(r"\end") + 2 :]


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
    if token.kind in {"row", "separator"} or token.text in _RELATIONS:
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


# --- symbols ------------------------------------------------------------------------------------

_ACCENTS = {
    r"\bar": "bar",
    r"\overline": "bar",
    r"\hat": "hat",
    r"\widehat": "hat",
    r"\tilde": "tilde",
    r"\widetilde": "tilde",
    r"\breve": "breve",
    r"\dot": "dot",
    r"\check": "check",
}
_BOLD = {r"\boldsymbol", r"\mathbf", r"\bm"}
_UPRIGHT = {r"\mathrm", r"\operatorname", r"\mathop", r"\rm", r"\mathsf"}
_FONTS = {r"\mathcal": "cal", r"\mathbb": "bb", r"\mathfrak": "frak"}
_GREEK = re.compile(
    r"\\(?:(?:var)?(?:epsilon|theta|pi|rho|sigma|phi)|alpha|beta|[gG]amma|[dD]elta|zeta|eta|iota"
    r"|kappa|[lL]ambda|mu|nu|[xX]i|tau|[uU]psilon|chi|[pP]si|[oO]mega|Theta|Pi|Sigma|Phi|ell|infty"
    r"|star)"
)


@dataclass
class Symbols:
    """What the letters of a formula mean: canonical letter -> name, with its kind.

    ``kinds`` holds for each name ``scalar``, ``vector``, ``matrix`` or ``function``; a letter whose
    subscript ends in ``#`` is a family, one value for each value of its index. ``arguments`` are
    those that a function has where it is written without any.
    """

    letters: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: letters of several meanings, of which none is chosen
    undecided: set[str] = field(default_factory=set)

    def kind(self, name: str) -> str:
        return self.kinds.get(name, "scalar")


@dataclass
class Node:
    """A part of a formula: its kind, its parts, what else it carries, and its place."""

    kind: str
    args: list["Node"] = field(default_factory=list)
    data: object = None
    start: int = 0
    end: int = 0

    def walk(self):
        """This node and all below it."""
        yield self
        for child in self.args:
            yield from child.walk()


@dataclass(frozen=True)
class Formula:
    """A formula that was read: its text, and its clauses as chains (members, relations)."""

    tex: str
    clauses: tuple[Node, ...]

    def walk(self):
        for clause in self.clauses:
            yield from clause.walk()


def _ends_factor(found: list[Token]) -> bool:
    """Whether a factor can end with the last of these tokens."""
    if not found or found[-1].kind in {"row", "separator", "text"}:
        return False
    text = found[-1].text
    return text not in {*_OPERATORS, *"^_.:*"} and not _before_empty(found, len(found) - 1)


def _begins_factor(token: Token) -> bool:
    """Whether a factor can begin with this token."""
    if token.kind in {"row", "separator", "text", "column"}:
        return False
    closing = {*_STOPS, *_BARS.values(), r"\end"}
    return token.text not in {*_OPERATORS, *closing, *"^_.:*!'"}


def letter_key(base: str, sub: str = "", sup: str = "") -> str:
    return base + (f"_{{{sub}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")


def canonical(letter: str) -> str:
    r"""One spelling for a letter with its accents, sub- and superscripts.

    >>> canonical(r"\bar{\epsilon}_{u}^{\mathrm S}") == canonical(r"\bar\epsilon_u^S")
    True
    """
    reader = _Reader(letter.removeprefix("{}_1"), Symbols())
    base, sub, sup, _ = reader.letter_parts()
    if reader.here is not None:
        raise reader.error("one letter with sub- and superscripts is wanted, this goes on")
    return letter_key(base, sub, sup)


# --- the reader ---------------------------------------------------------------------------------

_RELATIONS = {
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
_OPEN = {"(": ")", "[": "]", r"\{": r"\}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}
_BARS = {"|": "|", r"\|": r"\|", r"\lvert": r"\rvert", r"\lVert": r"\rVert"}
_OPERATORS = {"+", "-", r"\cdot", r"\times", "/", *_RELATIONS}
_ROW_ENDS = {",", ";", ".", "(", "[", r"\{", "{", *_OPERATORS}
_ROW_GOES_ON = {",", ";", ".", ")", "]", r"\}", "}", r"\end", r"\rvert", r"\rVert", *_OPERATORS}
_FUNCTIONS = {
    *(r"\sin", r"\cos", r"\tan", r"\exp", r"\ln", r"\log", r"\arg", r"\sinh", r"\cosh", r"\arcsin"),
    *("Re", "Im", "tr", "vec", "diag", r"\Re", r"\Im", r"\det"),
}
#: functions of which nobody can say where a product behind them ends
_LINEAR = {"Re", "Im", "tr", "vec", "diag", "arg", "det"}
#: what binds its parts less than a product does
_OPEN_KINDS = {"sum", "series", "integral", "optimum"}
_EXTREMA = {r"\min": "min", r"\max": "max", r"\sup": "max", r"\inf": "min"}
_OPAQUE = {r"\Pr", "bb:E", "bb:P", "Var", "Cov"}
_STOPS = {
    *(")", "]", r"\}", "}", r"\rvert", r"\rVert", r"\rfloor", r"\rceil", ",", ";", "&"),
    "\\\\",  # between the rows of a matrix
}
_MATRICES = {"pmatrix", "bmatrix"}


def read(tex: str, symbols: Symbols) -> Formula:
    """Read a formula, or raise :class:`FormulaError` with the place of the first trouble."""
    reader = _Reader(tex, symbols)
    try:
        return Formula(tex, tuple(reader.clauses()))
    except RecursionError:
        raise reader.error("too many brackets in one another") from None


class _Reader:
    def __init__(self, tex: str, symbols: Symbols):
        self.tex, self.symbols = tex, symbols
        self.tokens = tokens(tex)
        self.at = 0
        self.bars: list[str] = []  # the bars that are open, innermost last
        self.bound: list[str] = []  # indices of sums and variables of integrals, innermost last
        self._resolve_columns()
        self._refuse_rows_that_run_together()

    # --- looking at tokens ---

    @property
    def here(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def text(self, ahead: int = 0) -> str | None:
        place = self.at + ahead
        return self.tokens[place].text if place < len(self.tokens) else None

    def take(self, expected: str | None = None) -> Token:
        token = self.here
        if token is None:
            wanted = f"'{expected}'" if expected else "an expression"
            raise FormulaError(f"{wanted} is missing at the end", self.tex, len(self.tex))
        if expected is not None and token.text != expected:
            raise self.error(f"'{expected}' is wanted in place of '{token.text}'")
        self.at += 1
        return token

    def error(self, message: str, place: int | None = None) -> FormulaError:
        if place is None:
            place = self.here.start if self.here else len(self.tex)
        return FormulaError(message, self.tex, place)

    def last_end(self) -> int:
        return self.tokens[self.at - 1].end

    def _resolve_columns(self) -> None:
        """Drop the ampersands that only align; the others part a value from what follows it."""
        kept: list[Token] = []
        environments: list[str] = []
        for place, token in enumerate(self.tokens):
            if token.text == r"\begin":
                environments.append("".join(t.text for t in self._peek_group(place + 1)))
            elif token.text == r"\end" and environments:
                environments.pop()
            if environments and environments[-1] in _MATRICES and token.kind in {"row", "column"}:
                text = "&" if token.kind == "column" else "\\\\"
                kept.append(Token("column", text, token.start, token.end))
                continue
            if token.kind != "column":
                kept.append(token)
                continue
            if not environments:
                raise self.error("an ampersand stands in no environment", token.start)
            following = self.tokens[place + 1] if place + 1 < len(self.tokens) else token
            cases = environments[-1] in {"cases", "dcases"}
            if _ends_factor(kept) and (cases or _begins_factor(following)):
                kept.append(Token("separator", token.text, token.start, token.end))
        self.tokens = kept

    def _refuse_rows_that_run_together(self) -> None:
        """Drop the row breaks, where the rows before and after them say how they hang together.

        A row that ends in an operator, or is followed by one, goes on; a comma ends it. After
        cases, whose bracket ends an equation for the eye, a new equation may begin at once.
        """
        kept: list[Token] = []
        for place, token in enumerate(self.tokens):
            if token.kind != "row":
                kept.append(token)
                continue
            following = self._row_after(place)
            if not kept or kept[-1].kind == "separator" or kept[-1].text in _ROW_ENDS:
                continue
            if not following or following[0] in _ROW_GOES_ON or following[0].startswith(r"\text"):
                continue
            if _closes_cases(kept) and any(text in _RELATIONS for text in following[1:]):
                kept.append(Token("separator", token.text, token.start, token.end))
                continue
            raise FormulaError(
                "rows run together: end the row before with a comma, or begin this one with an "
                "operator",
                self.tex,
                token.start,
            )
        self.tokens = kept

    def _row_after(self, place: int) -> list[str]:
        """What stands in the next row outside brackets."""
        following, level = [], 0
        for later in self.tokens[place + 1 :]:
            if later.kind == "row" or level < 0:
                break
            if level == 0:
                following.append(later.text)
            level += later.text in {"(", "[", r"\{", "{"}
            level -= later.text in {")", "]", r"\}", "}"}
        return following

    # --- clauses ---

    def clauses(self, end: str | None = None) -> list[Node]:
        out = []
        while self.here is not None and self.text() != end:
            if self.here.kind in ("separator", "row") or self.text() in {",", ";", "."}:
                stop = self.take()
                if stop.text == "." and self.here is not None and _begins_factor(self.here):
                    raise self.error("a formula goes on behind its full stop", stop.start)
                continue
            out.append(self.clause())
            ahead = self.here
            if out[-1].kind == "words":
                continue
            closes = ahead is None or ahead.text == end or ahead.text in {",", ";", "."}
            if not closes and ahead.kind not in ("separator", "text"):
                raise self.error(f"'{ahead.text}' fits nothing before it")
        if not out:
            raise self.error("there is no formula")
        return out

    def clause(self) -> Node:
        token = self.here
        if token is None:
            raise self.error("an expression is missing at the end")
        if token.kind == "text":
            self.take()
            return Node("words", data=_words(token.text), start=token.start, end=token.end)
        if self.text() == r"\begin" and self._environment() in {"aligned", "align", "gathered"}:
            return self.aligned()
        members, relations = [], []
        if self.text() in _RELATIONS:
            relations.append(self.relation())
            members.append(Node("nothing", start=token.start, end=token.start))
        members.append(self.expression())
        while self.here is not None and self.text() in _RELATIONS:
            relations.append(self.relation())
            if self.here is not None and self.here.kind == "text":
                words = self.take()
                members.append(Node("words", [], _words(words.text), words.start, words.end))
                continue
            members.append(self.expression())
        return Node("chain", members, relations, token.start, self.last_end())

    def _environment(self) -> str:
        return "".join(token.text for token in self._peek_group(1))

    def _peek_group(self, ahead: int) -> list[Token]:
        """The tokens inside the braces that open ``ahead`` tokens from here."""
        place = self.at + ahead
        if place >= len(self.tokens) or self.tokens[place].text != "{":
            raise self.error("'{' is missing")
        depth, inside = 0, []
        for token in self.tokens[place:]:
            depth += token.text == "{"
            depth -= token.text == "}"
            if depth == 0:
                return inside[1:]
            inside.append(token)
        raise self.error("'}' is missing", len(self.tex))

    def begin(self) -> str:
        self.take(r"\begin")
        name = "".join(token.text for token in self._peek_group(0))
        while self.take().text != "}":
            pass
        return name

    def finish(self, name: str) -> None:
        self.take(r"\end")
        if "".join(token.text for token in self._peek_group(0)) != name:
            raise self.error(f"\\begin{{{name}}} is not closed")
        while self.take().text != "}":
            pass

    def aligned(self) -> Node:
        start = self.here.start
        name = self.begin()
        inner = self.clauses(end=r"\end")
        self.finish(name)
        return Node("rows", inner, None, start, self.last_end())

    def relation(self) -> tuple[str, int, int]:
        """What the relation means, and its place."""
        token = self.take()
        return self._meaning(token), token.start, self.last_end()

    def _meaning(self, token: Token) -> str:
        over = (r"\stackrel", r"\overset")
        if token.text in (r"\xrightarrow", *over):
            if self.text() == "[":
                while self.take().text != "]":
                    pass
            self.raw_argument()
            if token.text in over:
                start, below = self.at, self.raw_argument()
                if below not in _RELATIONS:
                    raise self.error(f"'{below}' is no relation", self.tokens[start].start)
                return _RELATIONS[below]
        if self.text() == "^" and token.text in _RELATIONS:
            self.take()
            self.raw_argument()
        return _RELATIONS[token.text]

    # --- expressions ---

    def expression(self) -> Node:
        start = self.here.start if self.here else len(self.tex)
        sign, terms, signs = None, [], []
        if self.text() in {"+", "-"}:
            sign = self.take()
        terms.append(self.term())
        signs.append((sign.text if sign else "", sign.start if sign else terms[0].start))
        while self.text() in {"+", "-"}:
            token = self.take()
            terms.append(self.term())
            signs.append((token.text, token.start))
        if len(terms) == 1 and not sign:
            return terms[0]
        for term in terms:
            self._refuse_hidden(term, {"sum"})
        return Node("sum", terms, signs, start, self.last_end())

    def term(self) -> Node:
        if self.here is None:
            raise self.error("an expression is missing at the end")
        start = self.here.start
        parts = [self.factor()]
        operators = [""]
        while True:
            text = self.text()
            if text in {r"\cdot", r"\times", "*"}:
                self.take()
                parts.append(self.factor())
                operators.append("*")
            elif text == "/":
                self.take()
                parts.append(self.factor())
                operators.append("/")
                if self._starts_factor():
                    raise self.error("a product follows the slash: write brackets or \\frac")
            elif self._starts_factor():
                parts.append(self.factor())
                operators.append("*")
            else:
                break
        if len(parts) == 1:
            return parts[0]
        self._refuse_digits_side_by_side(parts, operators)
        for part, operator in zip(parts, operators, strict=True):
            self._refuse_hidden(part, _OPEN_KINDS | ({"product"} if operator == "/" else set()))
        return Node("product", parts, operators, start, self.last_end())

    def _refuse_hidden(self, node: Node, kinds: set[str]) -> None:
        """Braces do not show: what they hold must read the same without them."""
        inner = node
        while inner.kind == "group" and inner.data == "{}":
            inner = inner.args[0]
        if inner is not node and inner.kind in kinds:
            raise self.error("these braces do not show: write brackets", node.start)

    def _refuse_digits_side_by_side(self, parts: list[Node], operators: list[str]) -> None:
        """The product of 2 and 3 is shown as 23."""
        for left, right, operator in zip(parts, parts[1:], operators[1:], strict=False):
            while right.kind in {"power", "factorial"} or (right.kind, right.data) == (
                "group",
                "{}",
            ):
                right = right.args[0]
            while (left.kind, left.data) == ("group", "{}"):
                left = left.args[0]
            sign = self.tex[left.end : right.start]
            written = any(mark in sign for mark in (r"\cdot", r"\times", "*"))
            if left.kind == right.kind == "number" and operator == "*" and not written:
                raise self.error("two numbers side by side: write a dot between them", right.start)

    def _starts_factor(self) -> bool:
        token = self.here
        if token is None or token.kind in ("separator", "text", "row"):
            return False
        text = token.text
        if text in _BARS:
            return not (self.bars and self.bars[-1] == text)
        if text in _STOPS or text in _RELATIONS or text in {"+", "-", "/", "^", "_", ".", ":"}:
            return False
        if text in {r"\end", r"\cdot", r"\times", "*", r"\rvert", r"\rVert", "!", "'"}:
            return False
        return not self._differential()

    def _differential(self) -> bool:
        """Whether an upright d stands here and an integral waits for it."""
        if "∫" not in self.bound:
            return False
        if self.text() not in _UPRIGHT:
            return False
        if self.text(1) == "d":
            return True
        inside = self._peek_group(1) if self.text(1) == "{" else []
        return [token.text for token in inside] == ["d"]

    def factor(self) -> Node:
        return self.postfix(self.primary())

    def primary(self) -> Node:
        """One factor without the powers and marks behind it."""
        token = self.here
        if token is None:
            raise self.error("an expression is missing at the end")
        start, text = token.start, token.text
        if token.kind == "number":
            self.take()
            return Node("number", [], text, start, token.end)
        if text == "{":
            if self.text(1) == "}":  # in front of an index, as in {}_1F_1
                return self._prefixed()
            self.take()
            inner = self.expression()
            self.take("}")
            return Node("group", [inner], "{}", start, self.last_end())
        if text == "[" and self._bracketed_letter():
            return self.symbol()
        if text in _OPEN:
            return self.bracket()
        if text in _BARS:
            self.take()
            close = _BARS[text]
            self.bars.append(close)
            inner = self.expression()
            if self.text() != close:
                raise self.error(f"'{close}' is missing", start)
            self.take()
            self.bars.pop()
            kind = "norm" if text in {r"\|", r"\lVert"} else "modulus"
            return Node(kind, [inner], None, start, self.last_end())
        if text == r"\frac":
            if self.text(2) == r"\partial":
                return self._derivative()
            self.take()
            top, bottom = self.argument(), self.argument()
            return Node("fraction", [top, bottom], None, start, self.last_end())
        if text == r"\binom":
            self.take()
            upper, lower = self.argument(), self.argument()
            return Node("binomial", [upper, lower], None, start, self.last_end())
        if text == r"\sqrt":
            self.take()
            order = None
            if self.text() == "[":
                self.take()
                order = self.expression()
                self.take("]")
            inner = self.argument()
            args = [inner] if order is None else [inner, order]
            return Node("root", args, None, start, self.last_end())
        if text in {r"\sum", r"\prod"}:
            return self.big_operator()
        if text == r"\int":
            return self.integral()
        if text in _EXTREMA:
            return self.extremum()
        if text == r"\begin":
            name = self._environment()
            if name in {"cases", "dcases"}:
                return self.cases()
            if name in _MATRICES:
                return self.matrix()
            if name in {"aligned", "gathered"}:
                self.begin()
                inner = self.expression()
                self.finish(name)
                return Node("group", [inner], "{}", start, self.last_end())
            raise self.error(f"the environment {name} is not read")
        if text == r"\lim":
            raise self.error("a limit is not evaluated: write an arrow")
        if text in {r"\partial", r"\nabla"}:
            raise self.error("a derivative is not evaluated: write the differentiated form")
        function = self._function_name()
        if function:
            return self.applied(function)
        return self.symbol()

    def _prefixed(self) -> Node:
        start = self.take("{").start
        self.take("}")
        self.take("_")
        order = self.raw_argument()
        base, sub, sup, _ = self.letter_parts()
        if (order, base, sub, sup) != ("1", "F", "1", ""):
            raise self.error("only {}_1F_1 may begin with an index", start)
        data = {"name": "hyp1f1", "order": None, "letter_end": self.last_end()}
        return Node("apply", self._arguments(), data, start, self.last_end())

    def _derivative(self) -> Node:
        """A derivative is a name for a value, as a mean is."""
        start = self.take().start
        key = "".join(token.text for part in (0, 1) for token in self._skip_group())
        return Node("opaque", [], key, start, self.last_end())

    def _skip_group(self) -> list[Token]:
        inside = self._peek_group(0)
        self.at += len(inside) + 2
        return inside

    def _bracketed_letter(self) -> bool:
        """Whether a bracket with an index behind it stands here: [F]_{1,1} is a letter."""
        depth = 0
        for place in range(self.at, len(self.tokens)):
            depth += self.tokens[place].text == "["
            depth -= self.tokens[place].text == "]"
            if depth == 0:
                return place + 1 < len(self.tokens) and self.tokens[place + 1].text == "_"
        return False

    def bracket(self) -> Node:
        token = self.take()
        close = _OPEN[token.text]
        outer, self.bars = self.bars, []
        items = [self.expression()]
        while self.text() in {",", ";"}:
            self.take()
            items.append(self.expression())
        self.bars = outer
        if self.text() != close:
            found = f"'{self.text()}'" if self.here else "the end"
            raise self.error(f"'{close}' is wanted for the '{token.text}' before, not {found}")
        self.take()
        if len(items) > 1:
            return Node("tuple", items, token.text, token.start, self.last_end())
        kind = {r"\lfloor": "floor", r"\lceil": "ceiling"}.get(token.text, "group")
        return Node(kind, items, token.text, token.start, self.last_end())

    def postfix(self, node: Node) -> Node:
        """Powers, conjugates, transposes and factorials behind a closed part."""
        while self.text() in {"^", "!", "'"}:
            if self.text() == "!":
                self.take()
                if self.text() == "!":
                    raise self.error("a double factorial is not read: write it as a quotient")
                self._refuse_hidden(node, {"product", "power", *_OPEN_KINDS})
                node = Node("factorial", [node], None, node.start, self.last_end())
            elif self.text() == "'":
                raise self.error("a prime is no operation here: use a letter of its own")
            else:
                self.take()
                unclear = {"fraction", "root", "cases"}
                hidden = {"product", "power", "factorial", *_OPEN_KINDS, *unclear}
                self._refuse_hidden(node, hidden)
                if node.kind in unclear:
                    raise self.error("a power of what? Write brackets around what is raised")
                node = self.raised(node)
                self._refuse_second_power()
        if self.text() == "_":
            raise self.error("an index behind a closed part has no meaning here")
        return node

    def _refuse_second_power(self) -> None:
        if self.text() in {"^", "'"}:
            raise self.error("a second superscript: write brackets")

    def raised(self, node: Node) -> Node:
        """The part that follows a caret, applied to ``node``."""
        before = self.at
        raw = self.raw_argument()
        end = self.last_end()
        if raw in {"H", "T"}:
            plain = node.kind == "symbol" and "b:" not in node.data["key"]  # no bold letter
            scalar = plain and self.symbols.kind(node.data["name"]) == "scalar"
            if scalar and raw in self.symbols.letters:
                place = self.tokens[before].start
                raise self.error(f"is {raw} an exponent or a mark? Write brackets", place)
            if node.kind in {"number", "constant"}:
                raw = ""  # no vector: the letter is an exponent
        special = {
            "H": "adjoint",
            r"\dagger": "adjoint",
            "T": "transpose",
            r"\top": "transpose",
            "*": "conjugate",
            "+": "positive",
        }.get(raw)
        if special:
            return Node(special, [node], None, node.start, end)
        self.at = before
        exponent = self.argument()
        return Node("power", [node, exponent], None, node.start, self.last_end())

    def argument(self) -> Node:
        """What TeX takes as one argument: a group, a digit, a letter, a command with its own."""
        token = self.here
        if token is None:
            raise self.error("an argument is missing at the end")
        if token.text == "{":
            self.take()
            inner = self.expression()
            self.take("}")
            return Node("group", [inner], "{}", token.start, self.last_end())
        if token.kind == "number":
            self._split_number()
            token = self.take()
            return Node("number", [], token.text, token.start, token.end)
        if token.text in {r"\frac", r"\sqrt", r"\binom"}:
            return self.primary()
        if token.text in _RELATIONS or token.text in _STOPS or token.text in {"^", "_", "+", "-"}:
            raise self.error("an argument is missing")
        return self.symbol(scripts=False)

    def raw_argument(self, inside: bool = False) -> str:
        """An argument as text, for names: without spaces, braces and upright fonts."""
        if self.here is not None and self.here.kind == "number" and not inside:
            self._split_number()
        token = self.take()
        if token.kind == "text":
            return _words(token.text)
        if token.text in {"}", "&", "^", "_"} or token.kind in {"separator", "row"}:
            raise self.error("an argument is missing", token.start)
        if token.text != "{":
            if token.text in _UPRIGHT or token.text in _BOLD:
                return self.raw_argument()
            if token.text in _ACCENTS:
                return f"\\{_ACCENTS[token.text]}{{{self.raw_argument()}}}"
            if token.text in _FONTS:
                return f"{_FONTS[token.text]}:{self.raw_argument()}"
            return token.text
        out = []
        while self.text() != "}":
            if self.text() == "^" or self.text() == "_":
                out.append(self.take().text)
            out.append(self.raw_argument(inside=True))
        if not out:
            raise self.error("an argument is empty", token.start)
        self.take("}")
        return "".join(out)

    def _split_number(self) -> None:
        """TeX takes one digit as an argument; the rest stays."""
        token = self.here
        if len(token.text) == 1:
            return
        if token.text[1] == ".":
            raise self.error("a decimal number as an argument needs braces")
        middle = token.start + 1
        self.tokens[self.at : self.at + 1] = [
            Token("number", token.text[0], token.start, middle, token.spaced),
            Token("number", token.text[1:], middle, token.end),
        ]

    # --- operators with a range ---

    def limits(self, named: bool = True) -> tuple[str | None, Node | None, Node | None]:
        """Index, lower and upper limit behind a sum, product, integral or extremum.

        A letter alone below the sign is the index, unless the sign has none (``named``).
        """
        index = lower = upper = None
        while self.text() in {"_", "^"}:
            which = self.take().text
            if which == "^":
                upper = self.argument()
            elif not named or self.here is None:
                lower = self.argument()
            elif self.text() == "{":
                self.take()
                if self.text(1) in {"=", r"\ge", ">", r"\in", r"\ne"} or self.text(1) == "}":
                    index = self.take().text
                    relation = self.take().text if self.text() != "}" else None
                    if relation in {"=", r"\ge"}:
                        lower = self.expression()
                        if relation == r"\ge":
                            upper = Node("constant", [], "infty", lower.end, lower.end)
                    elif relation == r"\ne":
                        index = f"{index}!={self.raw_argument()}"
                    elif relation is not None:
                        raise self.error(f"a range with '{relation}' is not read: write limits")
                else:
                    lower = self.expression()
                self.take("}")
            elif self.here.kind == "number" or self.text() not in "abcdefghijklmnopqrstuvwxyz":
                lower = self.argument()
            else:
                index = self.take().text
        return index, lower, upper

    def big_operator(self) -> Node:
        token = self.take()
        index, lower, upper = self.limits()
        if index is None:
            raise self.error("a sum needs the name of its index", token.start)
        index, _, excluded = index.partition("!=")
        self.bound.append(index)
        body = self.term()
        self.bound.pop()
        args = [body, *(node for node in (lower, upper) if node is not None)]
        data = {"op": token.text, "index": index, "lower": lower, "upper": upper}
        data["excluded"] = excluded or None
        return Node("series", args, data, token.start, self.last_end())

    def integral(self) -> Node:
        token = self.take()
        if self.text() == r"\int":
            raise self.error("a double integral is not evaluated")
        _, lower, upper = self.limits(named=False)
        if lower is None or upper is None:
            raise self.error("an integral needs both limits", token.start)
        # the variable stands at the end: look for it first, so that its letter is known inside
        variable = self._find_variable(token.start)
        self.bound += [variable, "∫"]
        if self._differential():
            raise self.error("the integrand is missing: write 1")
        body = self.expression() if self.text() in {"+", "-"} else self.term()
        if not self._differential():
            raise self.error("the differential of the integral is missing", token.start)
        self.take()
        self.raw_argument()
        self.letter_parts()
        del self.bound[-2:]
        data = {"index": variable, "lower": lower, "upper": upper}
        node = Node("integral", [body, lower, upper], data, token.start, self.last_end())
        return node

    def _find_variable(self, start: int) -> str:
        depth = 0
        for place in range(self.at, len(self.tokens) - 1):
            text = self.tokens[place].text
            depth += text == r"\int"
            if text in _UPRIGHT:
                keep, self.at = self.at, place
                self.bound.append("∫")
                found = self._differential()
                self.bound.pop()
                if found and depth == 0:
                    self.take()
                    self.raw_argument()
                    if self.here is None or self.here.kind == "number":
                        raise self.error("the variable of the integral is missing")
                    base, sub, sup, _ = self.letter_parts()
                    self.at = keep
                    return letter_key(base, sub, sup)
                depth -= found
                self.at = keep
        raise self.error("the differential of the integral is missing", start)

    def extremum(self) -> Node:
        token = self.take()
        kind = _EXTREMA[token.text]
        index, lower, upper = self.limits()
        if index is not None:
            if self.text() == r"\{" or lower is not None or upper is not None:
                raise self.error("an extremum over a set is not read", token.start)
            self.bound.append(index)
            body = self.term()
            self.bound.pop()
            return Node("optimum", [body], {"op": kind, "index": index}, token.start, body.end)
        if self.text() not in _OPEN:
            raise self.error(f"{token.text} needs its values in brackets")
        inner = self.bracket()
        args = inner.args if inner.kind == "tuple" else [inner]
        return Node(kind, args, None, token.start, self.last_end())

    def cases(self) -> Node:
        """Values and conditions in turn, parted by commas; a row break alone means nothing."""
        start = self.here.start
        name = self.begin()
        rows, otherwise = [], None
        while self.text() != r"\end":
            value = self.expression()
            while self.text() == "," or (self.here and self.here.kind == "separator"):
                self.take()
            if self.here is None:
                raise self.error(r"\end{cases} is missing")
            condition = self.condition()
            if condition.kind == "words":
                otherwise = condition
            rows.append(Node("case", [value, condition], None, value.start, self.last_end()))
            while self.text() in {",", ";", "."} or (self.here and self.here.kind == "separator"):
                self.take()
        if not rows:
            raise self.error("there is no case")
        self.finish(name)
        if otherwise is not None and rows[-1].args[1] is not otherwise:
            raise self.error("'otherwise' must be the last case", otherwise.start)
        return Node("cases", rows, None, start, self.last_end())

    def matrix(self) -> Node:
        """Rows of expressions, all of one length."""
        start = self.here.start
        name = self.begin()
        rows = [[self.expression()]]
        while self.text() != r"\end":
            if self.text() == "&":
                self.take()
                rows[-1].append(self.expression())
            else:
                self.take("\\\\")
                if self.text() != r"\end":
                    rows.append([self.expression()])
        self.finish(name)
        if len({len(row) for row in rows}) > 1:
            raise self.error("the rows of a matrix have different lengths", start)
        entries = [entry for row in rows for entry in row]
        return Node("matrix", entries, len(rows[0]), start, self.last_end())

    def condition(self) -> Node:
        start = self.here.start
        if self.here.kind == "text" and _words(self.here.text) == "otherwise":
            token = self.take()
            return Node("words", [], "otherwise", token.start, token.end)
        parts = []
        while True:
            if self.here is not None and self.here.kind == "text":
                token = self.take()
                word = _words(token.text)
                if word not in {"and", "for", "if", "when", "for all"}:
                    raise self.error(f"'{word}' is no word of a condition", token.start)
                continue
            parts.append(self.clause())
            if parts[-1].kind != "chain" or not parts[-1].data:
                raise self.error("a condition is an equation or an inequality", parts[-1].start)
            if parts[-1].args[0].kind == "nothing":
                raise self.error("the left side of the condition is missing", parts[-1].start)
            if not (self.here is not None and self.here.kind == "text"):
                break
            if _words(self.here.text) not in {"and"}:
                break
        return Node("condition", parts, None, start, self.last_end())

    # --- functions and letters ---

    def _function_name(self) -> str | None:
        text = self.text()
        if text in _FUNCTIONS:
            return text
        if text in _UPRIGHT and self.text(1) == "{":
            word = "".join(token.text for token in self._peek_group(1))
            return word if word in _FUNCTIONS else None
        return None

    def applied(self, name: str) -> Node:
        start = self.here.start
        self.take()
        if name.isalpha():
            self.raw_argument()
        base, exponent = None, None
        while self.text() in {"_", "^"}:
            if self.take().text == "_":
                base = self.argument()
            elif self.text() in {"H", "*"}:
                raise self.error("write the adjoint behind the bracket")
            else:
                exponent = self._no_inverse(name)
        if self.text() in _OPEN or self.text() in _BARS:
            inner = self.primary()
        else:
            inner = self.loose_argument(name)
        args = [inner] if base is None else [inner, base]
        node = Node("function", args, name.lstrip("\\"), start, self.last_end())
        if exponent is not None:
            node = Node("power", [node, exponent], None, start, self.last_end())
        return node

    def _no_inverse(self, name: str) -> Node:
        """The exponent between a function and its argument; -1 there is the inverse to many."""
        start = self.here.start if self.here else len(self.tex)
        exponent = self.argument()
        inner = exponent.args[0] if exponent.kind == "group" else exponent
        if inner.kind == "sum" and inner.data[0][0] == "-":
            raise self.error(
                f"is this the inverse of {name} or one over it? Write a quotient, or list a letter",
                start,
            )
        return exponent

    def loose_argument(self, name: str) -> Node:
        """The argument of a function without brackets: letters and numbers in a row, or one part."""
        start = self.here.start if self.here else len(self.tex)
        parts = []
        while self._starts_factor() and not (parts and self.here.spaced):
            text = self.text()
            if text in _OPEN or text in _BARS:
                raise self.error(f"does {name} end before this bracket? Write its own brackets")
            if text in {r"\sum", r"\int", r"\begin"} or self._function_name():
                break
            if text in _UPRIGHT and parts:
                break
            if text in _BOLD | {r"\mathbb"} and parts:
                break
            parts.append(self.factor())
        if not parts:
            raise self.error(f"{name} has no argument")
        if self.text() == "/" or (name.lstrip("\\") in _LINEAR and self._starts_factor()):
            raise self.error(f"does {name} end here? Write brackets")
        for place, part in enumerate(parts):
            self._refuse_hidden(part, _OPEN_KINDS)
            if place and not (_is_letter(parts[place - 1]) and _is_letter(part)):
                raise self.error(f"does {name} end here? Write brackets", part.start)
        if len(parts) == 1:
            return parts[0]
        return Node("product", parts, [""] + ["*"] * (len(parts) - 1), start, self.last_end())

    def letter_parts(self, scripts: bool = True) -> tuple[str, str, str, int]:
        """Base, subscript and superscript of the letter here, and where the superscript begins."""
        base = self._base()
        sub = sup = ""
        caret = self.at
        if not scripts:
            return base, sub, sup, caret
        while self.text() in {"_", "^", "'"}:
            if self.text() == "'":
                self.take()
                base += "'"
                caret = self.at
            elif self.text() == "_" and not sub:
                if sup:
                    # \Pi^l_{AA}: the order of the scripts does not matter
                    self.take()
                    sub = self.raw_argument()
                    continue
                self.take()
                sub = self.raw_argument()
                caret = self.at
            elif self.text() == "^" and not sup:
                caret = self.at
                self.take()
                sup = self.raw_argument()
                self._refuse_second_power()
            else:
                break
        return base, sub, sup, caret

    def _base(self) -> str:
        token = self.take()
        text = token.text
        if text == "[":
            inner = letter_key(*self.letter_parts()[:3])
            self.take("]")
            return f"[{inner}]"
        if text in _BOLD:
            return "b:" + self._base_argument()
        if text in _ACCENTS:
            return f"\\{_ACCENTS[text]}{{{self._base_argument()}}}"
        if text in _FONTS:
            return f"{_FONTS[text]}:{self._base_argument()}"
        if text in _UPRIGHT:
            return f"rm:{self.raw_argument()}"
        if text == r"\Delta" and self.here is not None and self.here.kind == "letter":
            # a difference has a letter of two tokens
            pair = rf"\Delta {self.text()}"
            if pair in self.symbols.letters or not self.symbols.letters:
                self.take()
                return pair
        if token.kind == "letter" or _GREEK.fullmatch(text):
            return text
        if token.kind == "number":
            return text
        if text in {r"\Pr", r"\log", r"\star"}:
            return text
        raise self.error(f"'{text}' is nothing that can be read here", token.start)

    def _base_argument(self) -> str:
        if self.text() == "{":
            self.take()
            base = self._base()
            while self.text() in {"_", "^"}:
                base += self.take().text + "{" + self.raw_argument() + "}"
            self.take("}")
            return base
        return self._base()

    def symbol(self, scripts: bool = True) -> Node:
        start = self.here.start
        constant = self._constant(start)
        if constant is not None:
            return constant
        begin = self.at
        base, sub, sup, caret = self.letter_parts(scripts)
        found = self._look_up(base, sub, sup)
        mean = base in _OPAQUE or base.removeprefix("rm:") in _OPAQUE | {"E"}
        if mean and (found is None or base != "E"):
            return self.opaque(begin, start)
        if found is None and sup:
            # the superscript is no part of the name: a power, an adjoint, a conjugate
            self.at, sup = caret, ""
            found = self._look_up(base, sub, "")
        if found is None:
            raise self.error(self._unknown(base, sub, sup), start)
        name, index = found
        data = {"name": name, "index": index, "key": letter_key(base, sub, sup)}
        node = Node("symbol", [], data, start, self.last_end())
        if self.symbols.kind(name) == "function":
            order = None if index is None else self.order(index, start)
            data = {"name": name, "order": order, "letter_end": self.last_end()}
            powers = None
            if self.text() == "^":
                keep = self.at
                powers = self._marked(node)
                if self.text() != "(":
                    powers, self.at = None, keep
            if self.text() == "(" or powers is not None:
                args = self._arguments()
                node = Node("apply", args, data, start, self.last_end())
                if powers is not None:
                    node = powers(node)
            else:
                data["arguments"] = self.symbols.arguments.get(name, ())
                node = Node("apply", [], data, start, self.last_end())
        return node

    def order(self, index: str, start: int) -> Node:
        """The order of a function, from the text of its index."""
        inner = _Reader(index, self.symbols)
        inner.bound = self.bound
        try:
            node = inner.expression()
        except FormulaError as error:
            raise self.error(f"the index '{index}' of a function: {error}", start) from None
        return node

    def _marked(self, node: Node):
        """A mark between the name of a function and its bracket, as in a^H(theta)."""
        self.take("^")
        before = self.at
        raw = self.raw_argument()
        self._refuse_second_power()
        kind = {"H": "adjoint", "T": "transpose", "*": "conjugate"}.get(raw)
        if kind:
            return lambda inner: Node(kind, [inner], None, inner.start, inner.end)
        self.at = before
        exponent = self._no_inverse(self.tex[node.start : node.end])
        return lambda inner: Node("power", [inner, exponent], None, inner.start, inner.end)

    def _arguments(self) -> list[Node]:
        if self.text() != "(":
            raise self.error("the arguments of the function are missing")
        inner = self.bracket()
        return inner.args

    def _look_up(self, base: str, sub: str, sup: str) -> tuple[str, str | None] | None:
        key = letter_key(base, sub, sup)
        if key in self.bound:
            return f"#{key}", None
        if key in self.symbols.letters:
            return self.symbols.letters[key], None
        if key in self.symbols.undecided:
            return None
        head, comma, last = sub.rpartition(",")
        family = letter_key(base, f"{head}{comma}#", sup)
        if sub and family in self.symbols.letters:
            return self.symbols.letters[family], last
        # a family's letter without its index is the one member that is meant
        plain = letter_key(base, f"{sub},#" if sub else "#", sup)
        if plain in self.symbols.letters:
            return self.symbols.letters[plain], None
        return None

    def _constant(self, start: int) -> Node | None:
        text = self.text()
        end = self.here.end
        if text in {r"\pi", r"\infty"} and self.text(1) != "_":
            self.take()
            return Node("constant", [], text[1:], start, end)
        word = None
        if text in _UPRIGHT:
            inside = self._peek_group(1) if self.text(1) == "{" else self.tokens[self.at + 1 :][:1]
            word = "".join(token.text for token in inside)
        bare = text in {"e", "j"} and text not in self.bound
        if bare and self._look_up(text, "", "") is None and self.text(1) != "_":
            word = text
        if word in {"e", "j", "i"}:
            self.take()
            if text in _UPRIGHT:
                self.raw_argument()
            return Node("constant", [], {"i": "j"}.get(word, word), start, self.last_end())
        if text in _BOLD:
            letter = self._peek_group(1) if self.text(1) == "{" else self.tokens[self.at + 1 :][:1]
            name = "".join(token.text for token in letter)
            if name in {"I", "0"}:
                self.take()
                self._base_argument()
                if self.text() == "_":
                    self.take()
                    size = self.raw_argument()
                    if name == "I" and size != "N":
                        raise self.error(f"an identity of size {size} is not evaluated", start)
                kind = "identity" if name == "I" else "zero"
                return Node(kind, [], None, start, self.last_end())
        if text in _FONTS and self._law() is not None:
            name = self._law()
            self.take()
            self.raw_argument()
            return Node("law", self._arguments(), name, start, self.last_end())
        return None

    def _law(self) -> str | None:
        """CN or N in calligraphic type, followed by the moments in brackets."""
        if self.text() != r"\mathcal":
            return None
        if self.text(1) != "{":
            return "N" if self.text(1) == "N" and self.text(2) == "(" else None
        name = "".join(token.text for token in self._peek_group(1))
        return name if name in {"CN", "N"} else None

    def opaque(self, begin: int, start: int) -> Node:
        """A mean or a probability: kept as text, to be named or compared as a whole."""
        if self.text() in {"_", "^"}:
            self.take()
            self.raw_argument()
        close = {**_OPEN, "{": "}", **_BARS}.get(self.text() or "")
        if close is None:
            self.letter_parts()
        else:
            opening, depth = self.text(), 0
            while True:
                token = self.take()
                if token.text == opening and (opening != close or depth == 0):
                    depth += 1
                elif token.text == close:
                    depth -= 1
                if depth == 0:
                    break
            while self.text() == "^":
                self.take()
                self.raw_argument()
        key = "".join(token.text for token in self.tokens[begin : self.at])
        return Node("opaque", [], key, start, self.last_end())

    def _unknown(self, base: str, sub: str, sup: str) -> str:
        import difflib

        key = letter_key(base, sub, sup)
        if letter_key(base, sub) in self.symbols.undecided:
            return f"{key} has several meanings: choose one by a line '${base}$ is name'"
        near = difflib.get_close_matches(key, self.symbols.letters, n=2, cutoff=0.5)
        hint = f"; near it: {', '.join(near)}" if near else ""
        return f"unknown symbol {key}{hint}: list it in the vocabulary or among the claim's own"


def _is_letter(node: Node) -> bool:
    """Whether this is a letter or a number, perhaps with a power or a mark."""
    marks = {"power", "conjugate", "adjoint", "transpose"}
    while node.kind in marks or (node.kind, node.data) == ("group", "{}"):
        node = node.args[0]
    return node.kind in {"symbol", "number", "constant"} or (node.kind == "apply" and not node.args)


def _words(text: str) -> str:
    """The words inside \\text{...}."""
    return " ".join(re.sub(r"^\\\w+\{|\}$", "", text).split()).rstrip(".,;")
