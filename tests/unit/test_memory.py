"""Freed memory that is kept costs no new pages."""

import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from anydoa.memory import keep_freed_memory

def faults(times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        np.ones(5_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed_memory({most})
faults(1)
print(faults(10))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other C libraries")
@pytest.mark.parametrize(("most", "is_kept"), [(2**28, True), (2**20, False)])
def test_arrays_lie_where_others_lay_unless_they_are_too_large(most: int, is_kept: bool) -> None:
    words = [sys.executable, "-c", FAULTS.format(most=most)]
    found = int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    # Forty megabytes ten times: 100,000 small pages, or 200 huge ones.
    assert (found < 50) is is_kept
