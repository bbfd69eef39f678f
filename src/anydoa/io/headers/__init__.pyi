from .encoding import decode_samples as decode_samples
from .encoding import sample_bytes as sample_bytes
from .uncompressed import ChunkLayout as ChunkLayout
from .uncompressed import HeaderIncompleteError as HeaderIncompleteError
from .uncompressed import SoundHeader as SoundHeader
from .uncompressed import parse_header as parse_header
