"""The project's own files agree with each other."""

import hashlib
import importlib
import inspect
import json
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import isacnb

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = [*PROJECT["dependencies"], *(name for extra in EXTRAS.values() for name in extra)]


def parsed(requirement):
    """Name and bounds, such as ('numpy', '>=2.0')."""
    name, bounds = re.match(r"([A-Za-z0-9.-]+)(.*)", requirement).groups()
    return re.sub("[-_.]+", "-", name).lower(), bounds.replace(" ", "")


def version(text):
    return tuple(int(part) for part in re.findall(r"\d+", text))


def satisfies(pinned, bounds):
    for operator, bound in re.findall(r"(>=|<|==)([\d.]+)", bounds):
        have, want = version(pinned), version(bound)
        width = max(len(have), len(want))
        have, want = (v + (0,) * (width - len(v)) for v in (have, want))
        if not {">=": have >= want, "<": have < want, "==": have == want}[operator]:
            return False
    return True


def test_the_lock_covers_every_requirement():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pins = dict(re.findall(r"(?m)^([a-z0-9._-]+)==([^ ;\\]+)", lock))
    for requirement in REQUIREMENTS:
        name, bounds = parsed(requirement)
        assert name in pins, f"{name} is missing: run `make lock`"
        assert satisfies(pins[name], bounds), f"{name}=={pins[name]} is not {bounds}"
    entries = re.split(r"(?m)^(?=[a-z0-9._-]+==)", lock)
    for entry in filter(None, entries):
        assert "--hash=sha256:" in entry, f"without a hash: {entry[:60]}"
    assert "://" not in lock


def test_the_conda_environment_lists_the_same():
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    listed = {parsed(entry) for entry in dependencies if isinstance(entry, str)}
    conda_names = {"playwright": "playwright-python"}
    wanted = {(conda_names.get(name, name), bounds) for name, bounds in map(parsed, REQUIREMENTS)}
    assert listed - {("pip", "")} == wanted | {("python", PROJECT["requires-python"])}


def public_functions():
    for module in pkgutil.walk_packages(isacnb.__path__, "isacnb."):
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        for name in getattr(loaded, "__all__", []):
            member = getattr(loaded, name)
            physics = not module.name.startswith("isacnb.ledger")
            if inspect.isfunction(member) and member.__module__ == loaded.__name__ and physics:
                yield pytest.param(member, id=f"{module.name}.{name}")


@pytest.mark.parametrize("function", list(public_functions()))
def test_public_functions_are_documented_and_typed(function):
    text = inspect.getdoc(function) or ""
    assert text.split("\n\n")[0].strip().endswith((".", ":")), "first sentence"
    signature = inspect.signature(function)
    untyped = [p.name for p in signature.parameters.values() if p.annotation is p.empty]
    assert not untyped, f"without a type: {untyped}"
    assert signature.return_annotation is not signature.empty, "without a return type"


PHYSICS = ("special", "probability", "signals", "coupling", "rician")


@pytest.mark.parametrize(
    "function",
    [case for case in public_functions() if case.values[0].__module__.split(".")[1] in PHYSICS],
)
def test_public_functions_of_the_physics_have_an_example(function):
    assert ">>>" in (inspect.getdoc(function) or ""), "without a doctest"


def test_modules_import_downwards_only():
    """Each room stands on those before it; a printed form imports right ones, never the reverse."""
    rooms = ("numbers", *PHYSICS)

    def imported(path):
        """Modules of the package that a module imports, by their path below ``isacnb``."""
        place = path.relative_to(ROOT / "isacnb").with_suffix("").parts
        for dots, name in re.findall(r"(?m)^\s*from (\.+)([\w.]*) import", path.read_text("utf-8")):
            yield (*place[: len(place) - len(dots)], *filter(None, name.split(".")))

    for level, room in enumerate(rooms):
        allowed = {room, *rooms[:level]} - ({"coupling"} if room == "rician" else set())
        if room == "numbers":
            allowed |= {"vocabulary"}  # which knows only its file
        for path in (ROOT / "isacnb" / room).glob("*.py"):
            for found in imported(path):
                assert found[0] in allowed, (path, found)
                if "printed" in found:
                    assert path.stem in ("printed", "__init__"), (path, found)
    for path in (ROOT / "isacnb").glob("*.py"):
        if path.stem != "__main__":
            beyond = {"ledger", "coupling", "rician"} & {name for name, *_ in imported(path)}
            assert not beyond, (path, beyond)
    # of the physics only what says which function computes what, and what things are called
    own = {path.stem for path in (ROOT / "isacnb" / "ledger").glob("*.py")} | {"formula", "pages"}
    for path in (ROOT / "isacnb" / "ledger").glob("*.py"):
        for found in imported(path):
            outside = {("vocabulary",), ("numbers",), ("numbers", "index"), ()}
            assert found in outside or (found[0] == "ledger" and {*found[1:2]} <= own), (
                path,
                found,
            )


def test_the_version_is_told_once():
    assert isacnb.__version__ == PROJECT["version"]
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"version: {PROJECT['version']}" in citation


@pytest.mark.parametrize("folder", sorted((ROOT / "vendor").iterdir()), ids=lambda path: path.name)
def test_files_of_others_are_as_their_origin_left_them(folder):
    told = tomllib.loads((folder / "ORIGIN.toml").read_text("utf-8"))
    assert all(told[key] for key in ("origin", "version", "license"))
    files = {path for path in folder.rglob("*") if path.is_file()} - {folder / "ORIGIN.toml"}
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }
    assert found == told["sha256"]


def test_the_workflow_asks_for_little_and_pins_what_it_runs():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step.get("uses", "a/b@" + "0" * 40))


def test_measured_figures_tell_the_code_that_was_measured():
    told = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))["environment"]
    assert re.fullmatch(r"[0-9a-f]{40}( with changes)?", told["commit"])
