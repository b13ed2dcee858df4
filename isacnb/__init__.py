"""The executable audit of ISAC theory: formulas, certified numbers and the ledger of claims."""

from importlib.metadata import version

__version__ = version("isacnb")
