"""How exact and how fast: this package against scipy, mpmath, gx2 and the formulas one types.

``python -m benchmarks`` (or ``make bench``) measures everything in one process on one thread and
writes ``benchmarks/results.json``; it takes about two minutes. Errors are taken against certified
balls and can be reproduced to the digit. Times belong to the machine, so they are given as ratios
to the peer in the same run as well.

Two peers are no dependency of the package: ``pip install gx2 momentchi2`` includes them, otherwise
their figures are left out and the file says so.
"""
