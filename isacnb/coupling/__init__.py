"""The coupling paper: channel coupling effects between communication and sensing (SCIS 2025)."""

from ..numbers.rooms import shown

__all__, __getattr__, __dir__ = shown(__name__, __path__)
