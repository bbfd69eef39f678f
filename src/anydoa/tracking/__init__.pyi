from .options import TrackerOptions as TrackerOptions
from .talkers import TalkerTracker as TalkerTracker
from .track import Track as Track
from .tracker import Tracker as Tracker
