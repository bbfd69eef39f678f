"""The pictures of the page of results."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from accuracy_sections import arrays_heard
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from result_records import COLORS, ESTIMATORS, NAMES, ROOT, SUITES, Row, count, row, value

from anydoa.io.output import write_text
from anydoa.plotting import FAINT, INK, picture

PICTURES = ROOT / "docs" / "images"
DRAWN = "figures "  # what a picture was drawn from stands in it, behind this word


def drawn_from(figures: object) -> str:
    """What a picture says it was drawn from."""
    text = json.dumps(figures, sort_keys=True)
    return DRAWN + hashlib.sha256(text.encode()).hexdigest()[:16]


def shows(path: Path, figures: object) -> bool:
    """Whether a picture is there and was drawn from these figures."""
    return path.exists() and drawn_from(figures).encode() in path.read_bytes()


def sign(path: Path, figures: object) -> None:
    """Write into a picture what it was drawn from."""
    if path.suffix == ".svg":
        text = path.read_text(encoding="utf-8")
        write_text(path, text.rstrip() + f"\n<!-- {drawn_from(figures)} -->\n")
        return
    about = PngInfo()
    about.add_text("Description", drawn_from(figures))
    with Image.open(path) as drawn:
        drawn.save(path, pnginfo=about, dpi=drawn.info["dpi"])


def headline_figures() -> list[Row]:
    found = [
        row(suite, estimator=name, talkers=talkers, look_ahead_s=0.0)
        for suite in SUITES
        for talkers in (1, 2)
        for name in ESTIMATORS
    ]
    keys = ("suite", "talkers", "estimator", "mae_deg", "mae_ci95", "acc10", "acc10_ci95")
    return [{key: one.get(key) for key in keys} for one in found if one]


def array_figures() -> list[Row]:
    return [
        {"array": name, **{est: of[est].get("mae_deg") for est in ESTIMATORS if of[est]}}
        for name, of in arrays_heard()
    ]


def draw_headline(path: Path, figures: list[Row]) -> None:
    """Bars for each suite and number of talkers, with 95 % intervals."""
    groups = list(dict.fromkeys((one["suite"], one["talkers"]) for one in figures))
    with picture(path, (8.0, 3.2)) as figure:
        panels = figure.subplots(1, 2)
        sorts = (
            ("mae_deg", "mae_ci95", 1.0, "mean error, degrees"),
            ("acc10", "acc10_ci95", 100.0, "within 10°, %"),
        )
        for axes, (key, half, scale, title) in zip(panels, sorts, strict=True):
            for place, name in enumerate(ESTIMATORS):
                own = [one for one in figures if one["estimator"] == name]
                at = [groups.index((one["suite"], one["talkers"])) + 0.2 * (place - 1.5) for one in own]
                bars = [scale * value(one, key) for one in own]
                halves = [scale * value(one, half) for one in own]
                axes.bar(
                    at, bars, 0.19, yerr=halves, color=COLORS[name], ecolor=INK, capsize=2, label=NAMES[name]
                )
            labels = [f"{suite}\n{count(talkers)}" for suite, talkers in groups]
            axes.set_xticks(range(len(groups)), labels, fontsize=7)
            axes.set_title(title, fontsize=9)
            axes.spines[["top", "right"]].set_color(FAINT)
        figure.legend(
            *panels[0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=4,
            fontsize=7,
            frameon=False,
        )


def draw_arrays(path: Path, figures: list[Row]) -> None:
    """A line for each array, from the smallest error of the default up."""
    ordered = sorted(figures, key=lambda one: -value(one, "steered"))
    with picture(path, (6.4, 0.22 * len(ordered) + 0.9)) as figure:
        axes = figure.subplots()
        for name in ESTIMATORS:
            own = [(place, value(one, name)) for place, one in enumerate(ordered) if name in one]
            if own:
                places, found = zip(*own, strict=True)
                axes.scatter(found, places, s=18, color=COLORS[name], label=NAMES[name], zorder=2)
        axes.set_yticks(range(len(ordered)), [str(one["array"]) for one in ordered], fontsize=7)
        axes.grid(axis="x", color=FAINT, alpha=0.5)
        axes.set(xlabel="mean error, degrees")
        axes.set_xlim(left=0)
        axes.legend(loc="upper right", fontsize=7)


CHARTS: dict[str, tuple[Callable[[], list[Row]], Callable[[Path, list[Row]], None]]] = {
    "results_headline": (headline_figures, draw_headline),
    "results_arrays": (array_figures, draw_arrays),
}


def is_drawn(name: str) -> bool:
    """Whether a picture is there and shows the figures of now."""
    return shows(PICTURES / f"{name}.svg", CHARTS[name][0]())


def draw(name: str) -> None:
    """Draw a picture, and write into it what it was drawn from."""
    path, (figures, draw_one) = PICTURES / f"{name}.svg", CHARTS[name]
    draw_one(path, figures())
    sign(path, figures())
