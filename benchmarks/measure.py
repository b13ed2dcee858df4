"""Errors against balls, times, and the record of one row."""

import importlib.metadata
import math
import platform
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from flint import arb

TINY = 1e-17  # an error of 0 on a logarithmic axis


def relative_error(value: float, ball: arb) -> float:
    """Return the relative error of a float, 1 at the most (0, nan or the wrong sign)."""
    value = float(value)
    if not math.isfinite(value):
        return 1.0
    return max(TINY, min(1.0, float((abs(arb(value) - ball) / abs(ball)).mid())))


def log10(ball: arb) -> float:
    """Return the decimal logarithm of a positive ball as a float."""
    return float(ball.log().mid()) / math.log(10)


def seconds(task: Callable, repeat: int = 3) -> float:
    """Return the least time of a few calls."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return min(times)


def figure(name: str, value: float, limit: float | None = None, *, larger: bool = False) -> dict:
    """Return one measured figure, with the limit that it is to stay within."""
    value = float(f"{value:.3g}")
    record = {"figure": name, "value": value}
    if limit is not None:
        record |= {"limit": limit, "larger_is_better": larger}
        record["met"] = bool(value >= limit if larger else value <= limit)
    return record


def row(identifier: str, what: str, ours: list[dict], peers: dict | None = None, **more) -> dict:
    """Return the record of one line of the table: our figures and those of each peer."""
    return {"id": identifier, "what": what, "ours": ours, "peers": peers or {}, **more}


def series(log10_values: Iterable[float], errors: Iterable[float]) -> dict:
    """Return a curve for a plot, ordered along the axis and rounded to what the eye sees."""
    pairs = sorted(zip(log10_values, errors, strict=True))
    return {
        "log10": [round(x, 2) for x, _ in pairs],
        "error": [float(f"{e:.2g}") for _, e in pairs],
    }


def fails_from(log10_values: Iterable[float], errors: Iterable[float], level: float) -> float:
    """Return the largest probability, as a decimal logarithm, at which the error exceeds level."""
    wrong = [x for x, e in zip(log10_values, errors, strict=True) if e > level]
    return max(wrong, default=-math.inf)


def environment() -> dict:
    """Return the versions and the processor that the figures belong to."""
    versions = {}
    for name in ("numpy", "scipy", "mpmath", "python-flint", "gx2", "momentchi2"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return {
        "commit": commit(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "versions": versions,
    }


def commit() -> str:
    """Return the commit of the code that is measured, and whether it has been changed since."""
    git = ["git", "-C", str(Path(__file__).parent)]
    told = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "../isacnb", "."], check=False)
    return told.stdout.strip() + (" with changes" if changed.returncode else "")


def exact_floats(values: np.ndarray) -> np.ndarray:
    """Round to 24 bits, so that squares are exact and no peer suffers from rounded arguments."""
    return np.asarray(values, dtype=np.float32).astype(float)
