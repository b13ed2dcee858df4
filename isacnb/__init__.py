"""The executable audit of ISAC theory: formulas, certified numbers and the ledger of claims.

Rooms, each loaded when it is first used: ``numbers`` (units, arithmetic), ``special`` (functions with their
certified counterparts), ``probability`` (Poisson networks, Gaussian vectors, estimators, rare events),
``signals`` (arrays, detection, estimation, Fisher information), ``coupling`` and ``rician`` (the two
papers), ``ledger`` (claims, evidence, verdicts).
"""

import importlib

__all__ = ["coupling", "ledger", "numbers", "probability", "rician", "signals", "special"]


def __getattr__(name: str):
    if name == "__version__":
        from importlib.metadata import version

        return version("isacnb")
    if name in __all__:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
