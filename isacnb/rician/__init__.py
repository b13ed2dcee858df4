"""The rician paper: outage of a random ISAC downlink over Rician channels (arXiv:2607.00912)."""

from ..numbers.rooms import shown

__all__, __getattr__, __dir__ = shown(__name__, __path__)
