"""Sections of the page of results: what it costs."""

import math

from result_records import (
    ESTIMATORS,
    NAMES,
    number,
    percent,
    row,
    rows,
    sources,
    table,
    target,
    value,
)


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
