"""The page on architecture, CONTRIBUTING and the layers that `make check` holds are one list."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def layers_held() -> list[set[str]]:
    """Rows of modules, the highest first, as the import linter holds them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [set(re.findall(r"anydoa\.(\w+)", row)) - {"__main__"} for row in layers if "__main__" not in row]


def layers_told(document: Path) -> list[set[str]]:
    """Rows of a document's table whose first column names modules."""
    text = document.read_text()
    table = text[text.index("| layer |") :].split("\n\n")[0]
    return [set(re.findall(r"`(\w+)`", row.split("|")[1])) for row in table.splitlines()[2:]]


def test_the_page_on_architecture_names_the_layers_that_are_held() -> None:
    assert layers_told(ROOT / "docs" / "architecture.md") == layers_held()


def test_contributing_names_the_layers_that_are_held() -> None:
    assert layers_told(ROOT / "CONTRIBUTING.md") == layers_held()


def test_every_package_and_module_has_a_layer() -> None:
    source = ROOT / "src" / "anydoa"
    there = {path.parent.name for path in source.glob("*/__init__.py")}
    there |= {path.stem for path in source.glob("*.py")} - {"__init__", "__main__"}
    assert set.union(*layers_held()) == there
