"""What goes into the container image: the installed package, and nothing else of a working folder."""

import fnmatch
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def is_let_in(path: str) -> bool:
    """Whether the image is built with a file; the last pattern of .dockerignore that fits decides."""
    let_in = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        fits = any(fnmatch.fnmatch(part, pattern) for part in (path, *Path(path).parts))
        if line and not line.startswith("#") and fits:
            let_in = line.startswith("!")
    return let_in


def test_the_image_is_built_of_what_the_package_names_alone() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    readme = project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["fragments"]
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = [*project["project"]["license-files"], *packages, *(each["path"] for each in readme)]
    for path in ("pyproject.toml", "src/anydoa/web/static/main.js", *needed):
        assert is_let_in(path), path
    for path in (".git/config", ".venv/bin/python", "runs/a.log", "weights/a.bin", "talk.wav", ".env"):
        assert not is_let_in(path), path
    assert not is_let_in("src/anydoa/web/__pycache__/app.pyc")


def test_no_layer_of_the_image_holds_the_source() -> None:
    _, _, last = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8").rpartition("\nFROM ")
    copies = [line for line in last.splitlines() if line.startswith(("COPY", "ADD"))]
    assert copies == ["COPY --from=build /opt/anydoa /opt/anydoa"]
