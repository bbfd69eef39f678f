from .config import ScoreData as ScoreData
from .config import ScoreTraining as ScoreTraining
