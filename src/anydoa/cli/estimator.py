"""Options of the commands that look for directions: with which estimator, and where.

They stand apart because their help names every estimator, and commands that need none start sooner.
"""

from typing import Annotated

import typer

from anydoa.cli.options import ESTIMATOR
from anydoa.estimators import DEFAULT_ESTIMATOR, ESTIMATORS
from anydoa.estimators.model import list_models

GridOption = Annotated[
    str,
    typer.Option(help="Directions to look at, such as icosphere:4, or a file.", rich_help_panel=ESTIMATOR),
]
EstimatorOption = Annotated[
    str,
    typer.Option(
        help=f"{', '.join(sorted({DEFAULT_ESTIMATOR, *ESTIMATORS, *list_models()}))}, the folder of a model, "
        "or hub:org/name@revision.",
        rich_help_panel=ESTIMATOR,
    ),
]
