"""`python -m anydoa` is `anydoa`."""

import sys

from anydoa.cli import main

sys.exit(main())
