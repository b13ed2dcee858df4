"""The reader of formulas: the TeX that a page shows, evaluated and held against what was proved."""

from .compare import Comparison, Mismatch, compare
from .nodes import Formula
from .reader import canonical, read
from .tables import Own, Table, parse_own, table_for
from .tokens import FormulaError

__all__ = [
    "Comparison",
    "Formula",
    "FormulaError",
    "Mismatch",
    "Own",
    "Table",
    "canonical",
    "compare",
    "parse_own",
    "read",
    "table_for",
]
