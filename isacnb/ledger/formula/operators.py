"""Reads sums, products, integrals, extrema, cases and matrices."""

from .cursor import UPRIGHT
from .letters import Letters
from .nodes import Node, letter_key
from .tokens import OPEN, words_in

__all__ = ["EXTREMA", "Operators"]

EXTREMA = {r"\min": "min", r"\max": "max", r"\sup": "max", r"\inf": "min"}


class Operators(Letters):
    """What has a range, an environment or conditions; the expressions in it are the reader's."""

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

    def _differential(self) -> bool:
        """Whether an upright d stands here and an integral waits for it."""
        if "∫" not in self.bound:
            return False
        if self.text() not in UPRIGHT:
            return False
        if self.text(1) == "d":
            return True
        inside = self._peek_group(1) if self.text(1) == "{" else []
        return [token.text for token in inside] == ["d"]

    def _find_variable(self, start: int) -> str:
        depth = 0
        for place in range(self.at, len(self.tokens) - 1):
            text = self.tokens[place].text
            depth += text == r"\int"
            if text in UPRIGHT:
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
        kind = EXTREMA[token.text]
        index, lower, upper = self.limits()
        if index is not None:
            if self.text() == r"\{" or lower is not None or upper is not None:
                raise self.error("an extremum over a set is not read", token.start)
            self.bound.append(index)
            body = self.term()
            self.bound.pop()
            return Node("optimum", [body], {"op": kind, "index": index}, token.start, body.end)
        if self.text() not in OPEN:
            raise self.error(f"{token.text} needs its values in brackets")
        inner = self.bracket()
        args = inner.args if inner.kind == "tuple" else [inner]
        return Node(kind, args, None, token.start, self.last_end())

    # --- environments ---

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
        if self.here.kind == "text" and words_in(self.here.text) == "otherwise":
            token = self.take()
            return Node("words", [], "otherwise", token.start, token.end)
        parts = []
        while True:
            if self.here is not None and self.here.kind == "text":
                token = self.take()
                word = words_in(token.text)
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
            if words_in(self.here.text) not in {"and"}:
                break
        return Node("condition", parts, None, start, self.last_end())
