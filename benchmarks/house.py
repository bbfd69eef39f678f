"""The shape of the source in figures: files, layers, doors, functions, constants.

    python benchmarks/house.py [ROOT]
    python benchmarks/house.py --doors      exit code 1 if an import goes past a package's door

ROOT is a checkout of any version, by default this one. Nothing of it is imported.
"""

import argparse
import ast
import re
import statistics
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

GROUND = {"__init__", "__main__", "errors", "constants", "threads", "spectrum", "localizer"}
RANK_NAMES = re.compile(
    r"""(geometry_rank\([^)]*\)|\.rank)\s*(==|!=|in\b|not in\b)"""
    r"""|(==|!=)\s*["'](line|plane|volume)["']"""
)
DELAY = re.compile(
    r"/\s*(SPEED_OF_SOUND|speed_of_sound|self\._speed)|SPEED_OF_SOUND\s*\*\s*|\*\s*SPEED_OF_SOUND"
)


@dataclass(frozen=True)
class Module:
    """One file of the package.

    Args:
        name: dotted, below the package.
        lines: number of lines.
        text: the source.
        tree: the parsed source.
    """

    name: str
    lines: int
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """First part of the name, "" at the top."""
        return self.name.split(".")[0] if "." in self.name else ""

    @property
    def is_door(self) -> bool:
        """Whether the file is an ``__init__``."""
        return self.name.split(".")[-1] == "__init__"


def read_modules(source: Path) -> list[Module]:
    """Every file of a package, by name."""
    modules = []
    for path in sorted(source.rglob("*.py")):
        text = path.read_text()
        name = ".".join(path.relative_to(source).with_suffix("").parts)
        modules.append(Module(name, len(text.splitlines()), text, ast.parse(text)))
    return modules


def definitions(module: Module) -> list[str]:
    """Names of the functions and classes that a file defines at its top."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in module.tree.body if isinstance(node, kinds)]


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring, blank lines and comments."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    lines = {
        line for node in body for part in ast.walk(node) if hasattr(part, "lineno") for line in (part.lineno,)
    }
    return len(lines)


def numeric_constants(module: Module) -> list[str]:
    """Names in capitals that hold numbers at the top of a file."""
    found = []
    for node in module.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id.isupper() and _is_number(node.value):
                found.append(target.id)
    return found


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return bool(node.elts) and all(_is_number(part) for part in node.elts)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    if isinstance(node, ast.BinOp):
        return _is_number(node.left) or _is_number(node.right)
    return isinstance(node, ast.UnaryOp) and _is_number(node.operand)


def private_helpers(module: Module) -> tuple[int, int]:
    """Private functions and methods of a file, and those of them that one place alone uses."""
    names = [
        node.name
        for node in functions(module)
        if node.name.startswith("_") and not node.name.startswith("__")
    ]
    properties = {
        node.name
        for node in functions(module)
        for mark in node.decorator_list
        if "property" in ast.unparse(mark)
    }
    used = Counter(
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Name | ast.Attribute)
    )
    helpers = [name for name in names if name not in properties]
    return len(helpers), sum(used[name] == 1 for name in helpers)


def leavers(modules: list[Module], source: Path) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Names that another package imports, and those of them that it takes past the package's door."""
    known = {module.name.removesuffix(".__init__") for module in modules}
    leaving, past = set(), set()
    for module in modules:
        for node in ast.walk(module.tree):
            if not (isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("anydoa.")):
                continue
            origin = node.module.removeprefix("anydoa.")
            package = origin.split(".")[0]
            if package == module.package or package not in {
                name.split(".")[0] for name in known if "." in name
            }:
                continue
            for alias in node.names:
                leaving.add((package, alias.name))
                if (
                    "." in origin
                    and f"{origin}.{alias.name}" not in known
                    and not _is_shown(source, origin.split("."))
                ):
                    past.add((origin, alias.name))
    return leaving, past


def imports_past_doors(root: Path) -> list[str]:
    """Imports of what a package does not show, in source, benchmarks, examples and documents.

    A door is the ``__init__`` of a package. It shows names, and modules or packages whose names are public.
    """
    source = root / "src" / "anydoa"
    code = {path: path.read_text() for path in source.rglob("*.py")}
    for folder in ("benchmarks", "examples"):
        code |= {path: path.read_text() for path in (root / folder).rglob("*.py")}
    sessions = re.compile(r"^>>> ((?:from|import) .*)$", re.M)
    for path in [root / "README.md", *(root / "docs").rglob("*.md")]:
        code[path] = "\n".join(sessions.findall(path.read_text()))
    past = []
    for path, text in code.items():
        own = path.relative_to(source).parts[0] if source in path.parents else ""
        for node in ast.walk(ast.parse(text)):
            for name in _imported_modules(node):
                parts = name.split(".")
                if (
                    parts[0] == "anydoa"
                    and parts[1:]
                    and parts[1] != own
                    and not _is_shown(source, parts[1:])
                ):
                    past.append(f"{path.relative_to(root)}: {name} is not shown by anydoa.{parts[1]}")
    return past


def _is_shown(source: Path, parts: list[str]) -> bool:
    """Whether every package on the way to a module shows the next one."""
    folder = source
    for package, inner in pairwise(parts):
        folder /= package
        door = folder / "__init__.pyi"
        if not door.exists() or f"from . import {inner} as {inner}" not in door.read_text().splitlines():
            return False
    return True


def _imported_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def layer_rows(root: Path) -> int:
    """Rows of the layers that the import linter holds."""
    with open(root / "pyproject.toml", "rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return next(len(contract["layers"]) for contract in contracts if contract["type"] == "layers")


def report(root: Path) -> dict[str, str]:
    """Every figure by its name."""
    modules = read_modules(root / "src" / "anydoa")
    plain = [module for module in modules if not module.is_door]
    lines = sum(module.lines for module in modules)
    loose = [module.name for module in plain if "." not in module.name and module.name not in GROUND]
    helpers = [private_helpers(module) for module in modules]
    num_helpers, once = (sum(counts) for counts in zip(*helpers, strict=True))
    lengths = sorted(body_lines(node) for module in modules for node in functions(module))
    leaving, past = leavers(modules, root / "src" / "anydoa")
    outside = [module for module in plain if module.package != "geometry"]
    constants = sum(len(numeric_constants(module)) for module in modules)
    comments = sum(
        line.lstrip().startswith("#") or "  # " in line
        for module in modules
        for line in module.text.splitlines()
    )
    public = sum(not name.startswith("_") for module in modules for name in definitions(module))
    return {
        "files": str(len(modules)),
        "lines": str(lines),
        "packages": str(sum(module.is_door for module in modules)),
        "loose modules": f"{len(loose)} ({', '.join(loose)})",
        "layer rows": str(layer_rows(root)),
        "files under 60 lines": str(sum(module.lines < 60 for module in plain)),
        "files with one definition": str(sum(len(definitions(module)) == 1 for module in plain)),
        "public definitions": str(public),
        "names that leave their package": str(len(leaving)),
        "of these past the door": str(len(past)),
        "private helpers": str(num_helpers),
        "used once": f"{once / num_helpers:.0%}",
        "numeric constants": str(constants),
        "numeric constants per 1,000 lines": f"{1000 * constants / lines:.1f}",
        "comments per 100 lines": f"{100 * comments / lines:.1f}",
        "branches on rank outside geometry": str(
            sum(len(RANK_NAMES.findall(module.text)) for module in outside)
        ),
        "divisions by the speed of sound": str(sum(len(DELAY.findall(module.text)) for module in modules)),
        "function lines, median": str(statistics.median(lengths)),
        "function lines, 90 %": str(lengths[int(0.9 * len(lengths))]),
        "function lines, longest": str(lengths[-1]),
    }


def main() -> int:
    """Print every figure, or every import past a door."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--doors", action="store_true", help="only look for imports past a door")
    options = parser.parse_args()
    if options.doors:
        past = imports_past_doors(options.root)
        for line in past:
            print(line)
        return int(bool(past))
    for name, value in report(options.root).items():
        print(f"{name:36} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
