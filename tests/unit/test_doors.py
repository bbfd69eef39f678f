"""Doors: what a package shows, and that everything else stays behind it."""

import ast
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "anydoa"
DOORS = sorted(path.parent.name for path in SOURCE.glob("*/__init__.pyi"))
NEEDS_TORCH = {"networks", "training", "export"}


@pytest.mark.parametrize("package", DOORS)
def test_every_name_at_a_door_is_there(package: str) -> None:
    door = import_module(f"anydoa.{package}")
    assert door.__all__, package
    for name in door.__all__:
        assert getattr(door, name) is not None, name


@pytest.mark.parametrize("package", DOORS)
def test_every_name_at_a_door_is_used_or_documented_outside(package: str) -> None:
    outside = [path for path in SOURCE.rglob("*.py") if SOURCE / package not in path.parents]
    root = SOURCE.parents[1]
    outside += [*root.glob("benchmarks/*.py"), *root.glob("examples/**/*.py"), *root.glob("docs/**/*.md")]
    outside += [SOURCE / "__init__.pyi"]
    taken = {name for path in outside for name in names_from(path, package)}
    assert set(import_module(f"anydoa.{package}").__all__) <= taken


def names_from(path: Path, package: str) -> set[str]:
    """What a file, or a document by its sessions, imports from a package: names and modules."""
    names = set()
    for module, imported in imports_of(path):
        origin = module.removeprefix("anydoa.").split(".")
        if origin[0] == package:
            names |= {origin[1]} if origin[1:] else set()
            names |= imported
    return names


@cache
def imports_of(path: Path) -> tuple[tuple[str, frozenset[str]], ...]:
    """Every module that is imported from, and the names."""
    text = path.read_text()
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:
        sessions = [line.removeprefix(">>> ") for line in text.splitlines() if line.startswith(">>> from ")]
        nodes = list(ast.walk(ast.parse("\n".join(sessions))))
    found = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return tuple(
        (node.module, frozenset(alias.name for alias in node.names)) for node in found if node.module
    )


def test_every_package_but_the_command_line_has_a_door() -> None:
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert packages - set(DOORS) == {"cli"}


def test_doors_open_without_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from importlib import import_module\n"
        f"for package in {sorted(set(DOORS) - NEEDS_TORCH)}:\n"
        "    door = import_module('anydoa.' + package)\n"
        "    [getattr(door, name) for name in door.__all__]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_goes_past_a_door() -> None:
    checked = subprocess.run(
        [sys.executable, str(SOURCE.parents[1] / "benchmarks" / "house.py"), "--doors"],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout
