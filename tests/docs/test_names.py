"""What documents, docstrings and comments name is there: files of this repository, dotted names, arrays."""

import importlib
import re
from functools import cache
from itertools import chain
from pathlib import Path

from anydoa.io import list_presets

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "anydoa"
HISTORY = ROOT / "docs" / "log"  # tells of what was, by the names of then

TOP = ("benchmarks", "configs", "docs", "examples", "runs", "src", "tests", "weights")
PACKAGES = tuple(path.parent.name for path in SOURCE.glob("*/__init__.py"))
PATH = re.compile(
    r"(?<![\w/:.~<$*-])[\w./-]*\w\.(?:pyi?|toml|md|sh|jsonl?|onnx|safetensors|wav|js|npz)(?![\w*/])"
)
DOTTED = re.compile(r"\banydoa(?:\.[A-Za-z]\w*)+")
PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b")  # such as NAME.py


def texts() -> list[Path]:
    """Documents, modules, benchmarks, configurations and scripts."""
    patterns = [
        "*.md",
        "docs/**/*.md",
        "examples/**/*.md",
        "src/**/*.py",
        "benchmarks/*.py",
        "examples/**/*.py",
    ]
    patterns += ["configs/**/*.toml", "runs/*.sh", "Makefile"]
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    return sorted(path for path in found if not path.is_relative_to(HISTORY))


def files_named(text: str) -> list[str]:
    """Words that look like files of this repository: below one of its folders, or Python."""
    words = [word for word in PATH.findall(text) if not PLACEHOLDER.search(word.rpartition("/")[2])]
    ours = (*TOP, *PACKAGES)
    return [word for word in words if word.endswith(".py") or ("/" in word and word.split("/")[0] in ours)]


@cache
def python_files() -> str:
    files = chain.from_iterable((ROOT / top).rglob("*.py") for top in TOP)
    return "".join(f"{path}\n" for path in files)


def is_there(word: str) -> bool:
    """Whether there is such a file, seen from the root or the package; Python may be anywhere."""
    word = word.replace("../", "")
    if (ROOT / word).exists() or (SOURCE / word).exists():
        return True
    return word.endswith(".py") and f"/{word}\n" in python_files()


def test_files_that_are_named_are_there() -> None:
    missing = [
        (path.name, word) for path in texts() for word in files_named(path.read_text()) if not is_there(word)
    ]
    assert missing == []


@cache
def can_be_had(dotted: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        return holds(found, parts[length:])
    return False


def holds(owner: object, names: list[str]) -> bool:
    for name in names:
        if not hasattr(owner, name):
            return name in getattr(owner, "__annotations__", {})  # a field without a default
        owner = getattr(owner, name)
    return True


def test_dotted_names_lead_somewhere() -> None:
    wrong = []
    for path in texts():
        text = re.sub(r"https?://\S+", "", path.read_text())
        wrong += [(path.name, name) for name in sorted(set(DOTTED.findall(text))) if not can_be_had(name)]
    assert wrong == []


def test_the_table_of_arrays_has_a_row_for_each_and_the_documents_count_them() -> None:
    page, readme = (ROOT / "docs" / "presets.md").read_text(), (ROOT / "README.md").read_text()
    assert tuple(re.findall(r"^\| `([\w-]+)` \|", page, flags=re.MULTILINE)) == list_presets()
    counts = re.findall(r"\b(\d+) arrays (?:come with|are built in)", page + readme)
    assert counts == [str(len(list_presets()))] * 2
