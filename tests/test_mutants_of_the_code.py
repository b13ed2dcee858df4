"""Changes of the code that no test would notice."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
JUDGES = ("ledger.judges", "ledger.forms", "ledger.rules", "ledger.claim")
#: so many of a sample of the package are allowed to survive without an argument: a share of one in ten
SAMPLE, ALLOWED = 150, 15


def mutants(*options: str) -> tuple[int, int, int, str]:
    """How many there were, were killed, and survived without an argument; and what was printed."""
    done = subprocess.run(
        [sys.executable, "tests/mutants.py", *options], cwd=ROOT, capture_output=True, text=True
    )
    found = re.search(r"(\d+) mutants, (\d+) killed, \d+ argued .*, (\d+) survived", done.stdout)
    assert found, done.stdout + done.stderr
    return *map(int, found.groups()), done.stdout


@pytest.mark.deep
def test_each_mutant_of_the_judges_is_killed_or_argued_to_be_equivalent():
    number, killed, survived, told = mutants("--module", *JUDGES)
    assert not survived, told
    # none would survive where no test ran, or none was made
    assert killed > 0.9 * number > 250


@pytest.mark.deep
def test_nine_of_ten_mutants_of_the_package_are_killed():
    number, killed, survived, told = mutants("--sample", str(SAMPLE), "--seed", "12")
    assert number == SAMPLE
    assert survived <= ALLOWED, told
    assert killed > 0.8 * number
