from .beamforming.recording import talker_audio as talker_audio
from .errors import AnydoaError as AnydoaError
from .errors import ArrayFileError as ArrayFileError
from .errors import AudioError as AudioError
from .errors import CheckpointError as CheckpointError
from .errors import ConfigError as ConfigError
from .errors import GeometryError as GeometryError
from .errors import MissingExtraError as MissingExtraError
from .errors import ShapeError as ShapeError
from .estimators.catalogue import load as load
from .geometry.array import MicrophoneArray as MicrophoneArray
from .geometry.grid import DirectionGrid as DirectionGrid
from .io.array_file import list_presets as list_presets
from .io.array_file import load_array as load_array
from .io.grid_file import load_grid as load_grid
from .io.results import LocalizationResult as LocalizationResult
from .io.results import Source as Source
from .localizer.localizer import Localizer as Localizer
from .localizer.localizer import locate as locate
from .spectrum import SpatialSpectrum as SpatialSpectrum
from .spectrum import SpectrumEstimator as SpectrumEstimator

__version__: str
