"""Reads letters, constants, and functions with their arguments."""

import re

from .cursor import ACCENTS, BOLD, FONTS, UPRIGHT, Cursor
from .nodes import Node, letter_key
from .tokens import BARS, OPEN, FormulaError

__all__ = ["OPEN_KINDS", "Letters"]

_GREEK = re.compile(
    r"\\(?:(?:var)?(?:epsilon|theta|pi|rho|sigma|phi)|alpha|beta|[gG]amma|[dD]elta|zeta|eta|iota"
    r"|kappa|[lL]ambda|mu|nu|[xX]i|tau|[uU]psilon|chi|[pP]si|[oO]mega|Theta|Pi|Sigma|Phi|ell|infty"
    r"|star)"
)
_FUNCTIONS = {
    *(r"\sin", r"\cos", r"\tan", r"\exp", r"\ln", r"\log", r"\arg", r"\sinh", r"\cosh", r"\arcsin"),
    *("Re", "Im", "tr", "vec", "diag", r"\Re", r"\Im", r"\det"),
}
#: functions of which nobody can say where a product behind them ends
_LINEAR = {"Re", "Im", "tr", "vec", "diag", "arg", "det"}
#: what binds its parts less than a product does
OPEN_KINDS = {"sum", "series", "integral", "optimum"}
_OPAQUE = {r"\Pr", "bb:E", "bb:P", "Var", "Cov"}


class Letters(Cursor):
    """What a letter means is decided here, by the symbols given.

    Brackets and arguments hold expressions, which :class:`.reader.Reader` reads.
    """

    # --- functions ---

    def _function_name(self) -> str | None:
        text = self.text()
        if text in _FUNCTIONS:
            return text
        if text in UPRIGHT and self.text(1) == "{":
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
        if self.text() in OPEN or self.text() in BARS:
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
            if text in OPEN or text in BARS:
                raise self.error(f"does {name} end before this bracket? Write its own brackets")
            if text in {r"\sum", r"\int", r"\begin"} or self._function_name():
                break
            if text in UPRIGHT and parts:
                break
            if text in BOLD | {r"\mathbb"} and parts:
                break
            parts.append(self.factor())
        if not parts:
            raise self.error(f"{name} has no argument")
        if self.text() == "/" or (name.lstrip("\\") in _LINEAR and self._starts_factor()):
            raise self.error(f"does {name} end here? Write brackets")
        for place, part in enumerate(parts):
            self._refuse_hidden(part, OPEN_KINDS)
            if place and not (_is_letter(parts[place - 1]) and _is_letter(part)):
                raise self.error(f"does {name} end here? Write brackets", part.start)
        if len(parts) == 1:
            return parts[0]
        return Node("product", parts, [""] + ["*"] * (len(parts) - 1), start, self.last_end())

    # --- letters ---

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
        if text in BOLD:
            return "b:" + self._base_argument()
        if text in ACCENTS:
            return f"\\{ACCENTS[text]}{{{self._base_argument()}}}"
        if text in FONTS:
            return f"{FONTS[text]}:{self._base_argument()}"
        if text in UPRIGHT:
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
        inner = type(self)(index, self.symbols)
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
        if text in UPRIGHT:
            inside = self._peek_group(1) if self.text(1) == "{" else self.tokens[self.at + 1 :][:1]
            word = "".join(token.text for token in inside)
        bare = text in {"e", "j"} and text not in self.bound
        if bare and self._look_up(text, "", "") is None and self.text(1) != "_":
            word = text
        if word in {"e", "j", "i"}:
            self.take()
            if text in UPRIGHT:
                self.raw_argument()
            return Node("constant", [], {"i": "j"}.get(word, word), start, self.last_end())
        if text in BOLD:
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
        if text in FONTS and self._law() is not None:
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
        close = {**OPEN, "{": "}", **BARS}.get(self.text() or "")
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
