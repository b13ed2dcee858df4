"""Holds a formula, as it is printed, against the function that was proved."""

import hashlib
import inspect
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from ...coupling.settings import CouplingParameters
from ...numbers.door import Contradiction
from .branches import Branches, module_of
from .evaluate import Environment, ShapeError, evaluate, holds, margin, rounding_scale
from .mutants import Mutant, mutants
from .nodes import Formula, Node
from .points import COUNTS, border_points, draw_point, straddling_points
from .reader import read
from .tables import Table, first_of
from .task import quantities_of, split, unused_in
from .tokens import FormulaError

__all__ = ["Comparison", "Mismatch", "compare"]

#: parameter of a function that stands for all settings of a network
SETTINGS = "parameters"
#: points that are drawn to reach lines that the first points miss
_TRIES = 400


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
    #: denominators that are 0, or change sign, at points inside the domain of the letters
    vanishing: tuple[str, ...] = field(default=())


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
    task = split(formula, target, table)
    idle = unused_in(task.members + task.conditions, task.definitions) | {*task.others}
    if idle and target is None:
        raise FormulaError(
            f"the clause that defines {min(idle)} is neither compared nor used: say by `target` "
            "which clause is meant, and compare the other, too"
        )
    if function is None and len(task.members) < 2:
        raise FormulaError("a formula with one readable member needs a function to be held against")
    arguments = _arguments(function, table)
    derived = {name: (rule, _arguments(rule, table)) for name, rule in (derived or {}).items()}
    needed = {name for _, names in derived.values() for name in names.values()}
    quantities = quantities_of(formula, task, table, {*arguments.values(), *needed} - set(derived))
    # an index of the formula, and not the quantity that some function calls by that letter
    arguments |= {label: label for label in arguments if label in task.indices}
    families = {name: first_of(q.family) for name, q in quantities.items() if q.family}
    if any(quantity.shape in {"vector", "matrix"} for quantity in quantities.values()):
        quantities |= {name: table.quantity(name) for name in {"N"} & set(fixed)}  # their size
    for name in set(fixed) - set(quantities):
        raise FormulaError(f"{name} is no quantity of the formula or of its function")
    for name in derived:
        quantities.pop(name, None)
    run = Run(task, table, quantities, function, arguments, derived, families)
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(tex.encode()).digest()[:8]))
    tried = [run.full(point) for point in _points(rng, run, fixed, points, formula)]
    tracer = Branches(function, unreached)
    kept, references, worst = [], [], 0.0

    def more() -> dict:
        return run.full(draw_point(rng, quantities, fixed))

    for point, extra in _until_reached(tried, more, tracer):
        before = len(tracer.missing()) if extra else math.inf
        found = run.at(point, tracer)
        if found is None or (extra and len(tracer.missing()) >= before):
            continue
        values, reference, scales = found
        for value, scale in zip(values, scales, strict=True):
            off = deviation(value, reference, rtol, scale)
            if off > 1:
                raise Mismatch(_difference(tex, function, value, reference, point, rtol * off))
            worst = max(worst, off)
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
    elsewhere = idle | set(table.defined)
    parts += [node for name, node in task.definitions.items() if name not in elsewhere]
    tally = _try_mutants(tex, table, target, run, kept, references, parts, rtol, equivalent or {})
    letters = tuple(
        sorted({letter_of(n, tex) for n in formula.walk() if n.kind in ("symbol", "apply")})
    )
    branches = tracer.counts()
    vanishing = tuple(
        sorted(
            {
                re.sub(r"^\{(.*)\}$", r"\1", tex[node.start : node.end].strip(), flags=re.DOTALL)
                for node in _denominators(formula)
                if math.prod(run.ranges.get(node.start, (1.0, 1.0))) <= 0
            }
        )
    )
    unused = tuple(sorted(idle))
    return Comparison(len(kept), worst * rtol, rtol, *tally, branches, letters, unused, vanishing)


def _denominators(formula: Node) -> Iterator[Node]:
    for node in formula.walk():
        if node.kind == "fraction":
            yield node.args[1]
        elif node.kind == "product":
            parts = zip(node.args, node.data, strict=True)
            yield from (part for part, operator in parts if operator == "/")


def _until_reached(
    points: list[dict], more: Callable[[], dict], tracer: Branches
) -> Iterator[tuple[dict, bool]]:
    """The points, and behind them others until every line is reached, each with whether it is such."""
    yield from ((point, False) for point in points)
    for _ in range(_TRIES):
        if not tracer.missing():
            return
        yield more(), True


def letter_of(node: Node, tex: str) -> str:
    """The letter of a symbol or of a function without its arguments."""
    return tex[node.start : node.data.get("letter_end", node.end)].strip()


def _arguments(function: Callable | None, table: Table) -> dict[str, str]:
    """Parameters of the function that have no default -> the quantities that they are."""
    if function is None:
        return {}
    where = f"{module_of(function).removeprefix('isacnb.')}.{function.__name__}"
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


# --- running both sides -------------------------------------------------------------------------


class Run:
    def __init__(self, task, table: Table, quantities, function, arguments, derived, families):
        self.task, self.table, self.quantities, self.families = task, table, quantities, families
        self.function, self.arguments = function, arguments
        self.settings, self.derived = _settings(function, table), derived
        #: least and largest value of what decides by its sign, by its place in the formula
        self.ranges: dict[int, tuple[float, float]] = {}

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
        for start, sign in env.signs.items():
            if not math.isnan(sign):
                low, high = self.ranges.get(start, (sign, sign))
                self.ranges[start] = min(low, sign), max(high, sign)
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


def _points(rng, run: Run, fixed, count: int, formula: Formula) -> list[dict]:
    points = [draw_point(rng, run.quantities, fixed) for _ in range(count)]
    points += list(border_points(rng, run.quantities, fixed))
    slow = any(node.kind in {"integral", "optimum"} for node in formula.walk())
    tries = 10 if slow else 150
    near = straddling_points(rng, run.quantities, fixed, run.signs, points, tries)
    return points + list(near)


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
        task = split(read(tex, table.symbols), target, table)
        if len(task.members) != len(run.task.members) or not task.names <= {
            *run.quantities,
            *run.derived,
        }:
            return None
        task.indices = run.task.indices
        mutant = Run(task, table, run.quantities, None, {}, run.derived, run.families)
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


def _clearly_other(mutant: Run, case) -> bool:
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
