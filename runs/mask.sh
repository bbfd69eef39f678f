#!/bin/sh
# The mask network of steered from nothing but speech and noise, and how good it is with the scores in this repository.
#   runs/mask.sh SPEECH NOISE OUT
# About 1.5 hours on one core of an idle machine. The weights are OUT/mask/model.safetensors, the model OUT/mask-model, its
# tables OUT/mask-model-*.json. Stop and start it at will (runs/common.sh).
cd "$(dirname "$0")/.."
. runs/common.sh
[ $# -eq 3 ] || usage
SPEECH=$1 NOISE=$2 OUT=$3
mkdir -p "$OUT"

make_rooms
train mask
"$ANYDOA" export "$OUT/mask/model.safetensors" "$OUT/mask-model" --name steered --score weights/steered-score.safetensors \
    --card configs/steered.card.json
evaluate "$OUT/mask-model"
