"""What `import anydoa` and the start of the command line cost, in a fresh interpreter."""

import json
import subprocess
import sys

HEAVY = {
    "matplotlib",
    "onnxruntime",
    "pyroomacoustics",
    "rich",
    "scipy",
    "soundfile",
    "soxr",
    "starlette",
    "torch",
    "typer",
}


def in_a_fresh_interpreter(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def loaded_after(statement: str) -> set[str]:
    code = f"import json, sys\n{statement}\nprint(json.dumps([name.split('.')[0] for name in sys.modules]))"
    return set(json.loads(in_a_fresh_interpreter(code).splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import anydoa") & HEAVY == set()


def test_no_public_name_loads_torch_or_other_runtimes() -> None:
    statement = "from anydoa import locate, Localizer, MicrophoneArray, load_array, SpatialSpectrum"
    assert loaded_after(statement) & (HEAVY - {"scipy"}) == set()


def test_simulating_a_room_loads_the_compiled_core_of_pyroomacoustics_alone() -> None:
    code = """
import sys
import numpy as np
from anydoa.simulation import room_rir
from anydoa.simulation.room import shoebox
rng = np.random.default_rng(0)
room_rir(shoebox(np.array([4.0, 3.0, 2.5]), 0.2), np.ones((1, 3)), np.full((1, 3), 2.0), rng)
print(sorted(name for name in sys.modules if name.startswith("pyroomacoustics")))
"""
    assert in_a_fresh_interpreter(code) == "['pyroomacoustics.libroom']\n"


def test_the_command_line_starts_without_what_its_command_does_not_need() -> None:
    loaded = loaded_after("from anydoa.cli import main; main(['--version'])")
    assert loaded & (HEAVY - {"typer", "rich"}) == set()


def test_importing_the_package_takes_less_than_0_3_seconds_of_processor() -> None:
    code = "import time; start = time.process_time(); import anydoa; print(time.process_time() - start)"
    assert min(float(in_a_fresh_interpreter(code)) for _ in range(3)) < 0.3
