r"""Reads the TeX of a formula into a tree, with the place of every part in the text.

A formula is a row of clauses, parted by commas, semicolons or wide spaces; a clause is a chain of
expressions between relations. What a letter means is decided while reading, by the symbols given:
:math:`\epsilon_u^C` is one name and not a power, ``F_Z(z)`` an application and ``N(z)`` a product.
Nothing is guessed: an unknown letter, dots that stand for something, a slash followed by a product
without brackets and the like are errors with their place.
"""

from .cursor import MATRICES
from .letters import OPEN_KINDS
from .nodes import Formula, Node, Symbols, letter_key
from .operators import EXTREMA, Operators
from .tokens import BARS, OPEN, RELATIONS, STOPS, Token, begins_factor, words_in

__all__ = ["canonical", "read"]


def read(tex: str, symbols: Symbols) -> Formula:
    """Read a formula, or raise :class:`FormulaError` with the place of the first trouble."""
    reader = Reader(tex, symbols)
    try:
        return Formula(tex, tuple(reader.clauses()))
    except RecursionError:
        raise reader.error("too many brackets in one another") from None


def canonical(letter: str) -> str:
    r"""One spelling for a letter with its accents, sub- and superscripts.

    >>> canonical(r"\bar{\epsilon}_{u}^{\mathrm S}") == canonical(r"\bar\epsilon_u^S")
    True
    """
    reader = Reader(letter.removeprefix("{}_1"), Symbols())
    base, sub, sup, _ = reader.letter_parts()
    if reader.here is not None:
        raise reader.error("one letter with sub- and superscripts is wanted, this goes on")
    return letter_key(base, sub, sup)


class Reader(Operators):
    """Reads clauses, chains of relations, and expressions down to the factors."""

    # --- clauses ---

    def clauses(self, end: str | None = None) -> list[Node]:
        out = []
        while self.here is not None and self.text() != end:
            if self.here.kind in ("separator", "row") or self.text() in {",", ";", "."}:
                stop = self.take()
                if stop.text == "." and self.here is not None and begins_factor(self.here):
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
            return Node("words", data=words_in(token.text), start=token.start, end=token.end)
        if self.text() == r"\begin" and self._environment() in {"aligned", "align", "gathered"}:
            return self.aligned()
        members, relations = [], []
        if self.text() in RELATIONS:
            relations.append(self.relation())
            members.append(Node("nothing", start=token.start, end=token.start))
        members.append(self.expression())
        while self.here is not None and self.text() in RELATIONS:
            relations.append(self.relation())
            if self.here is not None and self.here.kind == "text":
                words = self.take()
                members.append(Node("words", [], words_in(words.text), words.start, words.end))
                continue
            members.append(self.expression())
        return Node("chain", members, relations, token.start, self.last_end())

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
                if below not in RELATIONS:
                    raise self.error(f"'{below}' is no relation", self.tokens[start].start)
                return RELATIONS[below]
        if self.text() == "^" and token.text in RELATIONS:
            self.take()
            self.raw_argument()
        return RELATIONS[token.text]

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
            self._refuse_hidden(part, OPEN_KINDS | ({"product"} if operator == "/" else set()))
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
        if text in BARS:
            return not (self.bars and self.bars[-1] == text)
        if text in STOPS or text in RELATIONS or text in {"+", "-", "/", "^", "_", ".", ":"}:
            return False
        if text in {r"\end", r"\cdot", r"\times", "*", r"\rvert", r"\rVert", "!", "'"}:
            return False
        return not self._differential()

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
        if text in OPEN:
            return self.bracket()
        if text in BARS:
            self.take()
            close = BARS[text]
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
        if text in EXTREMA:
            return self.extremum()
        if text == r"\begin":
            name = self._environment()
            if name in {"cases", "dcases"}:
                return self.cases()
            if name in MATRICES:
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
        close = OPEN[token.text]
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
                self._refuse_hidden(node, {"product", "power", *OPEN_KINDS})
                node = Node("factorial", [node], None, node.start, self.last_end())
            elif self.text() == "'":
                raise self.error("a prime is no operation here: use a letter of its own")
            else:
                self.take()
                unclear = {"fraction", "root", "cases"}
                hidden = {"product", "power", "factorial", *OPEN_KINDS, *unclear}
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
        if token.text in RELATIONS or token.text in STOPS or token.text in {"^", "_", "+", "-"}:
            raise self.error("an argument is missing")
        return self.symbol(scripts=False)
