"""Talkers with identities, from the peaks of frames."""

from anydoa.tracking.options import TrackerOptions as TrackerOptions
from anydoa.tracking.track import Track as Track
from anydoa.tracking.tracker import Tracker as Tracker
