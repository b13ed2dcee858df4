"""Special functions of the field, accurate in both tails, and their certified counterparts."""

from ..numbers.rooms import shown

__all__, __getattr__, __dir__ = shown(__name__, __path__)
