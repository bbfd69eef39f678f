"""What the paper publishes of methods, networks and ablations, and the names that these have here."""

# Our grid and suites, and which of the suites the published ablations are of.
MAIN_GRID = "fibonacci:2048"
SUITES = ("array/nao-v4", "array/em32", "dynamic-s", "dynamic-u")
ABLATION_SUITES = (SUITES[1], SUITES[3])
# Mean errors in degrees, half widths of their intervals where known, and shares within 10 degrees in %.
PEERS = {
    "full": (
        "AGG-RL",
        "8.25±1.52 / 90.78",
        "11.24±1.76 / 72.17",
        "10.32±0.49 / 77.34",
        "14.12±0.77 / 63.17",
    ),
    "gi-doaenet-fm": (
        "GI-DOAEnet (FM)",
        "11.31±2.54 / 77.36",
        "93.61±13.06 / 0.00",
        "15.49±0.55 / 64.36",
        "54.81±1.73 / 6.10",
    ),
    "gi-doaenet-pm": ("GI-DOAEnet (PM)", "", "", "", ""),
    "gi-doaenet-agg-rl": ("GI-DOAEnet inside AGG-RL", "", "", "", ""),  # published as an ablation
    "neural-srp": (
        "Neural-SRP",
        "9.72±2.28 / 78.66",
        "52.75±18.61 / 22.16",
        "19.60±0.74 / 52.32",
        "21.18±1.01 / 45.51",
    ),
    "neural-srp-agg-rl": ("Neural-SRP inside AGG-RL", "", "", "", "19.05 / 54.13"),
    "u-net": (
        "U-Net",
        "10.89±1.53 / 86.25",
        "14.89±1.76 / 65.82",
        "19.94±0.69 / 58.88",
        "19.15±0.94 / 60.57",
    ),
    "u-net-agg-rl": (
        "U-Net inside AGG-RL",
        "12.79 / 77.33",
        "16.86 / 55.69",
        "21.23 / 53.74",
        "20.11 / 56.08",
    ),
}
CLASSICAL = {
    "srp-phat-published": ("SRP-PHAT", "21.77 / 67.84", "26.88 / 53.22", "43.89 / 25.10", "38.40 / 32.39"),
    "music-published": ("MUSIC", "19.31 / 69.77", "29.78 / 36.68", "30.24 / 28.50", "26.88 / 33.92"),
    "srp-phat": ("SRP-PHAT of this package", "", "", "", ""),
    "music": ("MUSIC of this package", "", "", "", ""),
}
# Mean errors in degrees on Eigenmike and Dynamic-U.
ABLATIONS = {
    "full": ("full", "11.24", "14.12"),
    "pm": ("phase modulation of places", "13.42", "12.46"),
    "dft-absolute": ("DFT, absolute places", "111.21", "87.71"),
    "dft": ("DFT, GCC-PHAT", "16.53", "17.90"),
    "uniform-start": ("bins learned from even ones", "15.13", "23.03"),
    "frozen-bins": ("first bins, not learned", "17.34", "11.83"),
    "fixed-output": ("2048 fixed directions", "13.58", "13.84"),
    "grid-cartesian": ("Gridnet on coordinates", "11.87", "23.10"),
    "grid-fm": ("Gridnet with FM", "", ""),
    "grid-harmonics": ("Gridnet on harmonics, ours", "", ""),
    "no-geometry-stage": ("no geometry stage", "", ""),
    "no-curriculum": ("no curriculum of beams", "", ""),
    "grid-128": ("128 directions a step", "", ""),
    "grid-512": ("512 directions a step", "", ""),
    "grid-2048": ("2048 directions a step", "", ""),
    "grid-8192": ("8192 directions a step", "", ""),
}
OF_BUNDLED = {
    "srp-phat": CLASSICAL["srp-phat-published"],
    "music": CLASSICAL["music-published"],
    "agg-rl": PEERS["full"],
}
"""Published figures of the methods that the bundled estimators are or follow."""
SAME_AS = {"gi-doaenet-agg-rl": "dft-absolute"}  # one network, learned once


def published_row(estimator: str, suite: str) -> dict[str, object]:
    """What the paper says of the method of a bundled estimator on a suite, as a row of a record."""
    error, _, share = OF_BUNDLED[estimator][1 + SUITES.index(suite)].partition(" / ")
    return {"mae_deg": float(error.partition("±")[0]), "acc10": float(share) / 100}
