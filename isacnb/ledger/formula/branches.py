"""Which lines of a function the points of a comparison reach."""

import ast
import inspect
import sys
import textwrap

from ...numbers.index import methods_named

__all__ = ["Branches", "module_of"]


class Branches:
    """Which lines of the package's functions that are called here were run, and which not.

    Lines that raise, and branches that serve symbols or balls, are not counted: points are numbers.
    """

    def __init__(self, function, unreached: str | None):
        self.function, self.unreached = function, unreached
        self.wanted: dict[object, set[int]] = {}
        self.hit: dict[object, set[int]] = {}
        for member in _package_functions(function):
            code = member.__code__
            self.wanted[code] = _numeric_lines(member)
            self.hit[code] = set()

    def call(self, keywords: dict):
        if not self.wanted:
            return self.function(**keywords)
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return self.function(**keywords)
        finally:
            sys.settrace(before)

    def _enter(self, frame, event, arg):
        return self._line if frame.f_code in self.hit else None

    def _line(self, frame, event, arg):
        if event == "line":
            self.hit[frame.f_code].add(frame.f_lineno)
        return self._line

    def missing(self) -> list[tuple[str, int]]:
        return sorted(
            (code.co_name, line)
            for code, wanted in self.wanted.items()
            for line in wanted - self.hit[code]
        )

    def counts(self) -> tuple[int, int]:
        total = sum(map(len, self.wanted.values()))
        return total - len(self.missing()), total

    def describe(self) -> str:
        return ", ".join(f"line {line} of {name}" for name, line in self.missing()[:4])


def module_of(member) -> str:
    """Name of a member's module; what sympy makes has none."""
    return getattr(member, "__module__", None) or ""


def _package_functions(function) -> list:
    """The functions of this package that ``function`` is, or that it names."""
    if function is None:
        return []
    inner = inspect.unwrap(function)
    if module_of(inner).startswith("isacnb.") and hasattr(inner, "__code__"):
        return [inner]
    found = []
    closure = inspect.getclosurevars(inner)
    for noun in {**closure.globals, **closure.nonlocals}.values():
        for member in (noun, *methods_named(noun, inner)):
            member = inspect.unwrap(member) if callable(member) else member
            if inspect.isfunction(member) and _computes(member):
                found.append(member)
    return found


def _computes(member) -> bool:
    """Whether a function belongs to the physics: the ledger's own can bear the name of a method."""
    module = module_of(member)
    return module.startswith("isacnb.") and not module.startswith("isacnb.ledger")


def _numeric_lines(function) -> set[int]:
    """First lines of the statements of a function that numbers can reach."""
    lines, start = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
    out: set[int] = set()

    def visit(body):
        for statement in body:
            if isinstance(statement, ast.Raise | ast.FunctionDef):
                continue
            test = getattr(statement, "test", None)
            symbols = test is not None and any(
                word in ast.unparse(test) for word in ("arithmetic", "is_numeric", "sympy", "arb")
            )
            out.add(statement.lineno + start - 1)
            if symbols:
                continue
            for name in ("body", "orelse", "finalbody"):
                visit(getattr(statement, name, []))

    body = tree.body[1:] if ast.get_docstring(tree) else tree.body
    visit(body)
    return out
