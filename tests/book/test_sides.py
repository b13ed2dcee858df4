"""The two sides of a symbolic proof are computed without a common function of the claim.

The source of each chapter is followed from top to bottom: what a name was last computed from, and from
what that was. A function that computes the claim may stand behind one side only.
"""

import ast
import json
from pathlib import Path

import pytest

from isacnb.ledger.code import functions_of_claim

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted(
    path for path in (ROOT / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)


def free_names(node: ast.AST) -> set[str]:
    """Names that code takes from outside: those of a function or a comprehension are its own."""
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        own = {entry.arg for entry in [*named, arguments.vararg, arguments.kwarg] if entry}
        body = node.body if isinstance(node.body, list) else [node.body]
        own |= {name for part in body for name in stored_names(part)}
        defaults = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
        return (_of_all(body) - own) | _of_all(defaults)
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        own = {name for loop in node.generators for name in stored_names(loop.target)}
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        parts += [part for loop in node.generators for part in [loop.iter, *loop.ifs]]
        return _of_all(parts) - own
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    return _of_all(ast.iter_child_nodes(node))


def _of_all(nodes) -> set[str]:
    return {name for node in nodes for name in free_names(node)}


def stored_names(node: ast.AST) -> set[str]:
    return {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


class Follower:
    """What the names of a chapter were last computed from."""

    def __init__(self):
        self.behind: dict[str, set[str]] = {}
        self.imported: dict[str, str] = {}
        self.shared: list[str] = []

    def run(self, statements, *, certain: bool = True) -> None:
        """Follow statements; where they may not run, or run again, the old remains beside the new."""
        for statement in statements:
            self._follow(statement, certain)
            for node in ast.walk(statement):
                if isinstance(node, ast.NamedExpr):
                    self.behind[node.target.id] = free_names(node.value)

    def _follow(self, statement, certain) -> None:
        match statement:
            case ast.ImportFrom(module=str(module)) if module.startswith("isacnb"):
                for alias in statement.names:
                    self.imported[alias.asname or alias.name] = f"{module}.{alias.name}"
            case ast.FunctionDef():
                self.behind[statement.name] = free_names(statement)
            case ast.Assign():
                for target in statement.targets:
                    self._assign(target, statement.value, certain)
            case ast.AugAssign():
                self._assign(statement.target, statement.value, False)
            case ast.For():
                for name in stored_names(statement.target):
                    self.behind[name] = free_names(statement.iter)
                self.run(statement.body, certain=False)
            case ast.If() | ast.While():
                self.run([*statement.body, *statement.orelse], certain=False)
            case ast.With():
                self._settle(statement)
                self.run(statement.body, certain=False)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method))):
                if method in ("append", "extend", "update"):
                    self._add(name, free_names(statement.value), False)

    def _assign(self, target, value, certain) -> None:
        both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
        if both and len(target.elts) == len(value.elts):
            for part, entry in zip(target.elts, value.elts, strict=True):
                self._assign(part, entry, certain)
            return
        for name in stored_names(target):
            self._add(name, free_names(value), certain)
        while isinstance(target, ast.Subscript | ast.Attribute):
            target = target.value
            if isinstance(target, ast.Name):
                self._add(target.id, free_names(value), False)

    def _add(self, name, used, certain) -> None:
        self.behind[name] = used | (set() if certain else self.behind.get(name, set()))

    def _settle(self, statement) -> None:
        opened = statement.items[0].context_expr
        if not (isinstance(opened, ast.Call) and getattr(opened.func, "id", "") == "settle"):
            return
        claim_id = opened.args[0].value
        tested = {
            entry.name
            for entry in functions_of_claim(claim_id)
            if entry.form not in ("tool", "system")
        }
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "symbolic":
                claimed, derived = (self._functions(side) for side in node.args[1:3])
                common = claimed & derived & tested
                if common:
                    what = ast.unparse(node.args[0])
                    self.shared.append(f"{claim_id}: {what}: {', '.join(sorted(common))}")

    def _functions(self, node) -> set[str]:
        seen, waiting = set(), free_names(node)
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting |= self.behind.get(name, set())
        return {self.imported[name] for name in seen if name in self.imported}


def test_a_common_function_is_found():
    follower = Follower()
    source = """
from isacnb.coupling.uplink import lmmse_gains, nmse_lmmse
u, x = symbols("u x")
def left(echo=x):
    return nmse_lmmse(u, echo)
right = nmse_lmmse(u, x)
for n in range(3):
    parts.append(right)
with settle("beyond.uplink-lmmse") as claim:
    claim.symbolic("through names", left, parts, wrong=[])
right = sum(u)
with settle("beyond.uplink-lmmse") as claim:
    claim.symbolic("another value of the name", left, right, wrong=[])
"""
    follower.run(ast.parse(source).body)
    assert follower.shared == [
        "beyond.uplink-lmmse: 'through names': isacnb.coupling.uplink.nmse_lmmse"
    ]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_symbolic_proof_compares_a_function_with_itself(path):
    follower = Follower()
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            follower.run(ast.parse("".join(cell["source"])).body)
    assert not follower.shared
