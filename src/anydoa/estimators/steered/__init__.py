"""The default estimator: plane waves by physics, weighted by a learned mask."""
