"""What the tests of the reader share: letters with values, and the formulas of the registry."""

import re
from functools import cache

import numpy as np
import scipy.special

from isacnb.ledger.formula import FormulaError, Table, parse_own, read, table_for
from isacnb.ledger.formula.compare import Run
from isacnb.ledger.formula.evaluate import Environment, evaluate
from isacnb.ledger.formula.nodes import Symbols
from isacnb.ledger.formula.points import draw_point
from isacnb.ledger.formula.tables import first_of
from isacnb.ledger.formula.task import quantities_of, split
from isacnb.ledger.formula.tokens import tokens
from isacnb.ledger.registry import registry
from isacnb.ledger.tex import math_spans

#: values without a common divisor, so that no two readings agree by chance
a, b, c, d = 1.37, 2.91, 0.53, 4.19
x, y, z, w = 0.71, 1.93, 2.57, 3.31
theta, alpha, rho, eps, eps_c = 0.83, 2.23, 0.37, 0.0127, 0.0423
N, K, n, m = 5, 3, 4, 2
mu, phi, beta = np.array([0.31, 1.7, 0.93]), np.array([2.3, 0.17, 1.1]), np.array([1.9, 0.7, 0.4])
_rng = np.random.default_rng(20250101)
u, v = (_rng.standard_normal((N, 2)) @ [1, 1j] for _ in range(2))
h = _rng.standard_normal((3, N)) + 1j * _rng.standard_normal((3, N))
A, B = (_rng.standard_normal((N, N)) + 1j * _rng.standard_normal((N, N)) for _ in range(2))
zeta = 0.6 - 1.1j

VALUES = {
    **{"a": a, "b": b, "c": c, "d": d, "x": x, "y": y, "z": z, "w": w},
    **{"theta": theta, "alpha": alpha, "rho": rho, "eps": eps, "eps_c": eps_c},
    **{"N": N, "K": K, "n": n, "m": m, "zeta": zeta},
    **{"mu": mu, "phi": phi, "beta": beta, "h": h},
    **{"u": u[:, None], "v": v[:, None], "A": A, "B": B},
}
SYMBOLS = Symbols(
    letters={
        **{letter: letter for letter in "abcdxyzwNKnm"},
        **{rf"\{name}": name for name in ("theta", "alpha", "rho", "zeta")},
        **{r"\mu_{#}": "mu", r"\phi_{#}": "phi", r"\beta_{t,#}": "beta", r"\bar{b:h}_{#}": "h"},
        **{r"\epsilon_{u}": "eps", r"\epsilon_{u}^{C}": "eps_c"},
        **{"b:u": "u", "b:v": "v", "b:A": "A", "b:B": "B"},
        **{"f": "f", "F_{Z}": "F_Z", "g": "g", "E_{#}": "E", "b:a_{N}": "steer"},
    },
    kinds={
        **dict.fromkeys("uvh", "vector"),
        **dict.fromkeys("AB", "matrix"),
        **dict.fromkeys(("f", "F_Z", "g", "E", "steer"), "function"),
    },
    arguments={"f": ("x",)},
)


def f(t):
    return t**2 + 3 * t


def F_Z(t):
    return t / (1 + t)


def g(s, t):
    return s - 2 * t


def E(order, t):
    return order + 10 * t


def steer(angle):
    return np.exp(1j * np.pi * np.arange(N) * np.sin(angle))


FUNCTIONS = {
    "f": lambda env, t: f(t),
    "F_Z": lambda env, t: F_Z(t),
    "g": lambda env, s, t: g(s, t),
    "E": lambda env, order, t: E(order, t),
    "steer": lambda env, angle: steer(angle)[:, None],
    "hyp1f1": lambda env, *args: scipy.special.hyp1f1(*args),
}
FIRST = {"mu": 1, "phi": 1, "beta": 1, "h": 1}


def environment(**changed) -> Environment:
    """An environment with the values of this module; ``i``, ``k``, ``l`` are indices."""
    indices = {"k": 2, "i": 3, "l": 1}
    return Environment({**VALUES, **changed}, FUNCTIONS, {}, indices, FIRST)


def expression(tex: str):
    """The only member of the only clause of a formula."""
    (clause,) = read(tex, SYMBOLS).clauses
    (member,) = clause.args
    return member


def value(tex: str, **changed):
    """What the reader and the evaluation make of an expression."""
    return evaluate(expression(tex), environment(**changed))


def letters_of(paper: str, *lines: str) -> Table:
    """The letters of a paper, and those that lines add."""
    return table_for(paper, map(parse_own, lines))


def value_with(tex: str, letters: Table, **values):
    """The value of the last member of a clause."""
    (clause,) = read(tex, letters.symbols).clauses
    return evaluate(clause.args[-1], Environment(values, letters.functions, letters.defined))


def border(data_share, N, rician_factor):
    return (1 - data_share) / (data_share * N * (1 + rician_factor))


RIGHT = r"\epsilon_d^C=\frac{1-\rho}{\rho N(1+\kappa_{u,k})}"


#: tokens from which random rows are made
ROW = r"""x y N \mu_k \mu_ k \boldsymbol \mathrm u f F_Z E_ ( ) [ ] { } \{ \} | \| \lvert \rvert ^ _ '
! + - / * \cdot = < \le , ; . & \\ \quad 1 2.5 37 \frac \sqrt \sum \prod \int \mathrm{d} \min \max
\sin \log \ln \begin{cases} \end{cases} \begin{aligned} \end{aligned} \left \right \text{otherwise}
\text{and} \mathbb{E} \Pr \mathcal{CN} \mathbf{I} \bar \infty \pi e j \partial \stackrel \xrightarrow
\sim \in \ne ^+ ^* ^H ^{-1} _{k=1} \binom {}_1F_1 \big \, \! \Delta \ldots é \zeta \mathrm{tr}
\boldsymbol{u} \boldsymbol{A} \bar{\boldsymbol{h}}_k x y ( ) f(x) 0 ^2"""
ALPHABET = ROW.split()


# --- the registry -------------------------------------------------------------------------------


@cache
def claim_table(claim_id: str) -> Table:
    claim = registry()[claim_id]
    return table_for(claim.paper, map(parse_own, claim.symbols or ()))


@cache
def registry_formulas() -> tuple[tuple[str, str], ...]:
    """All formulas of the registry with a relation or a fraction, each once, with their claims."""
    found = {}
    for claim in registry().values():
        printed = [claim.printed] if isinstance(claim.printed, str) else claim.printed or []
        for tex in (*math_spans(claim.statement), *printed):
            if re.search(r"[=<>]|frac|\\[lg]eq|\\to|\\sim", tex):
                found.setdefault(tex, claim.id)
    return tuple((claim_id, tex) for tex, claim_id in found.items())


@cache
def readable() -> tuple[tuple[str, str], ...]:
    """Those formulas of the registry that the reader reads."""
    out = []
    for claim_id, tex in registry_formulas():
        try:
            read(tex, claim_table(claim_id).symbols)
        except FormulaError:
            continue
        out.append((claim_id, tex))
    return tuple(out)


def length(tex: str) -> int:
    return len(tokens(tex))


# --- a clause as a comparison takes it ----------------------------------------------------------


def table_with(*letters: str) -> Table:
    """The coupling paper's letters with some more."""
    return table_for("coupling", [parse_own(f"${letter}$: a letter") for letter in letters])


def members_of(tex: str, table: Table) -> list:
    """The members that a comparison evaluates."""
    return split(read(tex, table.symbols), None, table).members


def _run(tex: str, table: Table):
    formula = read(tex, table.symbols)
    task = split(formula, None, table)
    quantities = quantities_of(formula, task, table, set())
    families = {name: first_of(q.family) for name, q in quantities.items() if q.family}
    run = Run(task, table, quantities, None, {}, {}, families)
    return task, quantities, run


def members_at_points(tex: str, table: Table, points: int):
    """The members of a clause, and environments of points at which they were evaluated."""
    task, quantities, run = _run(tex, table)
    rng = np.random.default_rng(17)
    environments = [run.environment(draw_point(rng, quantities)) for _ in range(points)]
    for member in task.members:
        if member.kind == "chain" or any(node.kind == "integral" for node in member.walk()):
            return [], []
        for env in environments:
            evaluate(member, env)
    return task.members, environments


def compared(tex: str, table: Table, **values) -> list:
    """Values of the members of a clause, with values by name."""
    task, _, run = _run(tex, table)
    env = run.environment(values)
    return [evaluate(member, env) for member in task.members]


# --- the text of formulas -----------------------------------------------------------------------

PIECES = re.compile(r"\\\\(?:\[[^\]]*\])?|\\text\{[^{}]*\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S")


def rename(tex: str, index: str, fresh: str) -> str:
    """The text with another letter for an index, outside upright words."""
    upright = re.compile(
        r"\\(?:mathrm|operatorname|text|begin|end)\s*\{[^{}]*\}|\\[A-Za-z]+|[A-Za-z]"
    )
    return upright.sub(lambda m: fresh if m.group() == index else m.group(), tex)


def with_ancestors(node, above=()):
    """Every part with all that it is a part of."""
    yield node, above
    for part in node.args:
        yield from with_ancestors(part, (*above, node))


def is_even(node) -> bool:
    """Whether the sign of what stands inside makes no difference."""
    if node.kind in {"modulus", "norm"}:
        return True
    if node.kind == "function" and node.data == "cos":
        return True
    if node.kind != "power":
        return False
    exponent = node.args[1]
    while exponent.kind == "group":
        exponent = exponent.args[0]
    if exponent.kind == "sum":  # such as N - 1, which may be even at all points
        return True
    return exponent.kind == "number" and float(exponent.data) % 2 == 0
