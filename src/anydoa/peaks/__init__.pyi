from .finder import Peak as Peak
from .finder import PeakFinder as PeakFinder
from .finder import find_peaks as find_peaks
from .frames import Frame as Frame
from .frames import FrameReader as FrameReader
from .published import pick_peaks as pick_peaks
