"""The directions that are looked at where nobody says which.

It stands apart because commands name it in their help, and those that only print that start sooner.
"""

DEFAULT_GRID = "fibonacci:2048"
