#!/bin/sh
# AGG-RL from nothing but speech and noise: rooms, one training run, an exported model folder, and how good it is.
#   runs/agg-rl.sh SPEECH NOISE OUT
# Some 7 hours on one core of an idle machine, half of them with PROCESSES=2. The model is OUT/agg-rl-model, its tables
# OUT/agg-rl-model-*.json, its learning curve OUT/agg-rl/log.jsonl. Stop and start it at will (runs/common.sh).
. "$(dirname "$0")/common.sh"

make_rooms
train agg-rl
"$ANYDOA" model export "$OUT/agg-rl/model.safetensors" --output "$OUT/agg-rl-model" --name agg-rl --card "$ROOT"/configs/agg-rl.card.json
evaluate "$OUT/agg-rl-model"
