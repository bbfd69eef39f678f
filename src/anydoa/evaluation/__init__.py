"""Suites, and tables of estimators on them."""
