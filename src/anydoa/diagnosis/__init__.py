"""What is wrong with a microphone array, read off a recording of somebody who talks."""
