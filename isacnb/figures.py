"""One style for every plot of the book, the two panels that most chapters need, and its output."""

import base64
import hashlib
import io
import json

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import Collection, PathCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.figure import Figure, FigureBase
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import Transform
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from numpy.typing import ArrayLike

__all__ = ["COLOURS", "DIGEST_KEY", "describe", "error_panel", "panels", "show", "use_style"]

#: name of the text chunk by which a picture carries the digest of what it shows
DIGEST_KEY = "isacnb-digest"

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
    """Figure with a large panel for the curves and smaller ones below for their errors.

    ``rows`` is the number of panels, ``height`` that of the figure in inches, and the first panel is
    ``ratio`` times as high as each of the others.
    """
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
    """Plot the deviation of a simulation in standard errors, with the band of 3 behind it.

    ``claimed``, ``estimate`` and ``standard_error`` have the shape of ``x``; ``label`` and ``style`` are
    those of :meth:`matplotlib.axes.Axes.plot`.
    """
    deviation = (np.asarray(estimate) - np.asarray(claimed)) / np.asarray(standard_error)
    axis.axhspan(-3, 3, color="0.92", zorder=0)
    axis.plot(x, deviation, **{"marker": ".", "linestyle": "", "label": label, **style})
    axis.set_ylabel("deviation\n(standard errors)")


# --- output -------------------------------------------------------------------------------------


def show(figure: Figure | None = None) -> None:
    """Display a figure, by default the current one, as a picture with the digest of its data.

    The text beside the picture names the digest, so that a change of what is drawn is a change of
    text; the picture carries the same digest in its metadata, so that another picture is found.
    The figure is closed. Raises ``ValueError`` for an artist that :func:`describe` does not know.
    """
    figure = plt.gcf() if figure is None else figure
    text, digest = describe(figure)
    picture = io.BytesIO()
    # without the name and version of the software, which would tie the file to them
    metadata = {DIGEST_KEY: digest, "Software": None}
    figure.savefig(picture, format="png", dpi=figure.dpi, bbox_inches="tight", metadata=metadata)
    plt.close(figure)
    encoded = base64.b64encode(picture.getvalue()).decode()
    display({"image/png": encoded, "text/plain": text}, raw=True)


def describe(figure: Figure) -> tuple[str, str]:
    """Return what is drawn as one line of text, and the digest that ends it.

    The digest covers the data of every curve, marker, area, bar and image with its colour and
    style, and every limit, scale, title, label, legend and annotation. A number enters with six
    digits, counted from the largest of its array or of the window, on a logarithmic axis its
    logarithm: what may differ on another machine does not change it, what a reader could see does.

    Raises ``ValueError`` for an artist of a kind that is not known here.
    """
    figure.draw_without_rendering()  # settles limits, ticks and projections
    plotted: list[int] = []
    drawn = {"size": _rounded(figure.get_size_inches()), "content": _described(figure, plotted)}
    content = json.dumps(drawn, sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return f"figure: {len(plotted)} curves, {sum(plotted)} points, digest {digest}", digest


def _described(artist: Artist, plotted: list[int]) -> dict | list | str | None:
    """What a reader sees of an artist; the points of each plotted one are appended to the list."""
    if not artist.get_visible():
        return None
    if isinstance(artist, FigureBase | Axes):
        children = [child for child in artist.get_children() if child is not artist.patch]
        return [_described(child, plotted) for child in children]
    if isinstance(artist, Spine):
        return None
    if isinstance(artist, Axis):
        return _axis(artist)
    if isinstance(artist, Text):
        return _text(artist)
    if isinstance(artist, Legend):
        keys = [_described(handle, []) for handle in artist.legend_handles]
        return {"keys": keys, "texts": [_text(t) for t in [artist.get_title(), *artist.texts]]}
    if isinstance(artist, Line2D):
        points, look = np.column_stack(artist.get_data(orig=False)), _line_look(artist)
        columns = _columns(artist.axes, points, artist.get_transform())
    elif isinstance(artist, Patch):
        path = artist.get_patch_transform().transform_path(artist.get_path())
        points, look = path.vertices, _area_look(artist)
        columns = _columns(artist.axes, points, artist.get_transform())
    elif isinstance(artist, Collection):
        points, columns, look = _collection(artist)
    elif isinstance(artist, AxesImage):
        points, columns, look = artist.get_array().ravel(), artist.get_extent(), _mapping(artist)
        columns = _rounded(columns)
    else:
        raise ValueError(f"figure must hold artists of known kinds, got {type(artist).__name__}")
    plotted.append(len(points))
    return {"label": str(artist.get_label()), "data": columns, **look}


def _axis(axis: Axis) -> dict:
    drawn = {
        "label": axis.label.get_text(),
        "scale": axis.get_scale(),
        "limits": _scaled(axis, axis.get_view_interval()),
    }
    if isinstance(axis.get_major_locator(), FixedLocator):
        drawn["ticks"] = [label.get_text() for label in axis.get_ticklabels()]
    return drawn


def _text(text: Text) -> dict:
    drawn: dict = {"text": text.get_text()}
    # a title's place is the layout's choice, which follows the size of the letters
    if text.axes is not None and text.get_transform().contains_branch(text.axes.transData):
        position = np.array([text.get_unitless_position()], dtype=float)
        drawn["at"] = _columns(text.axes, position, text.get_transform())
    if isinstance(text, Annotation):
        drawn["points at"] = _rounded(np.array(text.xy, dtype=float))
    return drawn


def _line_look(line: Line2D) -> dict:
    return {
        "colour": to_hex(line.get_color(), keep_alpha=True),
        "alpha": line.get_alpha(),
        "style": [line.get_linestyle(), str(line.get_marker()), line.get_drawstyle()],
        "sizes": [line.get_linewidth(), line.get_markersize()],
    }


def _area_look(patch: Patch) -> dict:
    colours = [patch.get_facecolor(), patch.get_edgecolor()]
    return {
        "colour": [to_hex(colour, keep_alpha=True) for colour in colours],
        "style": [patch.get_linestyle(), str(patch.get_hatch())],
    }


def _collection(artist: Collection) -> tuple[np.ndarray, list, dict]:
    axes, look = artist.axes, _mapping(artist)
    if artist.get_array() is None:
        colours = [artist.get_facecolor(), artist.get_edgecolor()]
        look["colour"] = [[to_hex(c, keep_alpha=True) for c in several] for several in colours]
    look["widths"] = _rounded(artist.get_linewidth())
    if isinstance(artist, PathCollection):
        points = np.asarray(artist.get_offsets())
        look["sizes"] = _rounded(artist.get_sizes())
        return points, _columns(axes, points, artist.get_offset_transform()), look
    if isinstance(artist, QuadMesh):
        points = artist.get_coordinates().reshape(-1, 2)
    else:
        points = np.concatenate([np.empty((0, 2)), *(p.vertices for p in artist.get_paths())])
    columns = _columns(axes, points, artist.get_transform())
    if isinstance(artist, Poly3DCollection):
        # drawn by depth, where equal depths have no order
        columns = [sorted(zip(*columns, strict=True))]
    return points, columns, look


def _mapping(artist: Collection | AxesImage) -> dict:
    """Values that are shown as colours, with their scale."""
    if artist.get_array() is None:
        return {}
    values, limits = artist.get_array(), artist.get_clim()
    return {"values": _rounded(values), "map": artist.get_cmap().name, "range": _rounded(limits)}


def _columns(axes: Axes | None, points: np.ndarray, transform: Transform) -> list[list]:
    """The two coordinates of points, each rounded on the scale of its axis."""
    if axes is None:
        return [_rounded(column) for column in points.T]
    in_data = transform.contains_branch_seperately(axes.transData)
    return [
        _scaled(axis, column) if scaled else _rounded(column)
        for axis, column, scaled in zip((axes.xaxis, axes.yaxis), points.T, in_data, strict=True)
    ]


def _scaled(axis: Axis, values: ArrayLike) -> list:
    """Values rounded on the scale of an axis, by its window where that is larger."""
    window = _on_scale(axis, axis.get_view_interval())
    return _rounded(_on_scale(axis, values), float(np.max(np.abs(window))))


def _on_scale(axis: Axis, values: ArrayLike) -> np.ndarray:
    values = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
    if axis.get_scale() == "log":  # what cannot be shown is nan, not the substitute for drawing
        values = np.where(values > 0, values, np.nan)
    return axis.get_transform().transform(values)


def _rounded(values: ArrayLike, peak: float = 0.0) -> list:
    """Values as multiples of the sixth digit of the largest of them, or of ``peak``.

    Neither the number of digits nor the rounding turns at a value that figures are full of, such
    as 1 or a tie: the next machine's last bit would turn it back.
    """
    values = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan).ravel()
    finite = np.isfinite(values)
    peak = max(peak, float(np.max(np.abs(values[finite]), initial=0.0)))
    unit = 10.0 ** (np.floor(np.log10(peak) + 0.01) - 5) if peak else 1.0
    steps = np.floor(values / unit + 0.618034)
    return [int(n) if known else str(n) for n, known in zip(steps, finite, strict=True)]
