"""The face of the package: its rooms, what importing it costs, and that no name is lost unseen."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import isacnb

ROOMS = ("numbers", "special", "probability", "signals", "coupling", "rician")
#: module and name of everything public in the rooms of the physics, one a line
LISTED = Path(__file__).with_name("public_api.txt")


def public_names():
    for room in ROOMS:
        package = importlib.import_module(f"isacnb.{room}")
        for module in pkgutil.iter_modules(package.__path__, f"isacnb.{room}."):
            loaded = importlib.import_module(module.name)
            yield from (f"{module.name.removeprefix('isacnb.')}.{name}" for name in loaded.__all__)


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_no_public_name_is_lost_or_new_unseen():
    """A name that moves goes into this list and, with its replacement, into the changelog."""
    found, listed = set(public_names()), LISTED.read_text("utf-8").split()
    assert found == set(listed), (
        f"add to tests/public_api.txt: {sorted(found - set(listed))}; gone, take away and say in "
        f"CHANGELOG.md what replaces them: {sorted(set(listed) - found)}"
    )
    assert listed == sorted(listed)


def test_the_package_shows_its_rooms():
    assert set(ROOMS) | {"ledger"} == set(isacnb.__all__)
    assert set(isacnb.__all__) < set(dir(isacnb))
    assert run(
        "import isacnb; print(isacnb.signals.arrays.steering_vector(0.0, 2).sum().real)"
    ) == ["2.0"]
    assert "uplink" in dir(isacnb.coupling)
    with pytest.raises(AttributeError, match="no attribute 'ergodic'"):
        _ = isacnb.coupling.ergodic
    with pytest.raises(AttributeError, match="no attribute 'poisson'"):
        _ = isacnb.poisson


def test_importing_the_package_is_instant_and_pulls_in_nothing():
    loaded, *milliseconds = run(
        "import sys, time\n"
        "def once():\n"
        "    for name in [name for name in sys.modules if name.split('.')[0] == 'isacnb']:\n"
        "        del sys.modules[name]\n"
        "    start = time.perf_counter(); import isacnb\n"
        "    return 1e3 * (time.perf_counter() - start)\n"
        "first = once()\n"
        "heavy = {'IPython', 'scipy', 'numpy', 'sympy', 'mpmath', 'flint'} & set(sys.modules)\n"
        "print('+'.join(sorted(heavy)) or 'nothing')\n"
        "print(first)\n"
    )
    assert loaded == "nothing"
    assert float(milliseconds[0]) < 50


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_alone_pulls_in_no_notebook(room):
    code = f"import isacnb.{room}, sys; print('IPython' in sys.modules)"
    assert run(code) == ["False"]
