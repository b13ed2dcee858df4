"""The ledger is light until a notebook needs it, and then follows the notebook's cells."""

import importlib
import subprocess
import sys

import pytest

import isacnb.ledger as ledger


def test_every_name_is_there_and_no_other():
    assert set(ledger._HOMES) < set(ledger.__all__) == set(dir(ledger))
    for name, home in ledger._HOMES.items():
        assert getattr(ledger, name) is getattr(
            importlib.import_module(f"isacnb.ledger.{home}"), name
        )
    assert callable(ledger.registry), "the function, and not the module of its name"
    with pytest.raises(AttributeError, match="has no attribute 'claims'"):
        _ = ledger.claims


CELLS = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in ("import isacnb.ledger", "x = 1", "from isacnb.ledger.session import session"):
    shell.run_cell(cell, store_history=False)
print(shell.user_ns["session"].cells)
"""


def test_cells_are_followed_from_the_one_that_imports_the_ledger():
    done = subprocess.run([sys.executable, "-c", CELLS], capture_output=True, text=True, check=True)
    assert (
        done.stdout
        == "['import isacnb.ledger', 'x = 1', 'from isacnb.ledger.session import session']\n"
    )
