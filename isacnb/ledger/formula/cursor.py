"""Goes through the tokens of a formula: looks at them, takes them, refuses what is not wanted."""

from .nodes import Symbols
from .tokens import (
    OPERATORS,
    RELATIONS,
    FormulaError,
    Token,
    begins_factor,
    closes_cases,
    ends_factor,
    tokens,
    words_in,
)

__all__ = ["ACCENTS", "BOLD", "FONTS", "MATRICES", "UPRIGHT", "Cursor"]

ACCENTS = {
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
BOLD = {r"\boldsymbol", r"\mathbf", r"\bm"}
UPRIGHT = {r"\mathrm", r"\operatorname", r"\mathop", r"\rm", r"\mathsf"}
FONTS = {r"\mathcal": "cal", r"\mathbb": "bb", r"\mathfrak": "frak"}
MATRICES = {"pmatrix", "bmatrix"}
_ROW_ENDS = {",", ";", ".", "(", "[", r"\{", "{", *OPERATORS}
_ROW_GOES_ON = {",", ";", ".", ")", "]", r"\}", "}", r"\end", r"\rvert", r"\rVert", *OPERATORS}


class Cursor:
    """The tokens of a formula, and where the reading stands."""

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

    # --- groups and environments ---

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

    def _environment(self) -> str:
        return "".join(token.text for token in self._peek_group(1))

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

    def raw_argument(self, inside: bool = False) -> str:
        """An argument as text, for names: without spaces, braces and upright fonts."""
        if self.here is not None and self.here.kind == "number" and not inside:
            self._split_number()
        token = self.take()
        if token.kind == "text":
            return words_in(token.text)
        if token.text in {"}", "&", "^", "_"} or token.kind in {"separator", "row"}:
            raise self.error("an argument is missing", token.start)
        if token.text != "{":
            if token.text in UPRIGHT or token.text in BOLD:
                return self.raw_argument()
            if token.text in ACCENTS:
                return f"\\{ACCENTS[token.text]}{{{self.raw_argument()}}}"
            if token.text in FONTS:
                return f"{FONTS[token.text]}:{self.raw_argument()}"
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

    # --- rows and columns ---

    def _resolve_columns(self) -> None:
        """Drop the ampersands that only align; the others part a value from what follows it."""
        kept: list[Token] = []
        environments: list[str] = []
        for place, token in enumerate(self.tokens):
            if token.text == r"\begin":
                environments.append("".join(t.text for t in self._peek_group(place + 1)))
            elif token.text == r"\end" and environments:
                environments.pop()
            if environments and environments[-1] in MATRICES and token.kind in {"row", "column"}:
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
            if ends_factor(kept) and (cases or begins_factor(following)):
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
            if closes_cases(kept) and any(text in RELATIONS for text in following[1:]):
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
