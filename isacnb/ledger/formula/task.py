"""What of a formula is compared: its members, its definitions, its conditions, what is drawn."""

from dataclasses import dataclass, field, replace

from .nodes import Formula, Node
from .points import COUNTS, Quantity
from .tables import Table
from .tokens import FormulaError

__all__ = ["Task", "name_of", "quantities_of", "split", "unused_in"]


@dataclass
class Task:
    """A formula split into what is compared, what is defined, and what restricts the points."""

    members: list[Node]
    relation: str
    definitions: dict[str, Node]
    conditions: list[Node]
    names: set[str]
    functions: set[str]
    others: list[str]
    indices: dict[str, str] = field(default_factory=dict)


def _rows(formula: Formula) -> list[Node]:
    out = []
    for clause in formula.clauses:
        out += clause.args if clause.kind == "rows" else [clause]
    return out


def split(formula: Formula, target: str | None, table: Table) -> Task:
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
        if name_of(first) in definitions:
            raise FormulaError(f"{name_of(first)} is defined twice")
        if first.data["index"] is not None:
            value = Node("indexed", [value], first.data["index"], value.start, value.end)
        definitions[name_of(first)] = value
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
            and not (_is_name(member, table) and (place == 0 or name_of(member) in defined))
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
    return Task(members, relation, definitions, conditions, wanting, functions, others)


def _chosen(chains: list[Node], wanted: str | None) -> Node | None:
    """The first clause, or the one with the letter as a member, or else within its first member."""
    if wanted is None:
        return chains[0] if chains else None
    having = [chain for chain in chains if any(name_of(m) == wanted for m in chain.args)]
    having += [chain for chain in chains if wanted in map(name_of, chain.args[0].walk())]
    return having[0] if having else None


def _refuse_circles(definitions: dict[str, Node]) -> None:
    """A definition that leads back to itself has no value; some mutants make one."""
    uses = {
        name: {name_of(node) for node in value.walk()} & set(definitions)
        for name, value in definitions.items()
    }
    while uses:
        grounded = [name for name, others in uses.items() if not others & set(uses)]
        if not grounded:
            raise FormulaError(f"{min(uses)} is defined by itself")
        for name in grounded:
            del uses[name]


def unused_in(parts: list[Node], definitions: dict[str, Node]) -> set[str]:
    """Names of the definitions on which the value of the parts does not depend."""
    left, stack = set(definitions), list(parts)
    while stack:
        used = {name_of(node) for node in stack.pop().walk()} & left
        left -= used
        stack += [definitions[name] for name in used]
    return left


def name_of(node: Node) -> str | None:
    return node.data["name"] if node.kind in {"symbol", "apply"} else None


def _is_name(member: Node, table: Table) -> bool:
    return member.kind in {"symbol", "apply", "opaque"}


def _readable(member: Node) -> bool:
    unread = {"opaque", "words", "nothing"}
    return not any(node.kind in unread and node.data != "otherwise" for node in member.walk())


def quantities_of(
    formula: Formula, task: Task, table: Table, wanted: set[str]
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
