"""Change the package's code a little, one place at a time, and see that a test fails each time.

    python tests/mutants.py [--sample N --seed S] [--module NAME ...] [--list]

A mutant is one change of one expression: an operator, a comparison, a constant, a sign. Each is run
in a process of its own that is forked after the libraries are loaded and before the package is, so
that a module is imported in its changed form. The tests are the doctests of the module and the test
file of its name, and the first failure ends them. What survives is a hole in the tests, or equivalent:
``tests/mutants.toml`` argues for each survivor that is, by the text of the line and what was changed.

No tool of the field serves: those that are fast enough leave decorated functions alone, and each public
function here is decorated; the others start a process for every mutant.
"""

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import signal
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

# what the package and its tests load, once for all processes; the package itself in each
import flint  # noqa: F401
import hypothesis  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import mpmath  # noqa: F401
import pytest
import sympy  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
ARGUED = ROOT / "tests" / "mutants.toml"
#: seconds after which a mutant counts as killed: it does not end
LIMIT = 120
#: the change of a module that is loaded as a mutant is, and is none
UNCHANGED = "none"
#: rooms whose code computes, and the judges of the ledger
ROOMS = ("special", "probability", "signals", "coupling", "rician")
JUDGES = ("judges", "forms", "rules", "claim")


@dataclass(frozen=True)
class Mutant:
    """One change: the node of that number in the walk of a module, and what it becomes."""

    path: Path
    node: int
    line: int
    change: str

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8").splitlines()[self.line - 1].strip()

    @property
    def key(self) -> tuple[str, str, str]:
        return self.path.relative_to(ROOT).as_posix(), self.change, self.text

    @property
    def name(self) -> str:
        return f"{self.path.relative_to(ROOT).as_posix()}:{self.line}: {self.change}: {self.text}"


_OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
_COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


def changes_of(node: ast.AST) -> list[tuple[str, ast.AST]]:
    """What one node may become, with words for the change."""
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        other = _OPERATORS[type(node.op)]
        return [
            (
                f"{type(node.op).__name__} -> {other.__name__}",
                ast.BinOp(left=node.left, op=other(), right=node.right),
            )
        ]
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        other = _COMPARISONS[type(node.ops[0])]
        return [
            (
                f"{type(node.ops[0]).__name__} -> {other.__name__}",
                ast.Compare(left=node.left, ops=[other()], comparators=node.comparators),
            )
        ]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        return [(f"{type(node.op).__name__} dropped", node.operand)]
    if isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        return [
            (
                f"{type(node.op).__name__} -> {other.__name__}",
                ast.BoolOp(op=other(), values=node.values),
            )
        ]
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            return [("the other truth", ast.Constant(not node.value))]
        if isinstance(node.value, int | float):
            return [("one more", ast.Constant(node.value + 1))]
    return []


def bodies(tree: ast.Module) -> list[ast.AST]:
    """The nodes of function bodies, in order; texts, decorators and signatures are left alone."""
    found, seen = [], set()
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            # the words of a refusal are tested where they matter
            seen |= {
                id(n) for part in ast.walk(function) if _only_says(part) for n in ast.walk(part)
            }
            for statement in function.body:
                new = [node for node in ast.walk(statement) if id(node) not in seen]
                seen |= set(map(id, new))
                found += new
    return found


def _only_says(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise | ast.JoinedStr) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def mutants_of(path: Path) -> list[Mutant]:
    nodes = bodies(ast.parse(path.read_text("utf-8")))
    return [
        Mutant(path, number, node.lineno, change)
        for number, node in enumerate(nodes)
        if hasattr(node, "lineno")
        for change, _ in changes_of(node)
    ]


def mutated(mutant: Mutant) -> ast.Module:
    tree = ast.parse(mutant.path.read_text("utf-8"))
    if mutant.change == UNCHANGED:
        return tree
    target = bodies(tree)[mutant.node]
    (changed,) = [after for change, after in changes_of(target) if change == mutant.change]

    class Replace(ast.NodeTransformer):
        def visit(self, node):
            return ast.copy_location(changed, node) if node is target else self.generic_visit(node)

    return ast.fix_missing_locations(Replace().visit(tree))


# --- running ------------------------------------------------------------------------------------


class _Loader(importlib.machinery.SourceFileLoader):
    mutant: Mutant

    def get_code(self, fullname):
        return compile(mutated(self.mutant), str(self.mutant.path), "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Loads one module in its changed form; a plugin of pytest."""

    def __init__(self, mutant: Mutant):
        self.mutant = mutant
        parts = mutant.path.relative_to(ROOT).with_suffix("").parts
        self.name = ".".join(part for part in parts if part != "__init__")

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self):
        # before a conftest loads the module as it is, and before the hook of pytest, which takes each
        # file that is named for a test
        sys.meta_path.insert(0, self)

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name:
            return None
        loader = _Loader(fullname, str(self.mutant.path))
        loader.mutant = self.mutant
        return importlib.util.spec_from_file_location(fullname, self.mutant.path, loader=loader)


def tests_of(path: Path) -> list[str]:
    """Doctests of the module, and the test file of its name or of its folder's."""
    room = path.relative_to(ROOT / "isacnb").parts[0]
    folder = ROOT / "tests" / room
    named = folder / f"test_{path.stem}.py"
    files = [named] if named.is_file() else sorted(folder.glob("test_*.py"))
    return [str(path), *map(str, files)]


def start(mutant: Mutant) -> int:
    """Fork a process that runs the tests of a mutant's module; it ends with 0 if all pass."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        signal.alarm(LIMIT)
        # the tests of a module need no plugin, and plugins take longer than they do
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        options = ["-x", "-q", "-p", "no:cacheprovider"]
        code = int(pytest.main([*options, *tests_of(mutant.path)], [_Finder(mutant)]) != 0)
    finally:
        os._exit(code)


def fates(jobs: list[Mutant]) -> list[bool]:
    """Whether the tests of each mutant pass; as many processes at once as there are cores."""
    passed: dict[int, bool] = {}
    running: dict[int, int] = {}
    for number, job in enumerate(jobs):
        if len(running) == os.cpu_count():
            child, status = os.wait()
            passed[running.pop(child)] = status == 0
        running[start(job)] = number
    while running:
        child, status = os.wait()
        passed[running.pop(child)] = status == 0
    return [passed[number] for number in range(len(jobs))]


def argued() -> dict[tuple[str, str, str], str]:
    """Survivors that change nothing: (file, change, line) -> why."""
    data = tomllib.loads(ARGUED.read_text("utf-8")) if ARGUED.is_file() else {}
    return {
        (entry["file"], entry["change"], entry["line"]): entry["why"]
        for entry in data.get("equivalent", [])
    }


def modules(names: list[str] | None = None) -> list[Path]:
    found = [
        path
        for room in ROOMS
        for path in sorted((ROOT / "isacnb" / room).rglob("*.py"))
        if path.name != "__init__.py"
    ]
    found += [ROOT / "isacnb" / "ledger" / f"{name}.py" for name in JUDGES]
    if names:
        found = [path for path in found if ".".join(path.parts[-2:])[:-3].endswith(tuple(names))]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, help="as many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--module", nargs="*", help="such as special.marcum; all by default")
    parser.add_argument("--list", action="store_true", help="only count them, a module a line")
    options = parser.parse_args()
    every = [mutant for path in modules(options.module) for mutant in mutants_of(path)]
    if options.list:
        for path in modules(options.module):
            print(f"{len(mutants_of(path)):5d} {path.relative_to(ROOT)}")
        print(f"{len(every):5d}")
        return 0
    if options.sample:
        every = random.Random(options.seed).sample(every, min(options.sample, len(every)))
    assert not any(name.partition(".")[0] == "isacnb" for name in sys.modules)
    begin, known = time.perf_counter(), argued()
    # tests that fail anyway, or a way of loading that fails, would kill everything
    paths = sorted({mutant.path for mutant in every})
    as_they_are = fates([Mutant(path, 0, 1, UNCHANGED) for path in paths])
    broken = [path for path, good in zip(paths, as_they_are, strict=True) if not good]
    if broken:
        print("the tests fail as they are:", *broken, sep="\n  ")
        return 1
    alive = fates(every)
    survivors = [mutant for mutant, passed in zip(every, alive, strict=True) if passed]
    holes = [mutant for mutant in survivors if mutant.key not in known]
    for mutant in holes:
        print(f"survived: {mutant.name}")
    print(
        f"{len(every)} mutants, {len(every) - len(survivors)} killed, {len(survivors) - len(holes)} "
        f"argued to be equivalent, {len(holes)} survived, in {time.perf_counter() - begin:.0f} s"
    )
    return int(bool(holes))


if __name__ == "__main__":
    sys.exit(main())
