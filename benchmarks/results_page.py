"""Renders docs/results.md, the table of the README and the figures of the model cards from results/*.json.

    python benchmarks/results_page.py            # or make results
    python benchmarks/results_page.py --check    # says what is not as it would be rendered

The words of the page are in benchmarks/results_page.md, where {{NAME}} stands for what the function of that
name here returns. No figure is typed in either: all come from records, which measure.py makes.
"""

import argparse
import hashlib
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from anydoa.evaluation.record import Record, read_record
from anydoa.io.output import write_text
from anydoa.plotting import FAINT, INK, picture

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "results"
TEMPLATE = Path(__file__).with_suffix(".md")
PAGE = ROOT / "docs" / "results.md"
README = ROOT / "README.md"
PICTURES = ROOT / "docs" / "images"
CARDS = ROOT / "src" / "anydoa" / "estimators" / "model" / "weights"
MARKS = ("<!-- results: rendered by make results -->", "<!-- results: end -->")

NAMES = {
    "steered": "steered (default)",
    "srp-phat": "SRP-PHAT",
    "music": "MUSIC",
    "agg-rl": "AGG-RL",
    "srp-phat-published": "SRP-PHAT of single windows",
    "music-published": "MUSIC of single windows",
    "steered-any": "steered, any sound",
}
COLORS = {"steered": "#2f6fab", "srp-phat": "#c9873a", "music": "#8a8a8a", "agg-rl": "#4f9a6b"}
ESTIMATORS = tuple(COLORS)
SUITES = ("dynamic-s", "dynamic-u")
SINGLE_WINDOWS = ("srp-phat-published", "srp-phat", "music-published", "music")  # records in results/paper
DRAWN = "figures "  # what a picture was drawn from stands in it, behind this word

REAL = {
    "real/sofia-anechoic-sphere (direction)": "rigid sphere of 17.5 cm, 16 of 110 places, anechoic "
    "(SOFiA, sound_field_analysis-py, MIT)",
    "real/frl-sdm7 (direction)": "octahedron of 9.6 cm and its middle, a room (BinauralSDM, CC BY 4.0)",
    "real/marco-em32 (azimuth)": "Eigenmike em32, concert hall (3D-MARCo through micarraylib, CC BY 4.0)",
    "real/tau2019-tetra (direction)": "tetrahedron of an Eigenmike, a room, a cough "
    "(TAU 2019 through micarraylib, CC BY 4.0)",
    "real/dechorate-pairs (cone)": "three pairs of 4 cm, reverberant room (dEchorate, MIT)",
    "real/surrey-ears (cone)": "ears of a dummy head, anechoic and a room, up to 60° (Surrey BRIRs, MIT), "
    "taken as two points 18 cm apart",
    "real/surrey-ears (cone, weak)": "the same two points, at ±90°",
    "real/surrey-ears on a ball (cone)": "the same ears on a sphere: `rigid_sphere_radius = 0.09`, up to 60°",
    "real/surrey-ears on a ball (cone, weak)": "the same ears on a sphere, at ±90°",
}

Row = dict[str, object]


# Records and their rows


def record(name: str) -> Record:
    return read_record(RECORDS / f"{name}.json")


def rows(*names: str, **wanted: object) -> list[Row]:
    """Rows of records that have these values."""
    every = (dict(row) for name in names for row in record(name).rows)
    return [row for row in every if all(row.get(key) == value for key, value in wanted.items())]


def row(*names: str, **wanted: object) -> Row:
    """The first row that has these values; empty if there is none."""
    return next(iter(rows(*names, **wanted)), {})


def value(of: Row, key: str) -> float:
    """A figure of a row; NaN if it has none."""
    found = of.get(key)
    return float(found) if isinstance(found, int | float) else math.nan


def mean_row(found: Sequence[Row]) -> Row:
    """Mean error and accuracy over rows, without intervals; of one row that row."""
    if len(found) == 1:
        return found[0]
    keys = ("mae_deg", "acc10", "f1", "count_accuracy", "recording_mae_deg", "recording_acc10")
    means = {key: sum(value(one, key) for one in found) / len(found) for key in keys} if found else {}
    return {key: mean for key, mean in means.items() if not math.isnan(mean)}


# Cells and tables


def number(figure: float, half: float = math.nan, *, digits: int = 1) -> str:
    """A figure with half the width of its interval; nothing if it is unknown."""
    if math.isnan(figure):
        return ""
    return f"{figure:.{digits}f}" + ("" if math.isnan(half) else f" ± {half:.{digits}f}")


def percent(figure: float, half: float = math.nan, *, digits: int = 1) -> str:
    return number(100 * figure, 100 * half, digits=digits)


def errors(of: Row) -> str:
    """Mean error and its interval."""
    return number(value(of, "mae_deg"), value(of, "mae_ci95"))


def accuracy(of: Row) -> str:
    """Share within 10 degrees and its interval."""
    return percent(value(of, "acc10"), value(of, "acc10_ci95"))


def best(cells: Sequence[str], figures: Sequence[float], *, least: bool) -> list[str]:
    """The cells with the best figure in bold."""
    known = [figure for figure in figures if not math.isnan(figure)]
    wanted = (min(known) if least else max(known)) if len(known) > 1 else math.nan
    return [f"**{cell}**" if figure == wanted else cell for cell, figure in zip(cells, figures, strict=True)]


def table(titles: Sequence[str], lines: Iterable[Sequence[str]], *, names: int = 1) -> str:
    """A Markdown table; its first columns hold names, the others figures. Columns without a cell go."""
    filled = list(lines)
    kept = [place for place in range(len(titles)) if place < names or any(line[place] for line in filled)]
    rule = ["---" if place < names else "--:" for place in kept]
    body = [[line[place] for place in kept] for line in ([*titles], *filled)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (body[0], rule, *body[1:]))


def sources(*names: str) -> str:
    """Where figures come from: a row for each record."""
    lines = []
    for name in names:
        of = record(name)
        machine = of.machine
        if name == "paper":
            heard = "published"
        elif machine is None:
            heard = "measured before records were kept"
        else:
            load = "" if machine.load_at_start is None else f", load {machine.load_at_start:g}"
            heard = f"{machine.processor}, {machine.cores} cores{load}"
        commits = dict.fromkeys([*(str(one["commit"]) for one in of.rows if "commit" in one), of.commit])
        link = f"[{name}](../results/{name}.json)"
        lines.append([link, f"`{of.command}`", of.date, ", ".join(filter(None, commits)), heard])
    return table(["record", "command", "date", "commit", "machine"], lines, names=5)


# Sections


def by_estimator(suites: Sequence[str], cell: Callable[[Row], str], key: str, *, least: bool) -> str:
    """A row for each estimator, a column for each suite and number of talkers, best in bold."""
    groups = [(suite, talkers) for suite in suites for talkers in (1, 2)]
    columns = []
    for suite, talkers in groups:
        found = [row(suite, estimator=name, talkers=talkers, look_ahead_s=0.0) for name in ESTIMATORS]
        cells = [cell(one) for one in found]
        columns.append(best(cells, [value(one, key) for one in found], least=least))
    lines = zip([NAMES[name] for name in ESTIMATORS], *columns, strict=True)
    titles = ["estimator", *(f"`{suite}`, {count(talkers)}" for suite, talkers in groups)]
    return table(titles, (line for line in lines if any(line[1:])))


def count(talkers: object) -> str:
    return "1 talker" if talkers == 1 else f"{talkers} talkers"


def headline_errors() -> str:
    clips = [str(row(suite, talkers=talkers).get("clips", "")) for suite in SUITES for talkers in (1, 2)]
    return by_estimator(SUITES, errors, "mae_deg", least=True) + "\n| clips | " + " | ".join(clips) + " |"


def headline_accuracy() -> str:
    return by_estimator(SUITES, accuracy, "acc10", least=False)


def headline_recordings() -> str:
    def cell(of: Row) -> str:
        parts = number(value(of, "recording_mae_deg")), percent(value(of, "recording_acc10"))
        return " / ".join(filter(None, parts))

    return by_estimator(SUITES, cell, "recording_mae_deg", least=True)


def headline_sources() -> str:
    return sources(*SUITES)


def prompts() -> str:
    """Errors and accuracy on voices that any Debian machine can install."""
    lines = []
    for suite in SUITES:
        for talkers in (1, 2):
            for name in ESTIMATORS:
                of = row(f"{suite}-prompts", estimator=name, talkers=talkers)
                if of:
                    shares = [number(value(of, key), digits=2) for key in ("precision", "recall", "f1")]
                    lines.append([f"`{suite}`", str(talkers), NAMES[name], errors(of), accuracy(of), *shares])
    titles = ["suite", "talkers", "estimator", "error °", "`ACC10` %", "precision", "recall", "F1"]
    return table(titles, lines, names=3)


def prompts_sources() -> str:
    return sources("dynamic-s-prompts", "dynamic-u-prompts")


def _arrays() -> list[tuple[str, dict[str, Row]]]:
    """Every array and the rows of its estimators, both numbers of talkers together."""
    found = rows("presets", look_ahead_s=0.0)
    names = dict.fromkeys(str(one["suite"]) for one in found if "mean" not in str(one["suite"]))
    return [
        (
            name,
            {
                est: mean_row([one for one in found if (one["suite"], one["estimator"]) == (name, est)])
                for est in ESTIMATORS
            },
        )
        for name in sorted(names)
    ]


def arrays() -> str:
    lines = []
    shown = [name for name in ESTIMATORS if any(of[name] for _, of in _arrays())]
    for array, of in _arrays():
        found = [of[name] for name in shown]
        apart = best([errors(one) for one in found], [value(one, "mae_deg") for one in found], least=True)
        shares = [percent(value(one, "acc10"), digits=0) for one in found]
        shares = best(shares, [value(one, "acc10") for one in found], least=False)
        lines.append([f"`{array}`", *(cell for both in zip(apart, shares, strict=True) for cell in both)])
    means = []
    for name in shown:
        every = [of[name] for _, of in _arrays() if of[name]]
        mean = mean_row(every)
        means += [errors(mean), percent(value(mean, "acc10"), digits=0)]
    titles = [f"{NAMES[name]}, {what}" for name in shown for what in ("error °", "`ACC10` %")]
    return table(["array", *titles], [*lines, ["mean", *means]])


def arrays_more() -> str:
    """The arrays that were heard longer, and what is known of means alone."""
    lines = []
    for one in rows("presets"):
        if "mean" in str(one["suite"]):
            lines.append(_array_line(one))
    names = dict.fromkeys((one["suite"], one["estimator"]) for one in rows("presets-64"))
    for suite, estimator in names:
        lines.append(
            _array_line(mean_row(rows("presets-64", suite=suite, estimator=estimator)), suite, estimator)
        )
    return table(["array", "estimator", "clips", "error °", "`ACC10` %"], lines, names=2)


def _array_line(of: Row, suite: object = None, estimator: object = None) -> list[str]:
    suite, estimator = str(suite or of["suite"]), str(estimator or of["estimator"])
    shown = suite if " " in suite else f"`{suite}`"
    return [shown, NAMES[estimator], str(of.get("clips", "")), errors(of), accuracy(of)]


def arrays_sources() -> str:
    return sources("presets", "presets-64")


def unknown_number() -> str:
    lines = []
    for suite in SUITES:
        for talkers in (1, 2):
            for name in ESTIMATORS:
                of = row(suite, estimator=name, talkers=talkers, look_ahead_s=0.0)
                keys = ("precision", "recall", "f1", "count_accuracy")
                cells = [number(value(of, key), digits=2) for key in keys]
                if any(cells):
                    lines.append([f"`{suite}`", str(talkers), NAMES[name], *cells])
    return table(
        ["suite", "talkers", "estimator", "precision", "recall", "F1", "right count"], lines, names=3
    )


def later() -> str:
    lines = []
    for suite in SUITES:
        for talkers in (1, 2):
            found = sorted(
                rows(f"later-{suite}", talkers=talkers), key=lambda one: value(one, "look_ahead_s")
            )
            lines += [_later_line(f"`{suite}`", str(talkers), one, found) for one in found]
    for ahead in sorted({value(one, "look_ahead_s") for one in rows("later-presets")}):
        mean = mean_row(rows("later-presets", look_ahead_s=ahead))
        lines.append(_later_line("presets, mean", "1 and 2", {**mean, "look_ahead_s": ahead}, []))
    titles = [
        "suite",
        "talkers",
        "look-ahead s",
        "error °",
        "`ACC10` %",
        "whole error °",
        "whole `ACC10` %",
        "F1",
        "right count",
    ]
    return table(titles, lines, names=2)


def _later_line(suite: str, talkers: str, of: Row, rivals: Sequence[Row]) -> list[str]:
    cell = errors(of)
    if rivals and value(of, "mae_deg") == min(value(one, "mae_deg") for one in rivals):
        cell = f"**{cell}**"
    recording = number(value(of, "recording_mae_deg")), percent(value(of, "recording_acc10"))
    shares = [number(value(of, key), digits=3) for key in ("f1", "count_accuracy")]
    return [suite, talkers, f"{value(of, 'look_ahead_s'):g}", cell, accuracy(of), *recording, *shares]


def later_worse() -> str:
    """Bundled arrays whose error grows by half a degree and more with later sound."""
    lines = []
    for suite in dict.fromkeys(str(one["suite"]) for one in rows("later-presets")):
        found = rows("later-presets", suite=suite)
        ahead = sorted({value(one, "look_ahead_s") for one in found})
        if len(ahead) < 2:
            continue
        past, both = (
            mean_row([one for one in found if value(one, "look_ahead_s") == at])
            for at in (ahead[0], ahead[-1])
        )
        if value(both, "mae_deg") - value(past, "mae_deg") >= 0.5 - 1e-9:
            lines.append([f"`{suite}`", errors(past), errors(both)])
    if not lines:
        return "On no bundled array the error grows by half a degree."
    grown = table(["array", "by the past alone, error °", "with later sound, error °"], lines)
    return f"On most arrays the error falls; on these it grows, where few clips cannot tell:\n\n{grown}"


def later_sources() -> str:
    return sources("later-dynamic-s", "later-dynamic-u", "later-presets")


def hard() -> str:
    lines = []
    for suite in SUITES:
        for name in SINGLE_WINDOWS:
            found = rows(f"paper/{name}", suite=suite)
            method, is_published, _ = name.partition("-published")
            theirs = row("paper", suite=suite, estimator=method) if is_published else {}
            one, two = (
                next((each for each in found if each["talkers"] == talkers), {}) for talkers in (1, 2)
            )
            both = mean_row(found)
            cells = [f"{errors(each)} / {accuracy(each)}".strip(" /") for each in (one, two, both, theirs)]
            lines.append([f"`{suite}`", NAMES[name], str(one.get("clips", "")), *cells])
    return table(
        ["suite", "estimator", "clips a column", "1 talker", "2 talkers", "both", "the paper's own suite"],
        lines,
        names=2,
    )


def hard_sources() -> str:
    return sources(*(f"paper/{name}" for name in SINGLE_WINDOWS), "paper")


def clean() -> str:
    found = rows("clean")
    lines = [
        [f"`{array}`", *(errors(row("clean", array=array, estimator=name)) for name in ESTIMATORS)]
        for array in dict.fromkeys(str(one["array"]) for one in found)
    ]
    shown = [errors(mean_row(rows("clean", estimator=name))) for name in ESTIMATORS]
    return table(["array", *(f"{NAMES[name]}, error °" for name in ESTIMATORS)], [["mean", *shown], *lines])


def clean_sources() -> str:
    return sources("clean")


def bodies() -> str:
    lines = []
    for of in rows("bodies"):
        is_told = of["steering"] != "free air"
        gain = f"{value(of, 'gain_deg'):.1f}±{value(of, 'gain_ci95'):.1f}" if is_told else ""
        lines.append(
            [
                str(of["array"]),
                NAMES[str(of["estimator"])],
                str(of["steering"]),
                f"{value(of, 'steering_error'):.2f}",
                f"{value(of, 'mae_deg'):.1f} / {100 * value(of, 'acc10'):.0f}",
                f"{value(of, 'whole_mae_deg'):.1f}",
                gain,
            ]
        )
    heading = [
        "array",
        "estimator",
        "told",
        "steering vectors",
        "error ° / within 10°, %",
        "whole °",
        "gain °",
    ]
    return table(heading, lines)


def bodies_sources() -> str:
    return sources("bodies")


GRIDS = ("fibonacci-1024", "fibonacci-2048", "fibonacci-4096", "icosphere-4")


def grids() -> str:
    lines = []
    for grid in GRIDS:
        cells = [
            errors(row(f"grid-{grid}", estimator=name, talkers=talkers))
            for name in ("steered", "agg-rl")
            for talkers in (1, 2)
        ]
        lines.append([f"`{grid.replace('-', ':')}`", *cells])
    titles = [f"{NAMES[name]}, {count(talkers)}" for name in ("steered", "agg-rl") for talkers in (1, 2)]
    clips = [
        str(row(f"grid-{GRIDS[0]}", estimator=name, talkers=talkers).get("clips", ""))
        for name in ("steered", "agg-rl")
        for talkers in (1, 2)
    ]
    return table(["grid", *titles], [*lines, ["clips", *clips]])


def rules() -> str:
    lines = []
    for suite in SUITES:
        for talkers in (1, 2):
            for name in ("srp-phat", "music"):
                found = [
                    row(record_, estimator=name, talkers=talkers, look_ahead_s=0.0)
                    for record_ in (suite, f"{suite}-maxima")
                ]
                cells = [cell(of) for of in found for cell in (errors, accuracy)]
                lines.append([f"`{suite}`", str(talkers), NAMES[name], *cells])
    titles = [
        f"{rule}, {what}" for rule in ("published rule", "local maxima") for what in ("error °", "`ACC10` %")
    ]
    return table(["suite", "talkers", "estimator", *titles], lines, names=3)


def grids_sources() -> str:
    return sources(*(f"grid-{grid}" for grid in GRIDS), *(f"{suite}-maxima" for suite in SUITES))


def real() -> str:
    lines = []
    # What "the same" refers to comes before it.
    places = {suite: place for place, suite in enumerate(REAL)}
    ordered = sorted(rows("real"), key=lambda one: places.get(str(one["suite"]), len(places)))
    for suite, talkers in dict.fromkeys((str(one["suite"]), one["talkers"]) for one in ordered):
        found = [row("real", suite=suite, talkers=talkers, estimator=name) for name in ESTIMATORS]
        first = next(one for one in found if one)
        cells = []
        for one in found:
            parts = number(value(one, "recording_mae_deg")), percent(value(one, "recording_within"), digits=0)
            cells.append(" / ".join(filter(None, parts)) or "refuses")
        known = f"{first['known']}, {number(value(first, 'tolerance_deg'), digits=0)}"
        heard = "" if talkers == 1 else f", {talkers} talkers at once"
        lines.append([f"{REAL.get(suite, suite)}{heard}", known, str(first["clips"]), *cells])
    titles = ["array and room", "known, tolerance °", "recordings", *(NAMES[name] for name in ESTIMATORS)]
    return table(titles, lines, names=2)


def real_sources() -> str:
    return sources("real")


# Cost


def target(met: bool) -> str:
    return "met" if met else "**not met**"


def cost_targets() -> str:
    """What was asked, what was measured, and whether that is enough."""
    lines = []

    def ask(what: str, wanted: float, got: float, unit: str, *, most: bool, digits: int, link: str) -> None:
        if not math.isnan(got):
            sign, met = ("≤", got <= wanted) if most else ("≥", got >= wanted)
            lines.append(
                [
                    what,
                    f"{sign} {wanted:g} {unit}".strip(),
                    f"{got:.{digits}f} {unit}".strip(),
                    target(met),
                    f"[{link}](../results/{link}.json)",
                ]
            )

    for mics, wanted in ((6, 0.08), (32, 0.60)):
        got = value(row("cost", microphones=mics, estimator="steered"), "core_share")
        ask(f"steered, {mics} microphones", wanted, got, "of a core", most=True, digits=3, link="cost")
    for mics in (4, 8, 16, 32):
        got = value(row("network", threads=1, microphones=mics, path="onnx"), "speed_up")
        ask(
            f"AGG-RL against plain torch, {mics} microphones",
            3.0,
            got,
            "times",
            most=False,
            digits=1,
            link="network",
        )
    got = value(row("training"), "clips_per_second")
    ask("AGG-RL, learning", 35.0, got, "clips a second", most=False, digits=1, link="training")
    shares = [100 * value(one, "core_share") for one in rows("live", part="cost", estimator="steered")]
    ask("live, steered", 20.0, max(shares, default=math.nan), "% of a core", most=True, digits=1, link="live")
    late = [
        value(one, "sample_to_result_max_ms") for one in rows("live", part="latency", estimator="steered")
    ]
    ask(
        "live, sample to result, at most",
        150.0,
        max(late, default=math.nan),
        "ms",
        most=True,
        digits=0,
        link="live",
    )
    grown = 100 * value(row("soak"), "growth")
    ask("live, memory after 8 h", 5.0, grown, "% more", most=True, digits=1, link="soak")
    return table(["what", "target", "measured", "", "record"], lines, names=1)


def cost() -> str:
    counts = dict.fromkeys(one["microphones"] for one in rows("cost"))
    lines = [
        [
            str(mics),
            *(
                number(value(row("cost", microphones=mics, estimator=name), "core_share"), digits=3)
                for name in ESTIMATORS
            ),
        ]
        for mics in counts
    ]
    return table(["microphones", *(NAMES[name] for name in ESTIMATORS)], lines)


def network() -> str:
    lines = []
    for threads, mics in dict.fromkeys((one["threads"], one["microphones"]) for one in rows("network")):
        found = {
            path: row("network", threads=threads, microphones=mics, path=path)
            for path in ("plain", "torch", "onnx")
        }
        if not any(found.values()):
            continue
        cells = [
            cell
            for one in found.values()
            for cell in (number(value(one, "seconds"), digits=3), number(value(one, "peak_mb"), digits=0))
        ]
        lines.append([str(threads), str(mics), *cells, number(value(found["onnx"], "speed_up"))])
    titles = [f"{name}, {unit}" for name in ("plain torch", "our torch", "ONNX") for unit in ("s", "MB")]
    streams = rows("network", path="stream of 64 ms")
    text = table(["threads", "microphones", *titles, "ONNX against plain, times"], lines, names=2)
    heard = [
        [f"{one['microphones']}, run {run}", number(value(one, "real_time_factor"), digits=3)]
        for run, one in enumerate(streams, start=1)
    ]
    return f"{text}\n\n" + table(
        ["microphones, stream in chunks of 64 ms", "processor time over recorded time"], heard
    )


def classical() -> str:
    keys = ("grid_mean_deg", "grid_median_deg", "refined_mean_deg", "refined_median_deg")
    lines = [
        [
            str(one["method"]),
            *(number(value(one, key), digits=2) for key in keys),
            number(value(one, "cold_ms")),
            number(value(one, "warm_ms")),
        ]
        for one in rows("classical")
    ]
    titles = ["on the grid, mean °", "median °", "refined, mean °", "median °", "cold ms", "warm ms"]
    return table(["method", *titles], lines)


TRAINING = ("training", "training-plane-waves", "training-plane-waves-alone", "training-plane-waves-5")


def training() -> str:
    keys = ("forward_ms", "backward_ms", "optimiser_ms")
    lines = [
        [
            str(one["network"]),
            number(value(one, "clips_per_second")),
            *(number(value(one, key), digits=0) for key in keys),
        ]
        for one in rows(*TRAINING)
    ]
    return table(["network", "clips a second", "forward ms", "backward ms", "optimiser ms"], lines)


def package() -> str:
    lines = [[str(one["what"]), number(value(one, "size_mb"))] for one in rows("package")]
    return table(["what", "MB"], lines)


def cost_sources() -> str:
    return sources("cost", "classical", "network", *TRAINING, "live", "soak", "package")


# Live, web, tracking, doctor, calibration


def others() -> str:
    lines = []
    for one in rows("live", part="cost"):
        lines.append(
            [
                "[live](live.md)",
                NAMES[str(one["estimator"])],
                f"{percent(value(one, 'core_share'))} % of a core",
            ]
        )
    for one in rows("live", part="latency"):
        keys = ("sample_to_result_mean_ms", "sample_to_result_95_ms", "sample_to_result_max_ms")
        mean, most, worst = (number(value(one, key), digits=0) for key in keys)
        told = f"{mean} ms in the mean, {most} in 95 %, " if mean else ""
        lines.append(
            ["[live](live.md)", NAMES[str(one["estimator"])], f"sample to result {told}{worst} at most"]
        )
    of = row("soak")
    dropped = value(of, "dropped_s") / (3600 * value(of, "hours"))
    lines.append(
        [
            "[live](live.md)",
            f"{value(of, 'hours'):g} h of sound at {value(of, 'speed'):.0f} times its pace",
            f"memory {percent(value(of, 'growth'))} % more, "
            f"{of['results']} of {of['expected_results']} told, {percent(dropped)} % came too fast",
        ]
    )
    seeds = {"doctor": "first seed", "doctor-fresh": "fresh seed", "doctor-hard": "fresh seed"}
    for name, seed in seeds.items():
        for one in rows(name):
            right = f"{one['right']} of {one['recordings']} right"
            told = f"{right}, {one['wrong_corrections']} wrong corrections"
            lines.append(["[doctor](doctor.md)", f"{one['part']}, {seed}", told])
    of = row("calibration", part="positions")
    lines.append(
        [
            "[calibration](calibration.md)",
            f"{of['arrays']} arrays whose files are wrong",
            f"{value(of, 'before_mm'):.2f} mm before, {value(of, 'after_mm'):.2f} after",
        ]
    )
    for one in rows("calibration", part="starts"):
        lines.append(
            [
                "[calibration](calibration.md)",
                f"starts of a card, `{one['array']}`",
                f"{one['right']} right, {one['ambiguous']} ambiguous, {one['wrong']} wrong",
            ]
        )
    load, fuzz = row("web", part="load"), row("web", part="fuzz")
    listeners = f"{load['prompt_clients']} prompt and {load['stalled_clients']} stalled listeners"
    lines.append(
        [
            "[web](web.md)",
            listeners,
            f"{load['stalled_clients_cut']} cut, {number(value(load, 'core_share'), digits=2)} of a core",
        ]
    )
    lines.append(
        [
            "[web](web.md)",
            f"{fuzz['messages']} malformed messages",
            f"{fuzz['internal_errors']} internal errors",
        ]
    )
    return table(["what", "case", "figures"], lines, names=3)


def others_sources() -> str:
    return sources("live", "soak", "doctor", "doctor-fresh", "doctor-hard", "calibration", "web")


# Talkers over time


def tracking() -> str:
    """Rooms in which talkers cross or stand, at the pace of frames that all estimators share."""
    lines = []
    for one in rows("tracking"):
        scenes, *where, way = str(one["scenes"]).split(", ")
        if len(where) != 3 or where[2] != "10 a second":
            continue
        array, estimator, _ = where
        lines.append(
            [
                scenes.removesuffix(" in rooms"),
                array,
                estimator,
                way,
                str(one["switches"]),
                number(value(one, "false_tracks_a_minute"), digits=2),
                percent(value(one, "missed_share")),
                number(value(one, "gospa_deg")),
                number(value(one, "ospa_deg")),
            ]
        )
    titles = ["talkers", "array", "estimator", "way", "switches", "false tracks a minute", "missed %"]
    return table([*titles, "GOSPA °", "OSPA °"], lines, names=4)


def tracking_sources() -> str:
    return sources("tracking")


# The sound of each talker


def beams() -> str:
    titles = ["method", "talkers", "gain dB", "median", "with echoes", "harmless %", "STOI", "PESQ"]
    titles += ["% of a core", "latency ms"]
    lines = []
    for one in rows("beams"):
        computed = value(one, "core_share") > 0
        lines.append(
            [
                str(one["method"]),
                str(one["talkers"]),
                number(value(one, "gain_db"), value(one, "gain_ci95_db")),
                number(value(one, "gain_median_db")),
                number(value(one, "echo_gain_db")),
                percent(value(one, "harmless_share"), digits=0),
                number(value(one, "stoi"), digits=2),
                number(value(one, "pesq"), digits=2),
                percent(value(one, "core_share"), digits=0) if computed else "",
                number(value(one, "latency_ms"), digits=0) if computed else "",
            ]
        )
    return table(titles, lines)


def beams_sources() -> str:
    return sources("beams")


# Sounds other than speech


def events() -> str:
    """A line for each kind of sound; for each estimator error, accuracy, and what is found unasked."""
    found = [one for one in rows("events") if "sources" in one]
    names = list(dict.fromkeys(str(one["estimator"]) for one in found))
    cases = dict.fromkeys((str(one["sound"]), int(value(one, "sources"))) for one in found)
    lines = []
    for sound, count in cases:
        case = [row("events", sound=sound, sources=count, estimator=name) for name in names]
        where = [f"{number(value(of, 'mae_deg'))} / {percent(value(of, 'acc10'), digits=0)}" for of in case]
        unasked = [
            f"{percent(value(of, 'precision'), digits=0)} / {percent(value(of, 'recall'), digits=0)}"
            for of in case
        ]
        lines.append([sound.replace("_", " ").replace("-", " ").lower(), str(count), *where, *unasked])
    figures = ("error ° / within 10°, %", "precision / recall, %")
    titles = [f"{NAMES[name]}, {what}" for what in figures for name in names]
    return table(["sound", "sources", *titles], lines, names=2)


def events_scores() -> str:
    """How far scores are from the share of peaks that are right."""
    lines = [
        [NAMES[str(one["estimator"])], number(value(one, "score_error"), digits=3)]
        for one in rows("events", sound="all")
    ]
    return table(["estimator", "score against share right, mean difference"], lines)


def events_sources() -> str:
    return sources("events")


# Many recordings

EFFICIENCY = {"steered": 0.85, "srp-phat": 0.75}
"""Efficiency of two processes of this machine that was asked for."""
DASK_SHARE = 0.9
"""Part of it that a cluster on the same cores was asked to reach."""


def bulk() -> str:
    lines = []
    for one in rows("bulk"):
        if "engine" not in one:
            continue
        name, engine, workers = str(one["estimator"]), str(one["engine"]), int(value(one, "workers"))
        local = row("bulk", estimator=name, engine="local", workers=workers)
        wanted = EFFICIENCY[name] if engine == "local" else DASK_SHARE * value(local, "efficiency")
        got, speed = value(one, "efficiency"), value(one, "sound_hours_per_core_hour")
        asked = f"≥ {percent(wanted, digits=0)}, {target(got >= wanted)}" if workers > 1 else ""
        lines.append(
            [
                NAMES[name],
                engine,
                str(workers),
                number(value(one, "wall_s"), digits=0),
                percent(got, digits=0) if workers > 1 else "",
                asked,
                number(speed, digits=0),
                f"{1e6 / speed:,.0f}",
            ]
        )
    titles = ["estimator", "engine", "workers", "seconds", "efficiency %", "target"]
    titles += ["hours of sound a core-hour", "core-hours for a million hours"]
    return table(titles, lines, names=2)


def bulk_list() -> str:
    """What the command itself needs for a long list."""
    of = next(one for one in rows("bulk") if "manifest_lines" in one)
    memory = value(of, "parent_mb")
    return table(
        ["recordings in the list", "memory of the command, MB", "target", "seconds to read it"],
        [
            [
                f"{value(of, 'manifest_lines'):,.0f}",
                number(memory, digits=0),
                f"≤ 200, {target(memory <= 200)}",
                number(value(of, "plan_s"), digits=1),
            ]
        ],
    )


def bulk_sources() -> str:
    return sources("bulk")


def reliability() -> str:
    return table(
        ["score", *(number(value(one, "said"), digits=2) for one in rows("reliability"))],
        [["share right", *(number(value(one, "right"), digits=2) for one in rows("reliability"))]],
    )


def reliability_sources() -> str:
    return sources("reliability")


def paper() -> str:
    """Published figures of AGG-RL and its baselines, and ours on suites of the same recipe."""
    lines = []
    for suite in SUITES:
        for theirs in rows("paper", suite=suite):
            name = str(theirs["estimator"])
            own = mean_row(_ours(suite, name))
            lines.append(
                [f"`{suite}`", NAMES[name], errors(theirs), accuracy(theirs), errors(own), accuracy(own)]
            )
        own = mean_row(_ours(suite, "steered"))
        lines.append([f"`{suite}`", NAMES["steered"], "", "", errors(own), accuracy(own)])
    titles = ["paper, error °", "paper, `ACC10` %", "ours, error °", "ours, `ACC10` %"]
    return table(["suite", "estimator", *titles], lines, names=2)


def _ours(suite: str, estimator: str) -> list[Row]:
    """Our rows of a published estimator."""
    if estimator in ("srp-phat", "music"):
        return rows(f"paper/{estimator}-published", suite=suite)
    return rows(suite, estimator=estimator, look_ahead_s=0.0)


# Pictures


def drawn_from(figures: object) -> str:
    """What a picture says it was drawn from."""
    text = json.dumps(figures, sort_keys=True)
    return DRAWN + hashlib.sha256(text.encode()).hexdigest()[:16]


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
        for name, of in _arrays()
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
    path = PICTURES / f"{name}.svg"
    return path.exists() and drawn_from(CHARTS[name][0]()) in path.read_text(encoding="utf-8")


def draw(name: str) -> None:
    """Draw a picture, and write into it what it was drawn from."""
    path, (figures, draw_one) = PICTURES / f"{name}.svg", CHARTS[name]
    draw_one(path, figures())
    text = path.read_text(encoding="utf-8")
    write_text(path, text.rstrip() + f"\n<!-- {drawn_from(figures())} -->\n")


# What is rendered


def page() -> str:
    """docs/results.md."""
    words = TEMPLATE.read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: globals()[found[1]](), words)


def readme_table() -> str:
    """The table of the README: a row for each estimator, error and accuracy for each number of talkers."""
    lines, figures = [], []
    for name in ESTIMATORS:
        found = [
            row("dynamic-s-prompts", estimator=name, talkers=talkers, look_ahead_s=0.0) for talkers in (1, 2)
        ]
        lines.append([f"{errors(one)} / {accuracy(one)} %" for one in found])
        figures.append([value(one, "mae_deg") for one in found])
    columns = [
        best(cells, errors_deg, least=True)
        for cells, errors_deg in zip(zip(*lines, strict=True), zip(*figures, strict=True), strict=True)
    ]
    return table(
        ["estimator", "1 talker", "2 talkers at once"],
        zip([NAMES[name] for name in ESTIMATORS], *columns, strict=True),
    )


def readme() -> str:
    """README.md with its table between the marks."""
    begin, end = MARKS
    before, _, rest = README.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{README.name} must hold {begin} and, after it, {end}")
    return f"{before}{begin}\n{readme_table()}\n{end}{after}"


def card(name: str) -> str:
    """The card of a bundled network with its rows of the frozen suites."""
    text = json.loads((CARDS / name / "card.json").read_text(encoding="utf-8"))
    left_out = {"grid", "rule", "commit"}
    found = [one for suite in SUITES for one in rows(suite, estimator=name, look_ahead_s=0.0)]
    found += rows("events", estimator=name) if name == "steered-any" else []
    text["metrics"] = [
        {key: of for key, of in one.items() if key not in left_out and of is not None} for one in found
    ]
    return json.dumps(text, indent=2) + "\n"


def rendered() -> dict[Path, str]:
    """Every file that is rendered, and its text."""
    cards = {CARDS / name / "card.json": card(name) for name in ("steered", "steered-any", "agg-rl")}
    return {PAGE: page(), README: readme(), **cards}


def stale() -> list[Path]:
    """Files that are not as they would be rendered."""
    texts = [
        path
        for path, text in rendered().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    return texts + [PICTURES / f"{name}.svg" for name in CHARTS if not is_drawn(name)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if anything would change"
    )
    wanted = parser.parse_args()
    found = stale()
    for path in found:
        print(path.relative_to(ROOT))
    if wanted.check:
        sys.exit(bool(found))
    for path, text in rendered().items():
        if path in found:
            write_text(path, text)
    for name in CHARTS:
        if not is_drawn(name):
            draw(name)


if __name__ == "__main__":
    main()
