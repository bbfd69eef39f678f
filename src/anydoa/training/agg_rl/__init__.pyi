from .batches import AudioBatch as AudioBatch
from .batches import ClipShape as ClipShape
from .estimator import TorchEstimator as TorchEstimator
from .loss import AggRlLoss as AggRlLoss
from .targets import BatchAmbiguity as BatchAmbiguity
from .targets import GridOptions as GridOptions
from .targets import GridSampler as GridSampler
