from .notice import Notice as Notice
from .recording_watch import RecordingWatch as RecordingWatch
