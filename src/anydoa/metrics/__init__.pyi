from . import detection as detection
from . import localization as localization
from . import tracking as tracking
