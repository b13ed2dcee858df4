"""Arithmetic on floats, arrays, symbols, multiprecision numbers and balls; checks; units; claims and code."""

from .rooms import shown

__all__, __getattr__, __dir__ = shown(__name__, __path__)
