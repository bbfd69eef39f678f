#!/bin/sh
# Steered from nothing but speech and noise: rooms, its mask network unless runs/mask.sh has trained it, its score network,
# an exported model folder, and how good it is.
#   runs/score.sh SPEECH NOISE OUT
# Planned for 2.5 hours on one core of an idle machine, and 2.5 for the mask. The model is OUT/steered-model, its tables
# OUT/steered-model-*.json. Stop and start it at will (runs/common.sh).
. "$(dirname "$0")/common.sh"

make_rooms
train mask
train score --set "data.mask_weights=$OUT/mask/model.safetensors"
"$ANYDOA" model export "$OUT/mask/model.safetensors" --output "$OUT/steered-model" --name steered --score "$OUT/score/model.safetensors" \
    --card "$ROOT"/configs/steered.card.json
evaluate "$OUT/steered-model"
