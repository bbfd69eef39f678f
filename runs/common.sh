# shellcheck shell=sh
# What the recipes share; sourced by them, with their arguments SPEECH NOISE OUT.
#
# Every step leaves something behind that says it is done, and is skipped when that is there: rooms go on after the last
# whole shard, training goes on from its last checkpoint, tables are written beside their names and renamed. So a recipe
# may be stopped at any point and started again by the same command, also on another machine.
#
# ANYDOA   the command, default .venv/bin/anydoa of the repository
# THREADS  of the network, default 1
# PROCESSES that share each step of training, default 1 (runs/multi-node.md); another number is another run

set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd)
ANYDOA=${ANYDOA:-$ROOT/.venv/bin/anydoa}
THREADS=${THREADS:-1}
PROCESSES=${PROCESSES:-1}
export OMP_NUM_THREADS="$THREADS"

if [ $# -lt 3 ]; then
    echo "usage: $0 SPEECH NOISE OUT" >&2
    exit 2
fi
SPEECH=$1 NOISE=$2 OUT=$3
mkdir -p "$OUT"

# 6,000 rooms; half of the arrays are small balls, a sixth each flat, straight and wide. The recipes share them.
make_rooms() {
    "$ANYDOA" rooms --count 6000 --seed 11 --array random:4-12 --shapes ball,ball,ball,plane,line,wide \
        --output "$OUT/rooms" --quiet
}

# train NAME [OPTION...]: by configs/NAME.toml into OUT/NAME; decoded recordings are kept for the other recipes.
train() {
    name=$1
    shift
    start_training "$ROOT/configs/$name.toml" --run "$OUT/$name" --bank "$OUT/rooms" --speech "$SPEECH" --noise "$NOISE" \
        --threads "$THREADS" --set "data.cache=$OUT/cache" "$@"
}

# start_training CONFIG [OPTION...]: in one process, or in several that share each step.
start_training() {
    if [ "$PROCESSES" -eq 1 ]; then
        "$ANYDOA" train "$@"
    else
        "$(dirname "$ANYDOA")/torchrun" --standalone --nproc-per-node="$PROCESSES" -m -- anydoa train "$@"
    fi
}

# evaluate FOLDER: tables of an exported model beside it, FOLDER-SUITE.json.
evaluate() {
    for suite in dynamic-s dynamic-u presets; do
        [ -e "$1-$suite.json" ] && continue
        "$ANYDOA" evaluate --suite $suite --estimator "$1" --speech "$SPEECH" --noise "$NOISE" --cache "$OUT/cache" \
            --quiet --format json >"$1-$suite.part"
        mv "$1-$suite.part" "$1-$suite.json"
    done
}
