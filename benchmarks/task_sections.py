"""Sections of the page of results: what is done with directions, and other sounds than speech."""

from result_records import NAMES, errors, number, percent, record, row, rows, sources, table, value

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
            case = f"{one['part']}, {seed}, commit {record(name).commit}"
            lines.append(["[doctor](doctor.md)", case, told])
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
        where = [
            f"{errors(of)} / {percent(value(of, 'acc10'), value(of, 'acc10_ci95'), digits=0)}" for of in case
        ]
        unasked = [
            f"{percent(value(of, 'precision'), digits=0)} / {percent(value(of, 'recall'), digits=0)}"
            for of in case
        ]
        kind = sound.replace("_", " ").replace("-", " ").lower()
        lines.append([kind, str(count), str(case[0]["clips"]), *where, *unasked])
    figures = ("error ° / within 10°, %", "precision / recall, %")
    titles = [f"{NAMES[name]}, {what}" for what in figures for name in names]
    return table(["sound", "sources", "clips", *titles], lines, names=2)


def events_scores() -> str:
    """How far scores are from the share of peaks that are right."""
    lines = [
        [NAMES[str(one["estimator"])], number(value(one, "score_error"), digits=3)]
        for one in rows("events", sound="all")
    ]
    return table(["estimator", "score against share right, mean difference"], lines)


def events_sources() -> str:
    return sources("events")
