#!/bin/sh
# The paper's comparison and its ablations (benchmarks/paper.py) from nothing but speech and noise.
#   runs/paper.sh SPEECH NOISE OUT [OPTION...]
# About 40 minutes to an hour a row on one core of an idle machine, one and a half to two for U-Net. Records are in
# OUT/results/paper, tables in OUT/paper.md. Stop and start it at will (runs/common.sh); OPTIONs are those of
# benchmarks/paper.py, such as --only full pm; the paper tests with --test-speech TIMIT --test-noise ESC-50.
. "$(dirname "$0")/common.sh"
shift 3
if [ "$PROCESSES$THREADS" != 11 ]; then
    echo "$0: each row learns in one process of one thread, as all rows are to be alike; leave out PROCESSES and THREADS" >&2
    exit 2
fi

"$ANYDOA" rooms --count 6000 --seed 1 --array random:4-12 --output "$OUT/balls" --quiet
PYTHON=${PYTHON:-$ROOT/.venv/bin/python}
"$PYTHON" "$ROOT/benchmarks/paper.py" --rooms "$OUT/balls" --speech "$SPEECH" --noise "$NOISE" --runs "$OUT/paper" \
    --results "$OUT/results/paper" --page "$OUT/paper.md" "$@"
