from . import feeds as feeds
from .feed import AudioFeed as AudioFeed
from .listener import LiveResult as LiveResult
from .odas import OdasOutput as OdasOutput
from .outputs import ResultFile as ResultFile
from .pipeline import LivePipeline as LivePipeline
from .sound_cards import SoundCard as SoundCard
from .sound_cards import list_cards as list_cards
