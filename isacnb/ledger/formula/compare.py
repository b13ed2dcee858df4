"""Holds a formula, as it is printed, against the function that was proved."""

import ast
import hashlib
import inspect
import math
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from ...coupling.settings import CouplingParameters
from ...numbers.door import Contradiction
from .evaluate import Environment, ShapeError, evaluate, holds, margin, rounding_scale
from .mutants import Mutant, mutants
from .points import COUNTS, Quantity, border_points, draw_point, straddling_points
from .reader import Formula, FormulaError, Node, read
from .tables import Table, first_of

__all__ = ["Comparison", "Mismatch", "compare"]

#: parameter of a function that stands for all settings of a network
SETTINGS = "parameters"


class Mismatch(AssertionError):
    """A formula and its function differ, or a mutant of the formula cannot be told from it."""


@dataclass(frozen=True)
class Comparison:
    """What a comparison of a formula with a function found."""

    points: int
    deviation: float
    tolerance: float
    mutants: int
    killed: int
    equivalent: int
    branches: tuple[int, int]
    letters: tuple[str, ...] = field(default=())
    #: names whose defining clauses were not needed for the clause that was compared, and clauses
    #: that define nothing
    unused: tuple[str, ...] = field(default=())


@dataclass
class _Task:
    """A formula split into what is compared, what is defined, and what restricts the points."""

    members: list[Node]
    relation: str
    definitions: dict[str, Node]
    conditions: list[Node]
    names: set[str]
    functions: set[str]
    others: list[str]
    indices: dict[str, str] = field(default_factory=dict)


def compare(
    tex: str,
    table: Table,
    function: Callable | None,
    *,
    target: str | None = None,
    rtol: float = 1e-9,
    fixed: Mapping[str, object] | None = None,
    derived: Mapping[str, Callable] | None = None,
    equivalent: Mapping[str, str] | None = None,
    unreached: str | None = None,
    points: int = 48,
) -> Comparison:
    """Compare the members of a formula with each other and with a function, or raise.

    function : takes any of the symbols' names as keywords and returns the value of the formula; a
        parameter ``parameters`` gets the paper's settings with the drawn values in them. An
        inequality is compared by its margin, a law by its moments. None compares the members alone.
    target : the letter on whose chain the comparison is made, a member of it or within the first;
        by default the first chain.
    fixed : quantities held at a value, such as a large number for a limit.
    derived : quantities that follow from others, with the function that gives them.
    equivalent : beginning of a mutant's label, or the piece of the formula in which mutants change
        nothing -> why it is the same formula.
    """
    fixed = dict(fixed or {})
    formula = read(tex, table.symbols)
    task = _split(formula, target, table)
    unused = _unused(task.members + task.conditions, task.definitions) | {*task.others}
    if unused and target is None:
        raise FormulaError(
            f"the clause that defines {min(unused)} is neither compared nor used: say by `target` "
            "which clause is meant, and compare the other, too"
        )
    if function is None and len(task.members) < 2:
        raise FormulaError("a formula with one readable member needs a function to be held against")
    arguments = _arguments(function, table)
    derived = {name: (rule, _arguments(rule, table)) for name, rule in (derived or {}).items()}
    needed = {name for _, names in derived.values() for name in names.values()}
    quantities = _quantities(formula, task, table, {*arguments.values(), *needed} - set(derived))
    # an index of the formula, and not the quantity that some function calls by that letter
    arguments |= {label: label for label in arguments if label in task.indices}
    families = {name: first_of(q.family) for name, q in quantities.items() if q.family}
    if any(quantity.shape in {"vector", "matrix"} for quantity in quantities.values()):
        quantities |= {name: table.quantity(name) for name in {"N"} & set(fixed)}  # their size
    for name in set(fixed) - set(quantities):
        raise FormulaError(f"{name} is no quantity of the formula or of its function")
    for name in derived:
        quantities.pop(name, None)
    run = _Run(task, table, quantities, function, arguments, derived, families)
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(tex.encode()).digest()[:8]))
    tried = [run.full(point) for point in _points(rng, run, fixed, points, formula)]
    tracer = _Branches(function, unreached)
    kept, references, worst = [], [], 0.0
    for point in tried:
        found = run.at(point, tracer)
        if found is None:
            continue
        values, reference, scales = found
        for value, scale in zip(values, scales, strict=True):
            off = deviation(value, reference, rtol, scale)
            if off > 1:
                raise Mismatch(_difference(tex, function, value, reference, point, rtol * off))
            worst = max(worst, off)
        kept.append(point)
        references.append((reference, scales))
    for _ in range(400):
        if not tracer.missing():
            break
        point = run.full(draw_point(rng, quantities, fixed))
        before = len(tracer.missing())
        found = run.at(point, tracer)
        if found is not None and len(tracer.missing()) < before:
            values, reference, scales = found
            for value, scale in zip(values, scales, strict=True):
                off = deviation(value, reference, rtol, scale)
                if off > 1:
                    raise Mismatch(_difference(tex, function, value, reference, point, rtol * off))
            kept.append(point)
            references.append((reference, scales))
    sound = sum(_finite(reference) for reference, _ in references)
    if sound < max(8, len(tried) // 4):
        raise Mismatch(
            f"only {sound} of {len(tried)} points lie in the domain of formula and function"
        )
    if tracer.missing() and not unreached:
        raise Mismatch(f"no point reaches {tracer.describe()}: say why in `unreached`")
    if unreached and not tracer.missing():
        raise Mismatch("every line is reached: `unreached` argues nothing")
    parts = [*task.members]
    elsewhere = unused | set(table.defined)
    parts += [node for name, node in task.definitions.items() if name not in elsewhere]
    tally = _try_mutants(tex, table, target, run, kept, references, parts, rtol, equivalent or {})
    letters = tuple(
        sorted({letter_of(n, tex) for n in formula.walk() if n.kind in ("symbol", "apply")})
    )
    branches = tracer.counts()
    return Comparison(
        len(kept), worst * rtol, rtol, *tally, branches, letters, tuple(sorted(unused))
    )


def letter_of(node: Node, tex: str) -> str:
    """The letter of a symbol or of a function without its arguments."""
    return tex[node.start : node.data.get("letter_end", node.end)].strip()


# --- what is compared ---------------------------------------------------------------------------


def _rows(formula: Formula) -> list[Node]:
    out = []
    for clause in formula.clauses:
        out += clause.args if clause.kind == "rows" else [clause]
    return out


def _split(formula: Formula, target: str | None, table: Table) -> _Task:
    chains, others, conditions, definitions = [], [], [], {}
    role = before = "chain"
    for clause in _rows(formula):
        if clause.kind == "words" and clause.data == "and":
            role = before  # what stands behind it is what stood before it
            continue
        if clause.kind == "words":
            role = {"for": "condition", "if": "condition", "when": "condition"}.get(clause.data)
            role = role or ("chain" if clause.data in {"with", "where"} else None)
            if role is None:
                raise FormulaError(
                    f"'{clause.data}' is no word between formulas: for, if, with, where, and"
                )
            continue
        before = role
        if role == "condition":
            conditions.append(clause)
            role = "chain"
            continue
        chains.append(clause)
    wanted = None if target is None else table.name_of(target)
    chosen = _chosen(chains, wanted)
    for chain in chains:
        if chain is chosen:
            continue
        first = chain.args[0]
        if [rel for rel, *_ in chain.data] != ["="] or first.kind != "symbol":
            if wanted is not None:  # another comparison takes it
                others.append(" ".join(formula.tex[chain.start : chain.end].split()))
                continue
            raise FormulaError(
                "a clause is neither compared nor a definition: take one part of the formula"
            )
        value = chain.args[-1]
        if _names(first) in definitions:
            raise FormulaError(f"{_names(first)} is defined twice")
        if first.data["index"] is not None:
            value = Node("indexed", [value], first.data["index"], value.start, value.end)
        definitions[_names(first)] = value
    if chosen is None:
        raise FormulaError(f"no clause has {target} as one of its members")
    relations = [rel for rel, *_ in chosen.data]
    if len(set(relations)) > 1:
        raise FormulaError("a chain with different relations: take one part of it")
    relation = relations[0] if relations else "="
    if relation not in {"=", "->", "~", "law", "<", ">", "<=", ">="}:
        raise FormulaError(f"a relation '{relation}' is not compared")
    if relation in {"<", ">", "<=", ">="}:
        if len(chosen.args) != 2:
            raise FormulaError("an inequality between two expressions is wanted")
        members = [chosen]
    else:
        defined = {wanted, *definitions}
        members = [
            member
            for place, member in enumerate(chosen.args)
            if (member.kind == "law" if relation == "law" else _readable(member))
            and not (_is_name(member, table) and (place == 0 or _names(member) in defined))
        ]
        if len(chosen.args) == 1:
            members = list(chosen.args)
    if not members:
        raise FormulaError("nothing in the formula can be evaluated")
    names, functions = set(), set()
    stack = [*members, *conditions, *definitions.values()]
    while stack:
        for node in stack.pop().walk():
            if node.kind == "symbol":
                name = node.data["name"]
                if not name.startswith("#"):
                    if name in table.defined and name not in definitions:
                        definitions[name] = table.defined[name]
                        stack.append(table.defined[name])
                    names.add(name)
            elif node.kind == "apply":
                functions.add(node.data["name"])
                names |= set(node.data.get("arguments", ()))
                if node.data["order"] is not None:
                    stack.append(node.data["order"])
            elif node.kind in {"series", "integral"}:
                stack += [limit for key in ("lower", "upper") if (limit := node.data[key])]
            elif node.kind == "optimum":
                letter = node.data["index"]
                domain = table.domains.get(table.symbols.letters.get(letter, ""))
                if domain is None or (domain.low, domain.high) != (0, 1):
                    raise FormulaError(
                        f"an optimum is sought over [0, 1], and {letter} is not in it"
                    )
            elif node.kind == "identity":
                names.add("N")
    _refuse_circles(definitions)
    wanting = names - set(definitions)
    return _Task(members, relation, definitions, conditions, wanting, functions, others)


def _chosen(chains: list[Node], wanted: str | None) -> Node | None:
    """The first clause, or the one with the letter as a member, or else within its first member."""
    if wanted is None:
        return chains[0] if chains else None
    having = [chain for chain in chains if any(_names(m) == wanted for m in chain.args)]
    having += [chain for chain in chains if wanted in map(_names, chain.args[0].walk())]
    return having[0] if having else None


def _refuse_circles(definitions: dict[str, Node]) -> None:
    """A definition that leads back to itself has no value; some mutants make one."""
    uses = {
        name: {_names(node) for node in value.walk()} & set(definitions)
        for name, value in definitions.items()
    }
    while uses:
        grounded = [name for name, others in uses.items() if not others & set(uses)]
        if not grounded:
            raise FormulaError(f"{min(uses)} is defined by itself")
        for name in grounded:
            del uses[name]


def _unused(parts: list[Node], definitions: dict[str, Node]) -> set[str]:
    """Names of the definitions on which the value of the parts does not depend."""
    left, stack = set(definitions), list(parts)
    while stack:
        used = {_names(node) for node in stack.pop().walk()} & left
        left -= used
        stack += [definitions[name] for name in used]
    return left


def _names(node: Node) -> str | None:
    return node.data["name"] if node.kind in {"symbol", "apply"} else None


def _is_name(member: Node, table: Table) -> bool:
    return member.kind in {"symbol", "apply", "opaque"}


def _readable(member: Node) -> bool:
    unread = {"opaque", "words", "nothing"}
    return not any(node.kind in unread and node.data != "otherwise" for node in member.walk())


def _arguments(function: Callable | None, table: Table) -> dict[str, str]:
    """Parameters of the function that have no default -> the quantities that they are."""
    if function is None:
        return {}
    where = f"{_module(function).removeprefix('isacnb.')}.{function.__name__}"
    parameters = inspect.signature(function).parameters.values()
    return {
        p.name: table.resolve(p.name, where)
        for p in parameters
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and p.name != SETTINGS
    }


def _settings(function: Callable | None, table: Table) -> dict[str, str] | None:
    """Fields of the settings that the function takes -> the quantities that they are."""
    if function is None or SETTINGS not in inspect.signature(function).parameters:
        return None
    return {entry.name: table.resolve(entry.name) for entry in fields(CouplingParameters)}


def _quantities(
    formula: Formula, task: _Task, table: Table, wanted: set[str]
) -> dict[str, Quantity]:
    """What has to be drawn, and which letters with an index are families here.

    A letter with an index is one number as long as the formula has one index of that kind and no
    sum over it; otherwise it has a value for each member.
    """
    labels: dict[str, set[str]] = {}
    single, indexed = set(), set()
    bound = {node.data["index"] for node in formula.walk() if node.kind in {"series", "optimum"}}
    for node in formula.walk():
        if node.kind != "symbol":
            continue
        (single if node.data["index"] is None else indexed).add(node.data["name"])
        if node.data["index"] is not None:
            kind = table.family_of(node.data["name"])
            labels.setdefault(kind, set()).add(node.data["index"])
    many = {kind for kind, used in labels.items() if len(used) > 1 or used & bound}
    many |= _written_for_several(formula, task.definitions, table) & set(labels)
    names = set(task.names)
    for name in task.functions:
        names |= set(table.needs(name))
    free = {label for used in labels.values() for label in used} - bound
    names |= {name for name in wanted if name not in free and name not in task.definitions}
    names |= {COUNTS[kind] for kind in many if kind in COUNTS}
    quantities = {}
    for name in sorted(names):
        quantity = table.quantity(name)
        if quantity.family not in many or name in single - indexed:
            quantity = replace(quantity, family=None)
        quantities[name] = quantity
    vectors = any(quantity.shape in {"vector", "matrix"} for quantity in quantities.values())
    vectors = vectors or any("N" in table.needs(name) for name in task.functions)
    # sums over vectors of many users take long and say no more
    for name, most, small in (("K", 4, many), ("N", 8, vectors)):
        if small and name in quantities:
            quantities[name] = replace(quantities[name], typical=(min(2, most), most))
    kinds = sorted(many, key=str)
    task.indices = {label: kind for kind in kinds for label in sorted(labels[kind] - bound)}
    return quantities


def _written_for_several(formula: Formula, definitions: dict[str, Node], table: Table) -> set:
    """Kinds of the families in definitions that the formula uses for several members."""
    found: set = set()
    for name, value in definitions.items():
        parts = [node for node in formula.walk() if node.kind == "symbol"]
        used = {node.data["index"] for node in parts if node.data["name"] == name}
        if value.kind == "indexed" and len(used) > 1:
            inner = [node for node in value.walk() if node.kind == "symbol"]
            own = [node.data["name"] for node in inner if node.data["index"] == value.data]
            found |= {table.family_of(other) for other in own}
    return found


# --- running both sides -------------------------------------------------------------------------


class _Run:
    def __init__(self, task, table: Table, quantities, function, arguments, derived, families):
        self.task, self.table, self.quantities, self.families = task, table, quantities, families
        self.function, self.arguments = function, arguments
        self.settings, self.derived = _settings(function, table), derived

    def full(self, point: dict) -> dict:
        """The point with the quantities that follow from others."""
        for name, (rule, names) in self.derived.items():
            if name in point:
                continue
            point = {**point, name: rule(**{key: point[one] for key, one in names.items()})}
        return point

    def environment(self, point: dict) -> Environment:
        values = {}
        for name, value in self.full(point).items():
            if self.table.symbols.kind(name) == "vector" and name not in self.families:
                value = np.asarray(value)[:, None]
            values[name] = value
        indices = {}
        counted: dict[str, int] = {}
        for label, kind in self.task.indices.items():
            count = int(point[COUNTS[kind]]) if kind in COUNTS else 3
            first = first_of(kind)
            if label.isdigit():
                continue
            if label.isupper():  # K as an index is the last member
                indices[label] = first + count - 1
                continue
            place = counted.get(kind, 0)
            counted[kind] = place + 1
            indices[label] = first + (place + 1) % count
        defined = self.task.definitions
        return Environment(values, self.table.functions, defined, indices, self.families)

    def signs(self, point: dict) -> dict[int, float]:
        env = self.environment(point)
        try:
            for condition in self.task.conditions:
                if not holds(condition, env):
                    return {}
            for member in self.task.members:
                self.value(member, env)
        except (ShapeError, OverflowError):
            return {}
        return env.signs

    def value(self, member: Node, env: Environment):
        if member.kind == "chain":
            with np.errstate(all="ignore"):
                return margin(member, env)
        return evaluate(member, env)

    def at(self, point: dict, tracer=None):
        """Values of the members, the value of the function and the scales of rounding."""
        env = self.environment(point)
        with np.errstate(all="ignore"):
            if not all(holds(condition, env) for condition in self.task.conditions):
                return None
        values = [self.value(member, env) for member in self.task.members]
        if env.conflicts:
            raise Mismatch(f"two cases with different values hold at once, at {_where(point)}")
        scales = [
            rounding_scale(Node("sum", member.args, [("", 0), ("-", 0)]), env)
            if member.kind == "chain"
            else rounding_scale(member, env)
            for member in self.task.members
        ]
        # what one member reaches by cancellation is known no better than that
        scales = [max(scales)] * len(scales)
        if self.function is None:
            return values[1:], values[0], scales[1:]
        given = {
            **self.full(point),
            **{label: i - first_of(self.task.indices[label]) for label, i in env.indices.items()},
        }
        given |= {
            name: evaluate(node, env)
            for name, node in self.task.definitions.items()
            if name in self.arguments.values()
        }
        try:
            with np.errstate(all="ignore"):
                call = {key: given[name] for key, name in self.arguments.items()}
                if self.settings is not None:
                    drawn = {key: given[n] for key, n in self.settings.items() if n in given}
                    call[SETTINGS] = CouplingParameters.paper().replace(**drawn)
                reference = self.function(**call) if tracer is None else tracer.call(call)
        except Contradiction:
            return None  # no system has these values together
        except (ValueError, ZeroDivisionError, OverflowError) as error:
            # the function refuses the point: it must be one where the formula has no value either
            if any(_finite(value) for value in values):
                raise Mismatch(
                    f"{_called(self.function)} has no value ({error}) where the formula gives "
                    f"{_short(values[0])}, at {_where(point)}"
                ) from error
            of_laws = isinstance(values[0], tuple)
            reference = math.nan if of_laws else np.full(np.shape(values[0]), math.nan)
        return values, _plain(reference), scales


def _plain(value):
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    value = np.asarray(value)
    return value.reshape(-1)[0] if value.size == 1 else value


def _finite(value) -> bool:
    parts = value if isinstance(value, tuple) else (value,)
    return all(np.all(np.isfinite(part)) for part in parts)


def deviation(value, reference, rtol: float, scale: float) -> float:
    """Difference of two values in units of what is tolerated; both undefined is no difference."""
    left = value if isinstance(value, tuple) else (value,)
    right = reference if isinstance(reference, tuple) else (reference,)
    if len(left) != len(right):
        return math.inf
    worst = 0.0
    for a, b in zip(left, right, strict=True):
        a, b = np.squeeze(np.asarray(a)), np.squeeze(np.asarray(b))
        if a.shape != b.shape:
            return math.inf
        sound = np.isfinite(a)
        opposite = np.isinf(a) & np.isinf(b) & (a != b)
        if not np.array_equal(sound, np.isfinite(b)) or np.any(opposite):
            return math.inf
        a, b = a[sound], b[sound]
        size = float(np.max(np.abs(b))) if b.size else 0.0
        off = float(np.max(np.abs(a - b))) if b.size else 0.0
        limit = max(rtol * size, 256 * np.finfo(float).eps * scale)
        worst = max(worst, off / limit if limit else (math.inf if off else 0.0))
    return worst


def _difference(tex, function, value, reference, point, off) -> str:
    return (
        f"the formula {' '.join(tex.split())[:160]} differs from {_called(function)}: it gives "
        f"{_short(value)}, the function {_short(reference)} (relative difference {off:.2g}) at "
        f"{_where(point)}"
    )


def _called(function: Callable | None) -> str:
    return getattr(function, "__name__", "the first member")


def _where(point: dict) -> str:
    return ", ".join(f"{key}={_short(point[key])}" for key in sorted(point))


def _short(value) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(_short(part) for part in value) + ")"
    if np.ndim(value):
        return "[" + ", ".join(_short(part) for part in np.ravel(value)[:3]) + ", …]"
    if isinstance(value, int | np.integer):
        return str(value)
    return f"{value:.6g}" if np.isrealobj(value) else f"{complex(value):.5g}"


def _points(rng, run: _Run, fixed, count: int, formula: Formula) -> list[dict]:
    points = [draw_point(rng, run.quantities, fixed) for _ in range(count)]
    points += list(border_points(rng, run.quantities, fixed))
    slow = any(node.kind in {"integral", "optimum"} for node in formula.walk())
    tries = 10 if slow else 150
    near = straddling_points(rng, run.quantities, fixed, run.signs, points, tries)
    return points + list(near)


# --- branches of the function -------------------------------------------------------------------


class _Branches:
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


def _module(member) -> str:
    """Name of a member's module; what sympy makes has none."""
    return getattr(member, "__module__", None) or ""


def _package_functions(function) -> list:
    """The functions of this package that ``function`` is, or that it names."""
    if function is None:
        return []
    inner = inspect.unwrap(function)
    if _module(inner).startswith("isacnb.") and hasattr(inner, "__code__"):
        return [inner]
    found = []
    closure = inspect.getclosurevars(inner)
    for member in {**closure.globals, **closure.nonlocals}.values():
        member = inspect.unwrap(member) if callable(member) else member
        if inspect.isfunction(member) and _module(member).startswith("isacnb."):
            found.append(member)
    return found


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


# --- mutants ------------------------------------------------------------------------------------


def _try_mutants(tex, table, target, run, points, references, parts, rtol, equivalent):
    killed, same, alive = 0, 0, []
    unused = dict(equivalent)
    several = {name: table.family_of(name) for name in run.families}
    everything = mutants(tex, parts, table.symbols.kinds, several)
    well_formed = 0
    cases = list(zip(points, references, strict=True))
    for mutant in everything:
        verdict = _killed(mutant.tex, table, target, run, cases, rtol)
        if verdict is None:
            continue
        well_formed += 1
        if verdict:
            killed += 1
            continue
        argued = [key for key in equivalent if _argues(key, mutant, tex)]
        if argued:
            same += 1
            unused.pop(argued[0], None)
        else:
            alive.append(mutant.label)
    if alive:
        raise Mismatch(
            f"{len(alive)} of {well_formed} mutants of {' '.join(tex.split())[:80]} pass: "
            + "; ".join(alive[:8])
            + ". Draw better points, or say in `equivalent` why each is the same formula"
        )
    if not killed:
        raise Mismatch(f"no mutant of {' '.join(tex.split())[:80]} is told from it")
    if unused:
        raise Mismatch(f"`equivalent` names no mutant that passes: {', '.join(unused)}")
    return well_formed, killed, same


def _argues(key: str, mutant: Mutant, tex: str) -> bool:
    """Whether an argument speaks of this mutant: by its label, or by the piece that it changes."""
    if mutant.label.startswith(key):
        return True
    place = tex.find(key)
    return place >= 0 and place <= mutant.place < place + len(key)


def _killed(tex, table, target, run, cases: list, rtol) -> bool | None:
    """Whether a number tells a mutant from the function; None if it is no formula at all.

    A case that told one is tried first on the next: few points do most of the work.
    """
    try:
        task = _split(read(tex, table.symbols), target, table)
        if len(task.members) != len(run.task.members) or not task.names <= {
            *run.quantities,
            *run.derived,
        }:
            return None
        task.indices = run.task.indices
        mutant = _Run(task, table, run.quantities, None, {}, run.derived, run.families)
        if run.function is not None and _clearly_other(mutant, cases[0]):
            return True
        for place, (point, (reference, scales)) in enumerate(cases):
            env = mutant.environment(point)
            values = [mutant.value(member, env) for member in task.members]
            if run.function is None:
                reference, values = _reference_or_changed(values, reference)
            for value, scale in zip(values, scales, strict=True):
                if deviation(value, reference, rtol, scale) > 1:
                    cases.insert(0, cases.pop(place))
                    return True
    except (FormulaError, ValueError, TypeError, IndexError, KeyError, np.linalg.LinAlgError):
        return None
    return False


#: relative error of integrals that settles most mutants, and the difference that it settles
_COARSE, _CLEAR = 1e-4, 0.02


def _clearly_other(mutant: _Run, case) -> bool:
    """Whether a mutant with an integral differs so much that few digits of it tell."""
    parts = [*mutant.task.members, *mutant.task.definitions.values()]
    if not any(node.kind == "integral" for part in parts for node in part.walk()):
        return False
    point, (reference, scales) = case
    env = mutant.environment(point)
    env.precision = _COARSE
    for member, scale in zip(mutant.task.members, scales, strict=True):
        value = mutant.value(member, env)
        if np.ndim(value) or np.ndim(reference) or not np.isfinite(value - reference):
            return False
        if abs(value - reference) > _CLEAR * max(abs(value), abs(reference), scale):
            return True
    return False


def _reference_or_changed(values, reference):
    """Members alone: the first is the reference of the others, changed or not."""
    return values[0], values[1:]
