"""The table of verdict counts in the README."""

from pathlib import Path

import pytest

from isacnb.ledger import read_ledger
from isacnb.ledger.pages.readme import updated_readme

ROOT = Path(__file__).resolve().parents[3]
MARKS = "<!-- verdict counts: begin -->old<!-- verdict counts: end -->"


def test_readme_counts_are_current():
    text = (ROOT / "README.md").read_text("utf-8")
    assert updated_readme(text, read_ledger(ROOT)) == text, "run `make run` or `isacnb readme`"


def test_the_counts_of_a_made_up_registry(ledger):
    text = updated_readme(f"a\n{MARKS}\nb\n", ledger)
    assert text.startswith("a\n<!--")
    assert text.endswith("-->\nb\n")
    assert ">old<" not in text
    assert "Of the 3 statements of the two papers, 0 define, 1 hold as printed" in text
    assert "| ✎ misprint | 1 | 0 |" in text
    assert "| **claims** | **2** | **1** |" in text
    assert updated_readme(text, ledger) == text


@pytest.mark.parametrize("text", ["no marks", MARKS + MARKS])
def test_the_marks_must_be_there_once(ledger, text):
    with pytest.raises(ValueError, match="must hold the lines"):
        updated_readme(text, ledger)
