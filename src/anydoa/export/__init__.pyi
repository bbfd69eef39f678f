from .agg_rl import agg_rl_card as agg_rl_card
from .agg_rl import export_agg_rl as export_agg_rl
from .steered import export_steered as export_steered
from .steered import steered_card as steered_card
