#!/bin/sh
# The paper's comparison and its ablations (benchmarks/paper.py) from nothing but speech and noise.
#   runs/paper.sh SPEECH NOISE OUT [OPTION...]
# An hour a row on one core of an idle machine, several where U-Net looks at all pairs of microphones. Tables are in
# results/paper. Stop and start it at will (runs/common.sh); OPTIONs are those of benchmarks/paper.py, such as --only full pm.
. "$(dirname "$0")/common.sh"
shift 3

"$ANYDOA" rooms --count 6000 --seed 1 --array random:4-12 --output "$OUT/balls" --quiet
"${PYTHON:-$ROOT/.venv/bin/python}" "$ROOT/benchmarks/paper.py" --rooms "$OUT/balls" --speech "$SPEECH" --noise "$NOISE" --runs "$OUT/paper" "$@"
