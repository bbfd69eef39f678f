from . import report as report
from .clip import SuiteClip as SuiteClip
from .material import Material as Material
from .runner import first_clips as first_clips
from .runner import run_suite as run_suite
from .scoring import ClipScore as ClipScore
from .scoring import score_clip as score_clip
from .suite import open_suite as open_suite
