"""Arrays, detection, estimation, Fisher information."""

from ..numbers.rooms import shown

__all__, __getattr__, __dir__ = shown(__name__, __path__)
