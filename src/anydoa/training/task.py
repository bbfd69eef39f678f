"""What the trainer asks of a network: the one file to read before another network is trained.

The loop (``loop``), its stages (``curriculum``), the way weights move (``optimization``), the folder of a run
(``run``), its choices (``config``) and where scenes come from (``data``, ``batch``) know no network. All that
is a network's own stands in its :class:`Task`.

To add a network:

1. Write the network in ``networks/``, such as ``score_net.py``, with a frozen record of its sizes that has
   ``from_dict`` and ``to_dict``. Tell ``networks/checkpoint.py`` how its weights are read. What training
   imports is named at the door, ``networks/__init__.pyi``.
2. Write one file here, such as ``mask.py``, or a package, such as ``score``: a subclass of
   :class:`~anydoa.training.config.TrainingConfig` with the choices of its own, a batch, a loss and a subclass
   of :class:`Task`.
3. Name it in ``catalogue.py``. A TOML file chooses it by ``network = "..."``.

To change the loss of AGG-RL: ``agg_rl/loss.py`` has its terms and their weights, which a TOML file sets in
``[loss]``. What the network should answer is in ``agg_rl/targets.py``. The loss of the mask network is in
``mask.py``, that of the score network in ``score/task.py``.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from anydoa.metrics.localization import LocalizationScore, LocalizationSummary, summarize
from anydoa.networks import AnyNetwork, Checkpoint
from anydoa.training.batch import TensorBatch
from anydoa.training.curriculum import ActiveStage
from anydoa.training.data import MAX_TALKERS, RunScenes


@dataclass(frozen=True)
class ClipResult:
    """What came of one clip of validation.

    Args:
        talkers: number of talkers.
        loss: loss of the network as it is where it runs.
        score: how well talkers are located when the number of active ones is known.
    """

    talkers: int
    loss: float
    score: LocalizationScore


@dataclass(frozen=True)
class ValidationResult:
    """What came of all clips of validation.

    Args:
        loss: mean over clips.
        by_talkers: scores of the clips with one talker, with two, and so on.
    """

    loss: float
    by_talkers: tuple[LocalizationSummary, ...]

    @classmethod
    def of(cls, results: Sequence[ClipResult]) -> "ValidationResult":
        """Means over clips."""
        scores = defaultdict(list)
        for result in results:
            scores[result.talkers].append(result.score)
        return cls(
            loss=float(np.mean([result.loss for result in results])),
            by_talkers=tuple(summarize(scores[count]) for count in range(1, MAX_TALKERS + 1)),
        )

    def row(self) -> dict[str, float]:
        """Columns of the learning curve."""
        row = {"validation_loss": self.loss}
        for count, summary in enumerate(self.by_talkers, start=1):
            row |= {f"mae_deg_{count}": summary.mae_deg, f"acc10_{count}": summary.acc10}
        return row


class Task(ABC):
    """A network in training, with all that is its own.

    Seven things every network has: ``scenes``, ``network``, ``loss`` and the four abstract methods. The rest
    may be left as it is.

    Args of every task:
        config: every choice of the run, in the network's own subclass of ``TrainingConfig``.
        cache: folder for what is kept between runs, such as decoded recordings.
        share: part of each step that this process takes.
    """

    scenes: RunScenes
    """Rooms and recordings that clips are mixed from."""

    network: AnyNetwork
    """What learns. Its weights are drawn when it is made."""

    loss: nn.Module
    """From a batch, and what :meth:`arguments` gives, to a number. It holds the network, so that several
    processes can share its gradients."""

    @abstractmethod
    def load(self, path: str | Path) -> Checkpoint[Any]:
        """A checkpoint of this kind of network."""

    @abstractmethod
    def batches(self, stage: Any, *, first: int) -> Iterator[TensorBatch]:
        """What a stage learns from, without end.

        Args:
            stage: stage of the run.
            first: number of the first clip, counted from the beginning of the run.
        """

    @abstractmethod
    def prepare_validation(self) -> None:
        """Make this process' share of the clips the network is tried out on, the same ones every time."""

    @abstractmethod
    def validate(self, network: Any, here: ActiveStage) -> list[ClipResult]:
        """What comes of the clips of validation.

        Args:
            network: averaged weights, in evaluation mode.
            here: stage of the last step, and the place in it.
        """

    def begin_stage(self, here: ActiveStage, averaged: Any) -> None:  # noqa: B027, most networks need nothing here
        """Make the network, and the average of it, what they are in a stage."""

    def usable(self, network: Any) -> Any:
        """The network to write for use: without what no stage up to now has let learn."""
        return network

    def arguments(self, batch: Any, here: ActiveStage, rng: np.random.Generator) -> tuple[Any, ...]:
        """What the loss takes beside the batch."""
        return ()

    def finish_step(self) -> None:  # noqa: B027, most networks need nothing here
        """Put the network back where it is defined after the optimiser has moved it."""

    def decays(self, parameter: str) -> bool:
        """Whether weight decay holds for a parameter of this name."""
        return True

    def curve_columns(self, here: ActiveStage) -> dict[str, Any]:
        """Columns of the learning curve that this network alone has."""
        return {}
