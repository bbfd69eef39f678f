"""The type checker that guards shapes and types while the suite runs; production code pays nothing."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is welcome where a float is asked for
