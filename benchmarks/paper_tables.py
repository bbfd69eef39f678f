"""Renders docs/paper.md, the paper's tables beside ours, from the records in results/paper.

    python benchmarks/paper_tables.py
    python benchmarks/paper_tables.py --results DIR --page FILE [--seed 1]    # of records of your own

What has not been measured yet has a dash.
"""

import argparse
import math
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from operator import attrgetter
from pathlib import Path

import robustness as robustness_curves
from paper_measured import MEASURES, PaperRecords, contradictions, known
from paper_published import ABLATION_SUITES, ABLATIONS, CLASSICAL, MAIN_GRID, PEERS, SUITES
from result_pictures import PICTURES, shows, sign

from anydoa.evaluation.record import Row, read_record
from anydoa.io.output import write_text
from anydoa.plotting import FAINT, INK, picture

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "results" / "paper"
PAGE = ROOT / "docs" / "paper.md"
COLOURS = {"full": "#2f6fab", "gi-doaenet-fm": "#4f9a6b", "neural-srp": "#c9873a", "u-net": "#d9480f"}

HEAD = """# The paper's tables beside ours
This page answers: how do the networks and ablations of the paper do here, and at what cost?

    make paper SPEECH=DIR NOISE=DIR OUT=DIR

trains and measures every row from nothing but speech and noise, and writes `OUT/results/paper/NAME.json`
and `OUT/paper.md`, the tables of this page. What is there is not done again. The committed records are in
`results/paper`; `make results` renders them here. A dash stands for what is not published or not measured.

The paper learns from LibriSpeech and MS-SNSD and tests with TIMIT and ESC-50 (`runs/paper.sh LibriSpeech
MS-SNSD OUT --test-speech TIMIT --test-noise ESC-50`). These tables are of
[other corpora](evaluation.md#sound-behind-the-tables); tests have other speakers of them than training.
"""
BUDGET = """Every row learns from 40,000 clips from scratch on one core, with the same rooms, voices and
seed: 16,000 are spectra by formula, 24,000 last one second. That is a two-hundredth of the clips of the
published training and a thousandth of its sound, so errors are far higher than published ones, and than
those of [the bundled network](results.md), which learned longer. So short a training is hardest on networks
that need a long one.

All rows share what the paper does not have: a hop of 256 samples, a first stage by formula, 4 to 12
microphones from the start in place of tetrahedra first, and arrays that are turned with their talkers.
Targets begin as wide as the paper's or wider and end at 9, 6 and 5 degrees in place of 5. Weights are
averaged, and the rate falls by a cosine from 0.0015 in place of 0.001 until nothing improves. Responses of
rooms for training end when they have fallen by 40 dB, or after 0.8 s; those of tests by 60 dB.
`no-geometry-stage` has 40,000 clips of rooms in place of the first stage, so other clips and more steps.

Rates and batches were chosen with AGG-RL and are those of all rows: no other network was tuned, and the paper
learns Neural-SRP in batches of one. U-Net and Neural-SRP are written after their descriptions; lags, places
and sizes, 0.26 and 0.31 million weights before the output layers, are ours. U-Net learns from 8 pairs of
microphones a step, drawn at random, as all of them would take four times as long; it is measured with all.

Networks with Gridnet learn on turned grids, 192 even directions and 192 near the talkers where the row says
nothing else; the `grid-` rows with a number have even directions alone. Those with a fixed output learn on
its 2048 directions, which never turn. So `fixed-output` beside `full` is not the output alone: `grid-2048` is
nearer to it. [`configs/paper.toml`](../configs/paper.toml) is the published training, for a GPU and days.
"""
OLDER = "†"
STATE = f"""Rows are measured by the commit that their record names, and learned by those that
`training_code` names, where they say. Those with {OLDER} are older, wait to be trained again and are compared
with each other alone. "6cc707e, output layer of 2875cb3" is the first commit with `FixedGrid` of
`networks/peers.py` as the second has it. "Peers of 927b557" is the first with `networks/peers.py`,
`networks/config.py` and `configs/peers` of the second. Of older rows is known:

- In every batch the first room was chosen by the same random number as the number of microphones
  ([mended since](log/2026-11-30-two-draws-from-one-number.md)).
- U-Net, and probably all of them, learned from one folder that was taken for speech and for noise as a
  whole: a fifth of the talkers were sounds other than voices, three of four noises were voices
  ([mended since](log/2026-11-30-one-folder-for-speech-and-noise.md)).
- Their columns of NAO and Eigenmike, also of SRP-PHAT and MUSIC, are of rooms that are drawn otherwise now.
- The output layers of GI-DOAEnet (FM) and Neural-SRP took a sixteenth of the steps they should take.
"""
COMPARISON = """## Networks and classical methods
Degrees of mean error / % within 10 degrees, with 95 % intervals over clips. Published figures are one for a
suite, and those of classical methods and ablations are second hand, from summaries of the paper; ours stand
for one talker, then for two. Frames are judged by their past alone. Shares may be counted in another way
than the paper's ([why](results.md#as-hard-as-the-papers)).

In the paper NAO and Eigenmike are recordings of LOCATA; ours are simulated rooms with `nao-v4`, which has
four microphones where LOCATA's robot has twelve (`locata-robot-head`), and `em32`, on its hard ball. So
these columns are not the same test. SRP-PHAT and MUSIC steer around that ball, networks are told places
alone. As published SRP-PHAT and MUSIC hear a single window; the paper's MUSIC probably heard more.
"""
ORDERS = """## Where the order differs from the paper's
By the mean of one and two talkers, best first; an ablation is compared with the full network. The last
column has pairs whose differences, here and in the paper, exceed the 95 % interval of a difference, as far
as intervals are known. Intervals are over clips: of pairs where both records keep the errors of their clips,
and else as if each method had heard clips of its own. One training of each is compared, so the chance of
training is not in them.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, help="folder of other records")
    parser.add_argument("--page", type=Path, help="file to write of them")
    parser.add_argument("--seed", type=int, default=0, help="seed that networks of them learned with")
    options = parser.parse_args()
    if (options.results is None) != (options.page is None):
        parser.error("--results and --page belong together: other records make another page")
    if options.results is None:
        write_text(PAGE, render_page())
        for name in undrawn():
            PICTURED[name](rows_of(name), PICTURES / f"paper_{name}.png")
            sign(PICTURES / f"paper_{name}.png", rows_of(name))
    else:
        write_text(options.page, render_own(options.results, options.seed))


def render_page() -> str:
    """The whole page of this repository."""
    tables = Tables(PaperRecords(RECORDS))
    state = [STATE] if any(map(tables.records.is_older, (*PEERS, *CLASSICAL, *ABLATIONS))) else []
    return "\n".join([HEAD, BUDGET, *state, *tables.all(), costs(rows_of("cost")), robustness()])


def render_own(records: Path, seed: int = 0) -> str:
    """The tables of a folder of records."""
    tables = Tables(PaperRecords(records, seed))
    return "\n".join([f"# The paper's tables beside {records}", BUDGET, *tables.all()])


def rows_of(name: str) -> list[Row]:
    return list(read_record(RECORDS / f"{name}.json").rows)


def undrawn() -> list[str]:
    """Records whose picture shows other figures than they have now."""
    return [name for name in PICTURED if not shows(PICTURES / f"paper_{name}.png", rows_of(name))]


@dataclass(frozen=True)
class Tables:
    """The tables that networks and methods fill as they are measured."""

    records: PaperRecords

    def all(self) -> list[str]:
        """Every table with its heading, in the order of the page."""
        return [self.comparison(), self.ablations(), self.orders(), self.firsts(), self.grids()]

    def name(self, name: str) -> str:
        """The name of a record, marked if it is an older one."""
        return f"`{name}`{OLDER if self.records.is_older(name) else ''}"

    def cell(self, name: str, suite: str, *, share: bool = True) -> str:
        """Both numbers of talkers of one suite, each as error with interval, and share within 10 degrees."""
        parts = []
        for row in self.records.rows_of_suite(name, suite):
            found = f"{100 * known(row['acc10']):.0f}".replace("nan", "-")
            parts.append(f"{error(row)} / {found}" if share else error(row))
        return ", ".join(parts) or "-"

    def clips(self) -> str:
        """How much was heard for each number of talkers."""
        names = (*PEERS, *CLASSICAL)
        rows = [row for name in names for suite in SUITES for row in self.records.rows_of_suite(name, suite)]
        heard = {f"{row['clips']} clips of {row['suite']}, {row['clip_s']:g} s each": None for row in rows}
        line = f"Heard for each number of talkers: {'; '.join(heard)}."
        return f"{textwrap.fill(line, 110, break_on_hyphens=False)}\n" if heard else ""

    def comparison(self) -> str:
        lines = [
            COMPARISON,
            self.clips(),
            "| method | NAO | ours | Eigenmike | ours | Dynamic-S | ours | Dynamic-U | ours |",
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        ]
        for name, (title, *published) in {**PEERS, **CLASSICAL}.items():
            pairs = [
                f"{theirs or '-'} | {self.cell(name, one)}"
                for theirs, one in zip(published, SUITES, strict=True)
            ]
            lines.append(f"| {title}, {self.name(name)} | " + " | ".join(pairs) + " |")
        return "\n".join([*lines, self.guesses(), self.missing([*PEERS, *CLASSICAL])])

    def guesses(self) -> str:
        """Which networks learned nothing in so short a training."""
        found = [f"`{name}`" for name in PEERS if self.records.is_chance(name)]
        if not found:
            return ""
        line = (
            f"No better than chance: {', '.join(found)}. With one talker their intervals hold 90 degrees, "
            "the mean error of guesses, on every suite. They say that this training is too short, not how "
            "good the method is, and are left out of the orders below."
        )
        return f"\n{textwrap.fill(line, 110, break_on_hyphens=False)}"

    def ablations(self) -> str:
        lines = [
            "## Ablations",
            "Degrees of mean error, of the same suites. `dft-absolute` is GI-DOAEnet inside AGG-RL, above.\n",
            "| network | Eigenmike | ours | Dynamic-U | ours |",
            "|---|--:|--:|--:|--:|",
        ]
        for name, (title, *published) in ABLATIONS.items():
            pairs = [
                f"{theirs or '-'} | {self.cell(name, suite, share=False)}"
                for theirs, suite in zip(published, ABLATION_SUITES, strict=True)
            ]
            lines.append(f"| {title}, {self.name(name)} | " + " | ".join(pairs) + " |")
        return "\n".join([*lines, self.missing([*ABLATIONS])])

    def orders(self) -> str:
        """Where the order of methods, and the sign of what an ablation brings, differ from the paper's."""
        lines = [
            ORDERS,
            "| suite | by | published order | our order | clearly better here, worse in the paper |",
            "|---|---|---|---|---|",
        ]
        methods = {**PEERS, **CLASSICAL}
        for measure in MEASURES:
            for suite in SUITES:
                both = self.records.ranked(methods, suite, measure, SUITES)
                names = [
                    ", ".join(one.title for one in sorted(both.values(), key=attrgetter(key)))
                    for key in ("theirs", "ours.value")
                ]
                found = contradictions(permutations(both.values(), 2))
                lines.append(f"| {suite} | {measure.words} | " + " | ".join([*names, found or "none"]) + " |")
        for suite in ABLATION_SUITES:
            ranked = self.records.ranked(ABLATIONS, suite, MEASURES[0], ABLATION_SUITES)
            full = ranked.pop("full", None)
            if full is None or not ranked:
                continue
            pairs = [pair for other in ranked.values() for pair in ((full, other), (other, full))]
            seen = min(full.ours.minus(other.ours)[1] for other in ranked.values())
            unseen = f"; only differences above {seen:.1f} degrees can be seen" if math.isfinite(seen) else ""
            found = contradictions(pairs) or f"none{unseen}"
            lines.append(f"| {suite}, ablations | {MEASURES[0].words} | | | {found} |")
        return "\n".join([*lines, self.beside_full(), ""])

    def firsts(self) -> str:
        """Which methods come first, here and in the paper, and which of ours come before all networks."""
        found = []
        for measure in MEASURES:
            every = [self.records.ranked({**PEERS, **CLASSICAL}, one, measure, SUITES) for one in SUITES]
            ours, theirs = (
                counted([min(both.values(), key=attrgetter(key)).title for both in every if both])
                for key in ("ours.value", "theirs")
            )
            if ours:
                found.append(f"First by {measure.words}: {ours}; in the paper: {theirs}.")
        for name in (one for one, (_, *published) in CLASSICAL.items() if not any(published)):
            before = [suite for suite in SUITES if self.has_smallest_error(name, suite)]
            if before:
                where = "every suite" if len(before) == len(SUITES) else ", ".join(before)
                networks = "network with †" if self.records.is_older(name) else "network above"
                found.append(f"{CLASSICAL[name][0]} errs less than every {networks} on {where}.")
        return f"{textwrap.fill(' '.join(found), 110, break_on_hyphens=False)}\n" if found else ""

    def has_smallest_error(self, name: str, suite: str) -> bool:
        """Whether a method errs less than every network of the comparison, as old or as new, on a suite."""
        older = self.records.is_older(name)
        alike = (name, *(one for one in PEERS if self.records.is_older(one) == older))
        ours, *networks = (self.records.measured(one, suite, MEASURES[0]) for one in alike)
        errors = [one.value for one in networks if one is not None]
        return ours is not None and bool(errors) and ours.value < min(errors)

    def beside_full(self) -> str:
        """Which ablations are clearly better or worse than the full network, and which are neither."""
        told: dict[str, list[str]] = {
            "clearly better than": [],
            "clearly worse than": [],
            "not to be told from": [],
        }
        for name in sorted(ABLATIONS.keys() - {"full"}):
            if not self.records.is_comparable(name) or not self.records.rows(name):
                continue
            signs = {suite: self.signs(name, suite) for suite in SUITES}
            for words, wanted in (("clearly better than", -1), ("clearly worse than", 1)):
                suites = [suite for suite, found in signs.items() if wanted in found]
                if suites:
                    told[words].append(f"`{name}` ({', '.join(suites)})")
            if not any(any(found) for found in signs.values()):
                told["not to be told from"].append(f"`{name}`")
        lines = [
            f"{words.capitalize()} the full network: {', '.join(names)}."
            for words, names in told.items()
            if names
        ]
        return f"\n{textwrap.fill(' '.join(lines), 110, break_on_hyphens=False)}" if lines else ""

    def signs(self, name: str, suite: str) -> list[int]:
        """By each measure: 1 where a network is clearly worse than the full one, -1 where better, else 0."""
        pairs = [
            [self.records.measured(one, suite, measure) for one in (name, "full")] for measure in MEASURES
        ]
        return [other.sign(full) for other, full in pairs if other is not None and full is not None]

    def grids(self) -> str:
        """The full network on grids unlike those it learned on."""
        found = [row for row in self.records.rows("full") if row["grid"] != MAIN_GRID]
        if not found:
            return ""
        sizes = sorted({str(row["grid"]) for row in found}, key=lambda grid: int(grid.partition(":")[2]))
        lines = [
            "## Other grids",
            f"The full network on the first {found[0]['clips']} clips of `dynamic-s`, above on all of them: "
            "degrees of mean error.\n",
            "| talkers | " + " | ".join(f"`{size}`" for size in sizes) + " |",
            "|---|" + "--:|" * len(sizes),
        ]
        for talkers in (1, 2):
            cells = [
                error(row)
                for size in sizes
                for row in found
                if (row["grid"], row["talkers"]) == (size, talkers)
            ]
            lines.append(f"| {talkers} | " + " | ".join(cells) + " |")
        return "\n".join([*lines, ""])

    def missing(self, names: list[str]) -> str:
        absent = [name for name in names if not self.records.rows(name)]
        line = f"Not measured yet: {', '.join(absent)}."
        return f"\n{textwrap.fill(line, 110, break_on_hyphens=False)}\n" if absent else ""


def counted(names: list[str]) -> str:
    """Each name once, with how often it is there if not always."""
    counts = Counter(names)
    return ", ".join(
        f"{name} ({count} of {len(names)})" if count < len(names) else name for name, count in counts.items()
    )


def error(row: Row) -> str:
    """Mean error with half the width of its interval, as far as they are known."""
    return f"{known(row['mae_deg']):.1f}±{known(row['mae_ci95']):.1f}".replace("±nan", "").replace("nan", "-")


def costs(cost: list[dict[str, object]]) -> str:
    """Multiply-adds against microphones and directions."""
    counts = sorted({int(row["microphones"]) for row in cost})
    grids = sorted({int(row["directions"]) for row in cost} - {2048})
    heads = [f"{count} microphones" for count in counts] + [f"8, {grid} directions" for grid in grids]
    lines = [
        "## Cost",
        "`python benchmarks/paper_cost.py`: millions of multiply-adds a second of sound, as",
        "executed, hop 256, 2048 directions. Exponents are the slope over logarithms of microphones, over",
        "all four and from 16 to 32; with few microphones the parts that do not see them weigh more.\n",
        "| network | parameters | " + " | ".join(heads) + " | exponent | 16 to 32 |",
        "|---|" + "--:|" * (len(heads) + 3),
    ]
    for name in dict.fromkeys(str(row["network"]) for row in cost):
        own = [row for row in cost if row["network"] == name]
        wanted = [(count, 2048) for count in counts] + [(8, grid) for grid in grids]
        cells = [
            f"{row['multiply_adds_per_s'] / 1e6:,.0f}"
            for at in wanted
            for row in own
            if (row["microphones"], row["directions"]) == at
        ]
        slopes = f"{own[0]['exponent_of_microphones']:.2f} | {own[0]['exponent_16_to_32']:.2f}"
        lines.append(f"| {name} | {own[0]['parameters']:,} | " + " | ".join(cells) + f" | {slopes} |")
    lines += [
        "\nAGG-RL grows linearly with microphones, U-Net and Neural-SRP with their square, as published;",
        "GI-DOAEnet grows linearly, too.",
        "Gridnet is computed once a grid and not in the table.",
        "\n![Multiply-adds against microphones](images/paper_cost.png)\n",
    ]
    return "\n".join([*lines, timings(cost, counts)])


def timings(cost: list[dict[str, object]], counts: list[int]) -> str:
    """Seconds of one processor for a second of sound, and memory."""
    lines = [
        "One thread, 2048 directions, a second of sound at once: real-time factor, and MB that it takes",
        "above what the process had with its weights and grid.\n",
        "| network | " + " | ".join(f"{count} microphones" for count in counts) + " |",
        "|---|" + "--:|" * len(counts),
    ]
    for name in dict.fromkeys(str(row["network"]) for row in cost):
        own = [row for row in cost if row["network"] == name and row["directions"] == 2048]
        cells = [f"{row['real_time_factor']:.3f}, {row['peak_mb']:,.0f} MB" for row in own]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def robustness() -> str:
    found = robustness_curves.rows_with_source(read_record(RECORDS / "robustness.json"))
    clips, seconds = robustness_curves.clips_a_point(found), f"{found[0]['clip_s']:g}"
    days, commits = (sorted({str(row[key]) for row in found}) for key in ("date", "commit"))
    most = clips.rpartition(" ")[2]
    measured = f"{' and '.join(days)} at commit {' and '.join(f'`{one}`' for one in commits)}"
    return f"""## Robustness
    python benchmarks/robustness.py --speech DIR --clips {most} --seconds {seconds} --record FILE

{clips} clips a point, so intervals are wide; one talker, frames judged by their past alone, 2048 directions.
One thing is changed at a time, the rest stays at SNR 15 dB, RT60 0.5 s, 1.5 m, 8 microphones 10 cm wide.
What does not fit a room is drawn again: talkers 3 m away and more are elsewhere in some clips, and nearer
the horizon, and arrays 120 cm wide stand elsewhere. At 1.5 m waves are curved for arrays 60 cm wide and
wider, so that curve is of near talkers as much as of wide arrays. Points that FILE has of the same clips
and weights are not measured again. Measured on {measured}.
Shaded yellow: what all bundled networks learned from.

![Error and share within 10 degrees against eight factors](images/paper_robustness.png)
"""


def draw_cost(cost: Sequence[Row], path: Path) -> None:
    with picture(path, (6.5, 4), dpi=80) as figure:
        axes = figure.subplots()
        for name, colour in COLOURS.items():
            own = [row for row in cost if (row["network"], row["directions"]) == (name, 2048)]
            axes.loglog(
                [row["microphones"] for row in own],
                [row["multiply_adds_per_s"] / 1e9 for row in own],
                "o-",
                color=colour,
                label=f"{name}, 16 to 32: power {own[0]['exponent_16_to_32']:.2f}",
            )
        axes.set_xticks((4, 8, 16, 32), ("4", "8", "16", "32"), minor=False)
        axes.set_xticks((), minor=True)
        axes.set_xlabel("microphones", color=INK)
        axes.set_ylabel("10⁹ multiply-adds for a second of sound", color=INK)
        axes.grid(color=FAINT, linewidth=0.5)
        axes.legend(frameon=False)


PICTURED: dict[str, Callable[[Sequence[Row], Path], None]] = {
    "cost": draw_cost,
    "robustness": robustness_curves.draw,
}
"""Records with a picture of their own, and what draws it."""


if __name__ == "__main__":
    main()
