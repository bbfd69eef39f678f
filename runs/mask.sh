#!/bin/sh
# The mask network of steered from nothing but speech and noise, and how good it is with the scores in this repository.
#   runs/mask.sh SPEECH NOISE OUT
# Planned for 2.5 hours on one core of an idle machine. The weights are OUT/mask/model.safetensors, the model OUT/mask-model, its
# tables OUT/mask-model-*.json. Stop and start it at will (runs/common.sh).
. "$(dirname "$0")/common.sh"

make_rooms
train mask
"$ANYDOA" model export "$OUT/mask/model.safetensors" --output "$OUT/mask-model" --name steered --score "$ROOT"/weights/steered-score.safetensors \
    --card "$ROOT"/configs/steered.card.json
evaluate "$OUT/mask-model"
