#!/bin/sh
# Steered for any sound: begins with the networks in weights/, which runs/score.sh has made, and learns from events as well.
#   runs/any.sh SPEECH NOISE OUT EVENTS
# EVENTS is a corpus of which every kind is one folder, or with a manifest.csv; its test part is left for the evaluation.
# NOISE comes from everywhere, so it should hold none of the kinds that are tested. Planned for 2 hours on one core of an
# idle machine. The model is OUT/any-model, its table OUT/any-model-events.json. Stop and start it at will (runs/common.sh).
. "$(dirname "$0")/common.sh"
EVENTS=${4:?"usage: $0 SPEECH NOISE OUT EVENTS"}

make_rooms
train any-mask --from "$ROOT/weights/steered.safetensors" --events "$EVENTS"
train any-score --from "$ROOT/weights/steered-score.safetensors" --events "$EVENTS" \
    --set "data.mask_weights=$OUT/any-mask/model.safetensors"
"$ANYDOA" model export "$OUT/any-mask/model.safetensors" --output "$OUT/any-model" --name steered-any \
    --score "$OUT/any-score/model.safetensors" --card "$ROOT"/configs/steered-any.card.json
[ -e "$OUT/any-model-events.json" ] || "${PYTHON:-$ROOT/.venv/bin/python}" "$ROOT/benchmarks/events.py" --events "$EVENTS" \
    --speech "$SPEECH" --cache "$OUT/cache" --estimators steered "$OUT/any-model" srp-phat --record "$OUT/any-model-events.json"
