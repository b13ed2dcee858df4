"""The rician paper: outage of a random ISAC downlink over Rician channels (arXiv:2607.00912)."""
