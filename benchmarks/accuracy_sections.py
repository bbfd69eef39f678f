"""Sections of the page of results: how well directions are found."""

import math
from collections.abc import Callable, Sequence

from paper_published import OF_BUNDLED, published_row
from result_records import (
    ESTIMATORS,
    NAMES,
    SINGLE_WINDOWS,
    SUITES,
    Row,
    accuracy,
    best,
    count,
    errors,
    mean_row,
    number,
    percent,
    row,
    rows,
    sources,
    table,
    value,
)

from anydoa.io import load_array

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


def headline_errors() -> str:
    found = [row(suite, talkers=talkers, look_ahead_s=0.0) for suite in SUITES for talkers in (1, 2)]
    clips = " | ".join(f"{value(one, 'clips'):g}" for one in found)
    seconds = " | ".join(f"{value(one, 'clip_s'):g}" for one in found)
    shown = by_estimator(SUITES, errors, "mae_deg", least=True)
    return f"{shown}\n| clips | {clips} |\n| clip s | {seconds} |"


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


def arrays_heard() -> list[tuple[str, dict[str, Row]]]:
    """Every array and the rows of its estimators, both numbers of talkers together."""
    found = rows("presets", look_ahead_s=0.0)
    names = dict.fromkeys(str(one["suite"]) for one in found)
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
    shown = [name for name in ESTIMATORS if any(of[name] for _, of in arrays_heard())]
    for array, _ in arrays_heard():
        heard = [rows("presets", suite=array, estimator=name, look_ahead_s=0.0) for name in shown]
        found = [_together(each) for each in heard]
        apart = best([errors(one) for one in found], [value(one, "mae_deg") for one in found], least=True)
        shares = [percent(value(one, "acc10"), digits=0) for one in found]
        shares = best(shares, [value(one, "acc10") for one in found], least=False)
        cells = (cell for both in zip(apart, shares, strict=True) for cell in both)
        lines.append([f"`{array}`", _clips(heard[0]), *cells])
    means = []
    for name in shown:
        mean = _together(rows("presets", estimator=name, look_ahead_s=0.0))
        means += [errors(mean), percent(value(mean, "acc10"), digits=0)]
    titles = [f"{NAMES[name]}, {what}" for name in shown for what in ("error °", "`ACC10` %")]
    return table(["array", "clips", *titles], [*lines, ["mean", "", *means]])


def arrays_compared() -> str:
    """On how many arrays AGG-RL is better than the default, and what was heard longer of these."""
    heard = {array.removeprefix("presets/"): of for array, of in arrays_heard()}
    more = [array for array, of in heard.items() if _is_more(of)]
    boards = [array for array in more if load_array(array).ambiguity.rank == "plane"]
    both = [array for array in more if _is_nearer(heard[array])]
    lines = [
        f"AGG-RL finds more talkers than steered on {len(more)} of {len(heard)} arrays, {len(boards)} of "
        "them flat boards."
    ]
    if both:
        lines.append(f"On {len(both)} of these its error is smaller, too: {_listed(both)}.")
    said: dict[str, list[str]] = {}
    for array in both:
        suite = f"array/{array}"
        of = {name: mean_row(rows("presets-64", suite=suite, estimator=name)) for name in ESTIMATORS}
        if of["steered"] and of["agg-rl"]:
            verdict = {2: "confirm both figures", 1: "confirm one of the two", 0: "say the opposite"}
            said.setdefault(verdict[_is_more(of) + _is_nearer(of)], []).append(array)
    if said:
        longer = " and ".join(f"{verdict} on {_listed(names)}" for verdict, names in said.items())
        lines.append(f"More clips {longer}.")
    return "\n".join(lines)


def arrays_beside_srp_phat() -> str:
    """On which arrays steered or AGG-RL is worse than SRP-PHAT."""
    return "\n".join(f"- {NAMES[name]}: {_worse_than_srp_phat(name)}." for name in ("steered", "agg-rl"))


def _worse_than_srp_phat(name: str) -> str:
    heard = {array.removeprefix("presets/"): of for array, of in arrays_heard()}
    errs = [one for one, of in heard.items() if value(of[name], "mae_deg") > value(of["srp-phat"], "mae_deg")]
    misses = [one for one, of in heard.items() if value(of[name], "acc10") < value(of["srp-phat"], "acc10")]
    if not errs and not misses:
        return "better than SRP-PHAT on every array, in both figures"
    kinds = (("a larger error than SRP-PHAT on", errs), ("fewer talkers found than by SRP-PHAT on", misses))
    return "; ".join(f"{words} {_listed(names)}" for words, names in kinds if names)


def _is_more(of: dict[str, Row]) -> bool:
    return value(of["agg-rl"], "acc10") > value(of["steered"], "acc10")


def _is_nearer(of: dict[str, Row]) -> bool:
    return value(of["agg-rl"], "mae_deg") < value(of["steered"], "mae_deg")


def _listed(names: Sequence[str]) -> str:
    marked = [f"`{name}`" for name in names]
    return " and ".join(filter(None, [", ".join(marked[:-1]), marked[-1]]))


def _clips(found: Sequence[Row]) -> str:
    """Clips behind several rows together."""
    return f"{sum(value(one, 'clips') for one in found):.0f}"


def _together(found: Sequence[Row]) -> Row:
    """The mean of rows that heard different clips, with its interval."""
    if not found:
        return {}
    halves = {
        key: math.sqrt(sum(value(one, key) ** 2 for one in found)) / len(found)
        for key in ("mae_ci95", "acc10_ci95")
    }
    return {**mean_row(found), **halves}


def arrays_more() -> str:
    """The arrays that were heard longer."""
    lines = []
    for suite, estimator in dict.fromkeys((one["suite"], one["estimator"]) for one in rows("presets-64")):
        found = rows("presets-64", suite=suite, estimator=estimator)
        of = _together(found)
        lines.append([f"`{suite}`", NAMES[str(estimator)], _clips(found), errors(of), accuracy(of)])
    return table(["array", "estimator", "clips", "error °", "`ACC10` %"], lines, names=2)


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
        found = rows("later-presets", look_ahead_s=ahead)
        heard = {
            "look_ahead_s": ahead,
            "clips": int(_clips(found)),
            "clip_s": max(value(one, "clip_s") for one in found),
        }
        lines.append(_later_line("presets, mean", "1 and 2", {**mean_row(found), **heard}, []))
    titles = [
        "suite",
        "talkers",
        "clips",
        "clip s",
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
    heard = [f"{value(of, key):g}" for key in ("clips", "clip_s", "look_ahead_s")]
    return [suite, talkers, *heard, cell, accuracy(of), *recording, *shares]


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
            theirs = published_row(method, suite) if is_published else {}
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
    return sources(*(f"paper/{name}" for name in SINGLE_WINDOWS))


def clean() -> str:
    found = rows("clean")
    lines = [
        [f"`{array}`", *(errors(row("clean", array=array, estimator=name)) for name in ESTIMATORS)]
        for array in dict.fromkeys(str(one["array"]) for one in found)
    ]
    shown = [errors(mean_row(rows("clean", estimator=name))) for name in ESTIMATORS]
    return table(["array", *(f"{NAMES[name]}, error °" for name in ESTIMATORS)], [["mean", *shown], *lines])


def clean_compared() -> str:
    """On which arrays steered or AGG-RL errs more than SRP-PHAT, by how much and how surely."""
    lines = []
    for name in ("steered", "agg-rl"):
        found = rows("clean", estimator=name)
        far = [str(one["array"]) for one in found if value(one, "more_than_srp_phat_deg") > 1]
        sure = sum(value(one, "more_than_srp_phat_deg") > value(one, "more_ci95") for one in found)
        where = _listed(far) if far else "no array"
        lines.append(
            f"- {NAMES[name]}: more than a degree worse than SRP-PHAT on {where};\n"
            f"  worse beyond the interval of the difference on {sure} of {len(found)}."
        )
    return "\n".join(lines)


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


def reliability() -> str:
    return table(
        ["score", *(number(value(one, "said"), digits=2) for one in rows("reliability"))],
        [
            ["share right", *(number(value(one, "right"), digits=2) for one in rows("reliability"))],
            ["peaks", *(f"{value(one, 'peaks'):.0f}" for one in rows("reliability"))],
        ],
    )


def reliability_sources() -> str:
    return sources("reliability")


def paper() -> str:
    """Published figures of AGG-RL and its baselines, and ours on suites of the same recipe."""
    lines = []
    for suite in SUITES:
        for name in OF_BUNDLED:
            theirs = published_row(name, suite)
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
