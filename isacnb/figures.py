"""One style for every plot of the book, and the two panels that most chapters need."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

__all__ = ["COLOURS", "error_panel", "panels", "use_style"]

#: Okabe and Ito's palette, told apart with every kind of colour vision
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def use_style() -> None:
    """Set the book's matplotlib style for this session."""
    plt.rcParams.update(
        {
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "figure.figsize": (7.2, 4.2),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "legend.frameon": False,
            "lines.linewidth": 1.6,
        }
    )


def panels(rows: int = 2, height: float = 5.4, ratio: float = 2.2) -> tuple[Figure, np.ndarray]:
    """Figure with a large panel for the curves and a smaller one below for their error."""
    figure, axes = plt.subplots(
        rows, 1, sharex=True, figsize=(7.2, height), height_ratios=[ratio] + [1] * (rows - 1)
    )
    return figure, axes


def error_panel(
    axis: Axes,
    x: ArrayLike,
    claimed: ArrayLike,
    estimate: ArrayLike,
    standard_error: ArrayLike,
    label: str | None = None,
    **style: object,
) -> None:
    """Plot the deviation of a simulation in standard errors, with the band of 3 behind it."""
    deviation = (np.asarray(estimate) - np.asarray(claimed)) / np.asarray(standard_error)
    axis.axhspan(-3, 3, color="0.92", zorder=0)
    axis.plot(x, deviation, **{"marker": ".", "linestyle": "", "label": label, **style})
    axis.set_ylabel("deviation\n(standard errors)")
