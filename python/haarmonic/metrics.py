"""Scores of regressions and classifiers."""

from haarmonic._haarmonic import accuracy, calibration, centred_one_hot, class_probabilities, confusion, score

__all__ = ["accuracy", "calibration", "centred_one_hot", "class_probabilities", "confusion", "score"]
