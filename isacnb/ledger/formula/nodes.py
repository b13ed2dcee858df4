"""The parts of a formula that was read, and what its letters mean."""

from dataclasses import dataclass, field

__all__ = ["Formula", "Node", "Symbols", "letter_key"]


@dataclass
class Symbols:
    """What the letters of a formula mean: canonical letter -> name, with its kind.

    ``kinds`` holds for each name ``scalar``, ``vector``, ``matrix`` or ``function``; a letter whose
    subscript ends in ``#`` is a family, one value for each value of its index. ``arguments`` are
    those that a function has where it is written without any.
    """

    letters: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: letters of several meanings, of which none is chosen
    undecided: set[str] = field(default_factory=set)

    def kind(self, name: str) -> str:
        return self.kinds.get(name, "scalar")


@dataclass
class Node:
    """A part of a formula: its kind, its parts, what else it carries, and its place."""

    kind: str
    args: list["Node"] = field(default_factory=list)
    data: object = None
    start: int = 0
    end: int = 0

    def walk(self):
        """This node and all below it."""
        yield self
        for child in self.args:
            yield from child.walk()


@dataclass(frozen=True)
class Formula:
    """A formula that was read: its text, and its clauses as chains (members, relations)."""

    tex: str
    clauses: tuple[Node, ...]

    def walk(self):
        for clause in self.clauses:
            yield from clause.walk()


def letter_key(base: str, sub: str = "", sup: str = "") -> str:
    return base + (f"_{{{sub}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")
