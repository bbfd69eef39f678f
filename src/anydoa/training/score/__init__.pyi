from .batches import ScoreBatch as ScoreBatch
from .config import ScoreData as ScoreData
from .config import ScoreTraining as ScoreTraining
from .talkers import FoundTalkers as FoundTalkers
from .talkers import TalkerFinder as TalkerFinder
from .talkers import find_talkers as find_talkers
