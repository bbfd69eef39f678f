"""Options of the commands that look for directions: with which estimator, and where.

They stand apart because their help names every estimator, and commands that need none start sooner.
"""

import math
from typing import Annotated

import typer

from anydoa.cli.options import ESTIMATOR
from anydoa.errors import ConfigError
from anydoa.estimators import DEFAULT_ESTIMATOR, ESTIMATORS, Sounds
from anydoa.estimators.model import list_models
from anydoa.spectrum import check_look_ahead

GridOption = Annotated[
    str,
    typer.Option(help="Directions to look at, such as icosphere:4, or a file.", rich_help_panel=ESTIMATOR),
]
LookAheadOption = Annotated[
    str,
    typer.Option(
        metavar="all|0|SECONDS",
        help="Later sound that a frame may be judged by: all that helps, none, or so many seconds.",
        rich_help_panel=ESTIMATOR,
    ),
]
EstimatorOption = Annotated[
    str,
    typer.Option(
        help=f"Estimator: {', '.join(sorted({DEFAULT_ESTIMATOR, *ESTIMATORS, *list_models()}))}, "
        "the folder of a model, or hub:org/name@revision.",
        rich_help_panel=ESTIMATOR,
    ),
]
SoundsOption = Annotated[
    Sounds,
    typer.Option(
        help="What to look for: people who talk, or whatever sounds, such as dogs, tools and alarms.",
        rich_help_panel=ESTIMATOR,
    ),
]


def parse_look_ahead(text: str) -> float:
    """Seconds of look-ahead; infinite for ``all``.

    Raises:
        ConfigError: if it is neither ``all`` nor a number from 0.
    """
    if text == "all":
        return math.inf
    try:
        return check_look_ahead(float(text))
    except ValueError:
        raise ConfigError(
            f"look-ahead is all, 0 or a number of seconds, got {text!r:.40}; give one"
        ) from None
