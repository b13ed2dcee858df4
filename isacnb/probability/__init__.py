"""Poisson networks, Gaussian vectors, estimators with their errors, rare events."""

from ..numbers.rooms import shown

__all__, __getattr__, __dir__ = shown(__name__, __path__)
