"""Estimators that follow from physics alone."""
