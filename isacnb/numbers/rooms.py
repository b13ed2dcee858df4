"""Packages that show their modules and load each when it is first used."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable

__all__ = ["shown"]


def shown(package: str, path: Iterable[str]) -> tuple[list[str], Callable, Callable]:
    """``__all__``, ``__getattr__`` and ``__dir__`` of a package that loads its modules lazily."""
    names = sorted(module.name for module in pkgutil.iter_modules(path))

    def load(name: str):
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return importlib.import_module(f"{package}.{name}")

    return names, load, lambda: names
