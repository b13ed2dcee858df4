"""A figure's digest follows what a reader sees, and every picture of the book carries its own."""

import base64
import io
import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from isacnb import figures
from isacnb.figures import DIGEST_KEY, describe, show

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*/*.ipynb"))
TEXT = re.compile(r"figure: \d+ curves, \d+ points, digest ([0-9a-f]{16})")

x = np.geomspace(1.3e-3, 0.7, 12)


@pytest.fixture(autouse=True)
def closed():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def drawing(factor=1.0, changed=None, scale="log"):
    """A figure with one of every kind, as the book uses them; ``changed`` alters a copy."""
    figure, (axis, right) = plt.subplots(1, 2)
    y = factor * x**3
    (line,) = axis.plot(x, y, "o-", label="law")
    axis.errorbar(x, y, 0.1 * y, fmt="s", label="drawn")
    axis.fill_between(x, 0.5 * y, 2 * y, alpha=0.2)
    axis.axhline(factor * 0.01)
    axis.set(xscale=scale, yscale=scale, xlabel="distance (m)", ylabel="outage", title="Law")
    note = axis.annotate("here", (0.1, factor * 0.001), (0.2, 0.1))
    bars = axis.bar([0.2, 0.4], [factor * 0.1, factor * 0.2], width=0.05)
    dots = axis.scatter(x, 2 * y)
    mesh = right.pcolormesh(factor * np.arange(12.0).reshape(3, 4) / 7)
    figure.colorbar(mesh, ax=right)
    legend = axis.legend()
    if changed:
        changed(axis, line, note, bars, dots, mesh, legend)
    return figure


def digest(figure):
    return describe(figure)[1]


def move(line, place, by):
    y = np.array(line.get_ydata())
    y[place] *= by
    line.set_ydata(y)


CHANGES = {
    "a large value": lambda axis, line, *_: move(line, -1, 1.001),
    "a small value on a logarithmic axis": lambda axis, line, *_: move(line, 0, 1.001),
    "a value that is missing": lambda axis, line, *_: move(line, 3, np.nan),
    "a colour": lambda axis, line, *_: line.set_color("black"),
    "a style": lambda axis, line, *_: line.set_linestyle("--"),
    "a curve's label": lambda axis, line, *_: line.set_label("lore"),
    "an axis label": lambda axis, *_: axis.set_xlabel("distance (km)"),
    "the title": lambda axis, *_: axis.set_title("Lore"),
    "a limit": lambda axis, *_: axis.set_ylim(top=3.0),
    "a scale": lambda axis, *_: axis.set_yscale("linear"),
    "the ticks": lambda axis, *_: axis.set_xticks([0.01, 0.1], ["a", "b"]),
    "a note": lambda axis, line, note, *_: note.set_text("there"),
    "where a note points": lambda axis, line, note, *_: setattr(note, "xy", (0.1, 0.002)),
    "a bar": lambda axis, line, note, bars, *_: bars[1].set_height(0.21),
    "a dot": lambda axis, line, note, bars, dots, *_: dots.set_offsets(np.c_[x, 2.1 * x**3]),
    "a tile": lambda *parts: parts[5].set_array(np.arange(12.0)[::-1].reshape(3, 4) / 7),
    "the colours of the tiles": lambda *parts: parts[5].set_cmap("magma"),
    "a legend's text": lambda *parts: parts[6].get_texts()[0].set_text("lore"),
    "a curve more": lambda axis, *_: axis.plot([0.1], [0.1]),
    "a curve less": lambda axis, line, *_: line.set_visible(False),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_a_change_that_a_reader_sees_changes_the_digest(changed):
    assert digest(drawing()) == digest(drawing())
    assert digest(drawing(changed=changed)) != digest(drawing())


@pytest.mark.parametrize("scale", ["log", "linear"])
@pytest.mark.parametrize("noise", [1e-9, -1e-9, 1e-13])
def test_the_last_bits_do_not(scale, noise):
    assert digest(drawing(1 + noise, scale=scale)) == digest(drawing(scale=scale))


def test_rounding_turns_at_no_common_value():
    values = np.array([1.0, 0.5, 1 / 3, 0.1234565, 0.0, 1e-3, np.nan, -np.inf])
    rounded = figures._rounded(values)
    assert rounded == figures._rounded(values * (1 - 1e-12)) == figures._rounded(values * 1.0000001)
    assert rounded == [100000, 50000, 33333, 12346, 0, 100, "nan", "-inf"]
    # noise about zero beside a window of size one
    assert figures._rounded([1e-16, -3e-17], peak=1.0) == [0, 0]


def test_show_displays_one_picture_that_carries_the_digest_of_the_text(monkeypatch):
    shown = []
    monkeypatch.setattr(figures, "display", lambda bundle, raw: shown.append(bundle))
    wanted = digest(drawing())
    plt.close("all")
    drawing()
    show()
    (bundle,) = shown
    assert wanted == TEXT.fullmatch(bundle["text/plain"])[1]
    assert problem_of_output(bundle) is None
    assert not plt.get_fignums()
    show(drawing(changed=CHANGES["a bar"]))
    other = shown[1]
    assert "another" in problem_of_output(bundle | {"image/png": other["image/png"]})
    assert "another" in problem_of_output(bundle | {"text/plain": other["text/plain"]})
    plain = io.BytesIO()
    drawing().savefig(plain)
    bare = base64.b64encode(plain.getvalue()).decode()
    assert "no digest" in problem_of_output(bundle | {"image/png": bare})
    assert "no digest" in problem_of_output(bundle | {"text/plain": "<Figure size 1x1>"})


def test_an_unknown_kind_of_artist_is_refused():
    _, axis = plt.subplots()
    axis.table([["1"]])
    with pytest.raises(ValueError, match="known kinds, got Table"):
        show()


# --- the book's pictures ---


def problem_of_output(data):
    """What is wrong with a displayed picture, if anything."""
    text = TEXT.fullmatch("".join(data.get("text/plain", "")))
    png = base64.b64decode("".join(data["image/png"]))
    carried = Image.open(io.BytesIO(png)).info.get(DIGEST_KEY)
    if text is None or carried is None:
        return "no digest"
    return None if carried == text[1] else "another figure's picture"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_picture_is_the_one_that_its_text_names(path):
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert not {kind for kind in data if kind.startswith("image/")} - {"image/png"}
            if "image/png" in data:
                assert problem_of_output(data) is None, cell["id"]
