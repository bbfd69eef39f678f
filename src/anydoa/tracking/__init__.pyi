from .options import TrackerOptions as TrackerOptions
from .spans import SpanTracker as SpanTracker
from .spans import heard_s as heard_s
from .track import Track as Track
from .tracker import Tracker as Tracker
