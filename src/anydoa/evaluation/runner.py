"""Any number of estimators over a suite, in one process or several."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from anydoa.bulk import Engine, LocalEngine, Lost, run_in_chunks
from anydoa.errors import AnydoaError, ConfigError, EngineError, GeometryError
from anydoa.estimators import make_estimator
from anydoa.evaluation.clip import Suite
from anydoa.evaluation.scoring import ClipScore, Rule, score_clip
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.spectrum import SpectrumEstimator
from anydoa.threads import one_blas_thread

_logger = logging.getLogger(__name__)
_CHUNK_S = 15.0  # of work that a process takes at once: estimators are set up once for it


@dataclass(frozen=True, eq=False)
class Job:
    """Clips of a suite that one process scores with every estimator.

    Args:
        suite: suite they come from.
        estimators: names as on the command line, or estimators themselves.
        grid: candidate directions.
        clips: numbers of the clips in the suite.
        rule: how peaks are picked in frames whose number of talkers is known.
        look_ahead_s: seconds of later sound that each estimator is run with, one after the other; None: as it
            is.
    """

    suite: Suite
    estimators: tuple[str | SpectrumEstimator, ...]
    grid: DirectionGrid
    clips: tuple[int, ...]
    rule: Rule = "published"
    look_ahead_s: tuple[float, ...] | None = None


def run_suite(
    suite: Suite,
    estimators: Sequence[str | SpectrumEstimator],
    grid: DirectionGrid,
    *,
    limit: int | None = None,
    jobs: int = 1,
    engine: Engine | None = None,
    rule: Rule = "published",
    look_ahead_s: Sequence[float] | None = None,
    report: Callable[[int, int], None] | None = None,
) -> list[ClipScore]:
    """Scores of every clip with every estimator, in the order of the suite.

    An estimator that refuses the array of a clip has no score of it, and a warning says so.

    Args:
        suite: the recordings.
        estimators: names as on the command line, or estimators; with several processes, ones that pickle.
        grid: candidate directions.
        limit: most clips of each row of the table; all if None.
        jobs: number of processes. When there are several, each uses one thread.
        engine: who scores, where it is not processes of this machine; ``jobs`` means nothing then.
        rule: how peaks are picked in frames whose number of talkers is known; see :func:`score_clip`.
        look_ahead_s: seconds of later sound that frames may be judged by, ``inf`` for all that helps; each
            estimator is run with every one that makes a difference to it. None: as the estimator is, by name
            without.
        report: called with clips done and clips in all.

    Raises:
        ConfigError: if there is nothing to run, or a name is unknown.
        EngineError: if a clip ends every process that scores it.
    """
    if look_ahead_s is not None and not look_ahead_s:
        raise ConfigError("look_ahead_s must hold at least 1 look-ahead, got none; give some or None")
    if not estimators or jobs < 1 or (limit is not None and limit < 1):
        raise ConfigError(
            "an evaluation needs at least 1 estimator, 1 job and a limit of at least 1, "
            f"got {len(estimators)}, {jobs} and {limit}; give more"
        )
    clips = first_clips(suite, limit)
    scores: dict[int, list[ClipScore]] = {}
    heard = None if look_ahead_s is None else tuple(look_ahead_s)
    job = Job(suite, tuple(estimators), grid, clips, rule, heard)
    for index, clip_scores in _run(job, jobs) if engine is None else _run_on(engine, job):
        scores[index] = clip_scores
        if report is not None:
            report(len(scores), len(clips))
    return [score for index in clips for score in scores[index]]


def first_clips(suite: Suite, limit: int | None) -> tuple[int, ...]:
    """The first clips of every row of the table, at most ``limit`` each; all if None."""
    if limit is None:
        return tuple(range(len(suite)))
    taken: Counter[tuple[str, int]] = Counter()
    kept = []
    for index in range(len(suite)):
        row = suite.row(index)
        if taken[row] < limit:
            kept.append(index)
        taken[row] += 1
    return tuple(kept)


def score_job(job: Job) -> Iterator[tuple[int, list[ClipScore]]]:
    """Each clip's index in the suite and its scores, one an estimator and look-ahead."""
    estimators = [make_estimator(one) if isinstance(one, str) else one for one in job.estimators]
    variants = [_variants(estimator, job.look_ahead_s) for estimator in estimators]
    for index in job.clips:
        clip = job.suite[index]
        scores = []
        with one_blas_thread():
            for alike in variants:
                try:
                    scores += [score_clip(one, clip, job.grid, rule=job.rule) for one in alike]
                except GeometryError as error:
                    if not _refuses(alike[0], clip.array, clip.array.ambiguity.distinct(job.grid)):
                        raise
                    _logger.warning("%s is left out for %s: %s", alike[0].name, clip.name, error)
        yield index, scores


def _refuses(estimator: SpectrumEstimator, array: MicrophoneArray, grid: DirectionGrid) -> bool:
    """Whether an estimator does not take an array: it says so before it hears any sound."""
    try:
        estimator.stream(array, grid)
    except AnydoaError as error:
        return isinstance(error, GeometryError)
    return False


def _variants(
    estimator: SpectrumEstimator, look_ahead_s: tuple[float, ...] | None
) -> tuple[SpectrumEstimator, ...]:
    """The estimator with each look-ahead; where two come to the same, the first of them alone."""
    if look_ahead_s is None:
        return (estimator,)
    variants: dict[float, SpectrumEstimator] = {}
    for variant in map(estimator.with_look_ahead, look_ahead_s):
        variants.setdefault(variant.look_ahead_s, variant)
    return tuple(variants.values())


def _run(job: Job, jobs: int) -> Iterator[tuple[int, list[ClipScore]]]:
    if jobs == 1:
        yield from score_job(job)
        return
    with LocalEngine(jobs) as engine:
        yield from _run_on(engine, job)


def _run_on(engine: Engine, job: Job) -> Iterator[tuple[int, list[ClipScore]]]:
    # The first clip is scored here: what a suite keeps on disk is made once, before several want it.
    yield from score_job(replace(job, clips=job.clips[:1]))
    left = job.clips[1:]
    for result in run_in_chunks(engine, _ScoreClips(job), left, total=len(left), chunk_s=_CHUNK_S):
        if isinstance(result, Lost):
            raise EngineError(
                f"every process that scored clip {result.item} {result.reason}; take fewer jobs"
            )
        yield from result.value or ()


@dataclass(frozen=True, eq=False)
class _ScoreClips:
    """Scores of clips, as a function of their numbers."""

    job: Job

    def __call__(self, clips: Sequence[int]) -> list[tuple[int, list[ClipScore]]]:
        return list(score_job(replace(self.job, clips=tuple(clips))))
