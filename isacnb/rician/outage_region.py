"""The region of outages that beams can reach which adapt to every realisation.

In a realisation the user may be out of reach of every beam, the target may be, or each can be
served alone but not both together. The boundary follows from the probabilities of these three.
"""

import numpy as np

from ..numbers.door import public
from ..numbers.generic import Quantity
from ..numbers.index import implements

__all__ = [
    "pareto_boundary",
]


@public("[0, inf]")
@implements("rician.pareto-by-crb", "right")
def pareto_boundary(
    outage_communication: Quantity,
    communication_impossible: Quantity,
    sensing_impossible: Quantity,
    conflict: Quantity,
) -> np.ndarray | float:
    r"""Least sensing outage y at a communication outage x, thresholds fixed: the Pareto boundary.

    .. math:: \big\{(x,y):\ x\ge\Pr\bar C,\ y\ge\Pr\bar S,\ x+y\ge\Pr\bar C+\Pr\bar S+\Pr D\big\}

    In the realisations of D one of the two is chosen, and in those where only one is possible that
    one, so that a beam exists for every point of the segment.

    Parameters
    ----------
    outage_communication : x in [0, 1]
    communication_impossible : :math:`\Pr\bar C`, no beam of the power serves the user
    sensing_impossible : :math:`\Pr\bar S`, no beam of the power senses the target
    conflict : :math:`\Pr D`, a beam for each but none for both

    Arrays broadcast; infinite for :math:`x<\Pr\bar C`. Raises ``ValueError`` for :math:`\Pr D` above
    :math:`1-\max(\Pr\bar C,\Pr\bar S)`.

    Claim: rician.pareto-by-crb.

    >>> [round(float(pareto_boundary(x, 0.1, 0.2, 0.3)), 12) for x in (0.0, 0.1, 0.25, 0.4, 0.9)]
    [inf, 0.5, 0.35, 0.2, 0.2]
    """
    x, no_user, no_target = outage_communication, communication_impossible, sensing_impossible
    if np.any(conflict > 1 - np.maximum(no_user, no_target) + 1e-12):
        raise ValueError(
            "conflict must be in [0, 1 - max(communication_impossible, sensing_impossible)], got "
            f"{conflict}"
        )
    least = no_target + np.clip(no_user + conflict - x, 0, None)
    return np.where(x >= no_user, least, np.inf)[()]
