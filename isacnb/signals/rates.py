r"""Rates of a receiver that knows its channel in part, and of one whose transmitter knows the interference."""

from ..numbers.door import public
from ..numbers.generic import Quantity, arithmetic
from ..numbers.index import implements

__all__ = ["rate_dirty_paper", "sinr_imperfect_knowledge"]


@public("[0, inf]")
@implements("foundation.rate-imperfect-knowledge", "right", r"\Gamma")
def sinr_imperfect_knowledge(
    symbol_power: Quantity,
    mean_gain: Quantity,
    gain_variance: Quantity,
    disturbance_power: Quantity,
) -> Quantity:
    r"""Signal over disturbance for a receiver that knows the mean of its channel gain.

    .. math:: \Gamma=\frac{P|\bar g|^2}{P\operatorname{Var}g+E|v|^2}

    Parameters
    ----------
    symbol_power : P > 0, mean power of the Gaussian symbols
    mean_gain : mean of the gain, given what the receiver knows; complex
    gain_variance : its variance, >= 0, given the same
    disturbance_power : power of interference and noise, > 0, of mean 0 given symbol, gain and knowledge

    :math:`\log_2(1+\Gamma)`, averaged over what the receiver knows, is a lower bound of the mutual
    information. Arrays broadcast, symbols pass.

    Claim: foundation.rate-imperfect-knowledge.

    >>> float(sinr_imperfect_knowledge(2.0, 1j, 0.25, 0.5))
    2.0
    """
    return abs(mean_gain) ** 2 / (gain_variance + disturbance_power / symbol_power)


@public
@implements("foundation.dirty-paper", "right", "R")
def rate_dirty_paper(
    symbol_power: Quantity,
    known_interference: Quantity,
    noise_power: Quantity,
    interference_share: Quantity,
) -> Quantity:
    r"""Rate of a code against interference that its transmitter knows, in bits a use.

    .. math:: \log_2\frac{P(P+Q+N_0)}{PQ(1-\alpha)^2+N_0(P+\alpha^2Q)}

    Parameters
    ----------
    symbol_power : P > 0
    known_interference : Q >= 0, power of the interference at the receiver
    noise_power : N_0 > 0
    interference_share : alpha in [0, 1], of the interference in the auxiliary variable; the best is P/(P + N_0), with
        the rate :math:`\log_2(1+P/N_0)`. At 0 the interference is noise; below 0 a rate is none.

    Arrays broadcast, symbols pass.

    Claim: foundation.dirty-paper.

    >>> round(float(rate_dirty_paper(3.0, 50.0, 1.0, 0.75)), 12)
    2.0
    """
    q, n, alpha = known_interference / symbol_power, noise_power / symbol_power, interference_share
    ns = arithmetic(q, n, alpha)
    ratio = (1 + q + n) / (q * (1 - alpha) ** 2 + n * (1 + alpha**2 * q))
    return ns.log(ratio) / ns.log(2)
