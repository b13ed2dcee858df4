"""The coupling paper: channel coupling effects between communication and sensing (SCIS 2025)."""
