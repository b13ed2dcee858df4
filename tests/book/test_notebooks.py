"""Hygiene of the committed chapters; whether their outputs are fresh is nbval's business."""

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted(
    path for path in (ROOT / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def chapter(request):
    return json.loads(request.param.read_text("utf-8"))


def code_cells(chapter):
    return [cell for cell in chapter["cells"] if cell["cell_type"] == "code"]


def test_there_are_chapters():
    assert CHAPTERS


def test_run_from_top_to_bottom_without_errors(chapter):
    cells = code_cells(chapter)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        for output in cell["outputs"]:
            assert output["output_type"] != "error", cell["id"]
            assert output.get("name") != "stderr", cell["id"]


def test_no_marker_switches_a_check_off(chapter):
    for cell in code_cells(chapter):
        source = "".join(cell["source"])
        tags = cell["metadata"].get("tags", [])
        assert not re.search("NBVAL_|nbval-|PYTEST_VALIDATE", source + " ".join(tags)), cell["id"]
        assert set(tags) <= {"hide-input", "remove-input"}, cell["id"]
        assert not source.rstrip().endswith(";"), cell["id"]


def test_no_check_is_swallowed(chapter):
    for cell in code_cells(chapter):
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if isinstance(node, ast.Try):
                assert not any(isinstance(s, ast.Pass) for h in node.handlers for s in h.body)
            if isinstance(node, ast.Assert):
                assert not isinstance(node.test, ast.Constant), cell["id"]


def test_a_verdict_is_reached_by_the_means_of_the_ledger_alone(chapter):
    """No private part, no judge, no block around a settlement that could swallow it."""
    for cell in code_cells(chapter):
        tree = ast.parse("".join(cell["source"]))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                private = node.attr.startswith("_") and node.value.id == "claim"
                assert not private, f"{cell['id']}: claim.{node.attr}"
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("isacnb"):
                names = {alias.name for alias in node.names}
                assert not any(name.startswith("_") for name in names), cell["id"]
                if node.module.startswith("isacnb.ledger"):
                    public = node.module == "isacnb.ledger" or names == {"FALSE_ALARM"}
                    assert public, f"{cell['id']}: {node.module}"
        inner = [node for top in tree.body for node in ast.walk(top) if _settles(node)]
        assert all(node in tree.body for node in inner), f"{cell['id']}: settle inside a block"


def test_provenance_is_not_typed(chapter):
    """Samples, seeds and batches of a simulation are told by its estimate."""
    for cell in code_cells(chapter):
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                assert name not in ("Estimate", "ProbabilityEstimate"), cell["id"]
                if name == "replace":
                    told = {keyword.arg for keyword in node.keywords}
                    assert not told & {"n", "seed", "batch", "evaluates"}, cell["id"]


#: references and mathematics, in which digits may be typed
_REFERENCE = re.compile(
    r"\$[^$]*\$|\([A-Z]?\d+[a-z]?\)|"
    r"(Lemma|Theorem|Corollary|Proposition|Remark|Fig\.|Figure|Table|Sec\.|Section|App\.|Eq\.)s? "
    r"[A-Z]?\d+(\.\d+)*"
)
_SETTING = re.compile(
    r"(?<!/)\b(g/N|kappa|[NMKL]) = \d|\d[\d,.]* ?(%|dB|to \d|draws|samples|points|antennas|networks)"
)
_COMPARISONS = {"symbolic", "certified", "numeric", "statistical", "ordered", "measured"}


def test_settings_in_the_name_of_a_comparison_come_from_the_run(chapter):
    for cell in code_cells(chapter):
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and getattr(node.func.value, "id", "") == "claim"
                and node.func.attr in _COMPARISONS | {"counterexample"}
            ):
                typed = "{}".join(
                    part.value
                    for part in getattr(node.args[0], "values", [node.args[0]])
                    if isinstance(part, ast.Constant)
                )
                assert not _SETTING.search(_REFERENCE.sub("", typed)), f"{cell['id']}: {typed}"


def _settles(node):
    calls = [item.context_expr for item in getattr(node, "items", [])]
    return any(
        isinstance(call, ast.Call) and getattr(call.func, "id", "") == "settle" for call in calls
    )


def test_cell_ids_are_readable_and_normalised(chapter):
    ids = [cell["id"] for cell in chapter["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", name) for name in ids)
    assert chapter["cells"][0]["cell_type"] == "markdown"
    for cell in chapter["cells"]:
        assert set(cell["metadata"]) <= {"tags"}, cell["id"]


def test_shape_of_a_chapter(chapter):
    headings = [
        line
        for cell in chapter["cells"]
        if cell["cell_type"] == "markdown"
        for line in "".join(cell["source"]).splitlines()
        if line.startswith("#")
    ]
    assert sum(line.startswith("# ") for line in headings) == 1
    assert headings[-2] == "## What we found"
    assert headings[-1].startswith("## Try it")
    settled = re.findall(r'settle\(\s*"([^"]+)"', json.dumps(chapter).replace('\\"', '"'))
    shown = re.findall(r'show_claim\(\s*"([^"]+)"', json.dumps(chapter).replace('\\"', '"'))
    assert set(settled) <= set(shown), "every settled claim is stated first"


def test_every_file_of_the_book_is_in_the_table_of_contents_and_the_reverse():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    listed = {toc["root"]} | {c["file"] for part in toc["parts"] for c in part["chapters"]}
    files = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for pattern in ("*.ipynb", "*.md")
        for path in (ROOT / "book").rglob(pattern)
        if ".ipynb_checkpoints" not in path.parts
    }
    assert files - listed == set(), "add these to _toc.yml"
    assert listed - files == set(), "these stand in _toc.yml and are not there"
