"""Numbers that more than one floor of the package relies on."""

SPEED_OF_SOUND = 343.0  # m/s, dry air at 20 degrees Celsius
SAMPLE_RATE = 16_000  # Hz, at which every estimator listens unless told otherwise
MIN_SAMPLE_RATE = 8_000  # Hz; below it too little of the speech band is left

MIN_SEPARATION_DEG = 10.0  # of two sources, unless told otherwise; as published (Baek et al. 2026)

MIN_MICROPHONES = 2
MAX_MICROPHONES = 128
MIN_SPAN = 0.005  # m between the two farthest microphones; less looks like a wrong unit
MAX_SPAN = 5.0  # m; more looks like millimetres given as metres
MIN_SPACING = 1e-4  # m; microphones closer than this are the same microphone typed twice
