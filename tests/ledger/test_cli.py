"""The command line tells what the ledger holds, and quickly."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from made_up import SYMBOLIC, control, evidence, notebook, record

from isacnb.ledger import registry
from isacnb.ledger.cli import main
from isacnb.ledger.record import VERDICTS

ROOT = Path(__file__).resolve().parents[2]
#: what settling a claim needs and reading one does not
HEAVY = ("scipy", "sympy", "IPython", "networkx", "flint", "numpy")


def test_ledger_json(capsys):
    assert main(["--book", str(ROOT), "ledger", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in rows] == list(registry())
    wanted = {"id", "paper", "where", "verdict", "correction", "finding", "assumptions", "uses"}
    for row in rows:
        assert row.keys() >= wanted | {"chapter", "evidence"}
        assert row["verdict"] in VERDICTS
        for entry in row["evidence"]:
            assert entry.keys() >= {"kind", "what", "result", "control"}
            assert entry["control"]


def test_ledger_exit_status(book, capsys):
    root = str(book.root)
    book("a.ipynb", notebook(record("verified", SYMBOLIC)))
    assert main(["--book", root, "ledger"]) == 0
    assert main(["--book", root, "ledger", "--strict"]) == 1
    assert "claims are open" in capsys.readouterr().err
    book("a.ipynb", notebook(record("verified")))
    assert main(["--book", root, "ledger", "--json"]) == 1
    assert "proof" in capsys.readouterr().err
    assert main(["--book", root, "claim", "coupling.eq1x"]) == 2
    assert "did you mean coupling.eq1" in capsys.readouterr().err


def test_claim_shows_what_a_reader_asks_for(capsys):
    assert main(["--book", str(ROOT), "claim", "coupling.A1"]) == 0
    text = capsys.readouterr().out
    for part in ("MISPRINT", "Printed", "Correction", "4\\lambda_U", "control", "network-law"):
        assert part in text


def test_numbers_are_written_for_a_terminal(book, capsys):
    numbers = {"comparison": "numeric", "tolerance": 1e-12}
    wrong = control(points=3, deviation=2.5e-7, **numbers)
    entry = evidence("numeric", points=3, result="stored", control=(wrong,), **numbers)
    book("a.ipynb", notebook(record("verified", SYMBOLIC, entry)))
    assert main(["--book", str(book.root), "claim", "coupling.eq1"]) == 0
    text = capsys.readouterr().out
    assert "within 1e-12 at 3 points" in text
    assert "f: rejected, largest relative deviation 2.5e-7 (tolerance 1e-12)" in text
    assert "stored" not in text


def test_module_runs_from_any_folder(tmp_path):
    command = [sys.executable, "-m", "isacnb", "ledger", "--verdict", "misprint"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "coupling.A1" in done.stdout


@pytest.mark.parametrize("command", [["claim", "coupling.best-achievable"], ["--help"]])
def test_a_command_is_quick_and_imports_little(command):
    code = (
        "import sys, time; from isacnb.ledger.cli import main\n"
        f"try: main({command!r})\n"
        "except SystemExit: pass\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "print(time.process_time(), *heavy, file=sys.stderr)"
    )
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        spent, *heavy = done.stderr.split()
        assert not heavy
        seconds.append(float(spent))
    # of the processor, whatever else the machine does; usual are 0.25 s
    assert min(seconds) < 1.0


def test_new_pairs_are_judged_and_lost_ones_asked_for(tmp_path, monkeypatch, capsys):
    """The answers at hand stay; a new pair is taken from what the chapters left."""
    import isacnb.ledger.maxima as maxima

    path, written = tmp_path / "pairs", {}
    path.write_text('{"digest": "new", "text": "v0-v0"}\n', "utf-8")
    monkeypatch.setattr("isacnb.ledger.cli.pairs_of", lambda evidence: {"old", "new"})
    monkeypatch.setattr("isacnb.ledger.cli.answers", lambda: {"old": "0", "gone": "0"})
    monkeypatch.setattr(maxima, "answer", lambda entries: {e["digest"]: "0" for e in entries})
    monkeypatch.setattr(maxima, "write", written.update)
    command = ["--book", str(ROOT), "second-system", str(path)]
    assert main(command) == 0
    assert written == {"old": "0", "new": "0"}
    assert main([*command, "--check"]) == 2
    assert "1 pairs are not in" in capsys.readouterr().err
