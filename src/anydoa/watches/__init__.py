"""What is wrong with a sound before anybody asks where it comes from; a line each, said once."""

from anydoa.watches.recording_watch import RecordingWatch as RecordingWatch
