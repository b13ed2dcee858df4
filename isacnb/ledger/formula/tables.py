"""From the vocabulary to what a formula needs: names, kinds, domains, and known functions."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import mpmath
import numpy as np
import scipy.special
from scipy.stats import chi2, ncx2, norm, poisson

from ...coupling.uplink_modulus import lost_dimension
from ...probability.poisson import ratio_cdf, ratio_pdf
from ...special.genchi2 import GenChi2
from ...special.marcum import marcum_p, marcum_q
from ...vocabulary import Domain, Symbol, meanings, parse_domain, symbol_of, vocabulary
from .nodes import Node, Symbols
from .points import Quantity
from .reader import canonical, read
from .tokens import FormulaError

__all__ = ["Own", "Table", "first_of", "parse_own", "table_for"]


def first_of(kind: str) -> int:
    """The number of the first member of a family, as both papers count."""
    return 0 if kind == "antenna" else 1


@dataclass(frozen=True)
class Own:
    """A letter that one claim or chapter adds: its meaning, and a domain or a definition.

    With ``name`` it is a quantity of the vocabulary that has another letter here.
    """

    letter: str
    meaning: str = ""
    domain: str | None = None
    definition: str | None = None
    name: str | None = None


_OWN = re.compile(
    r"\$(?P<letter>[^$=]+?)\s*(?:=(?P<definition>[^$]+))?\$\s*"
    r"(?:in (?P<domain>[^:]+?)|is (?P<name>\w+))?\s*(?::\s*(?P<meaning>.+))?",
    re.DOTALL,
)


def parse_own(line: str) -> Own:
    r"""Read a line that says what a letter means.

    ``$x$ in (0, inf): meaning`` is a number to be drawn (``in (0, inf) for each user``: a family),
    ``$c = \frac{u}{u+x}$: meaning`` a definition, ``$\rho$ is data_share`` a quantity of the
    vocabulary, ``$F$: meaning`` the name of what a formula defines.

    >>> parse_own("$c = 1 - x$: what is left").definition
    '1 - x'
    """
    match = _OWN.fullmatch(line.strip())
    if match is None:
        raise FormulaError(
            f"a letter of one's own is written '$x$ in (0, inf): meaning' or '$x = ...$: meaning', "
            f"got '{line}'"
        )
    found = match.groupdict()
    definition = found["definition"].strip() if found["definition"] else None
    if not found["meaning"] and not found["name"]:
        raise FormulaError(f"the letter in '{line}' needs its meaning behind a colon")
    meaning = (found["meaning"] or "").strip()
    return Own(found["letter"].strip(), meaning, found["domain"], definition, found["name"])


@dataclass
class Table:
    """The symbols of one formula: letters, domains, definitions, functions."""

    symbols: Symbols
    domains: dict[str, Quantity]
    meanings: dict[str, str]
    units: dict[str, str]
    defined: dict[str, Node] = field(default_factory=dict)
    functions: Mapping[str, Callable] = field(default_factory=dict)
    #: names of the letters that the claim or chapter adds
    own: set[str] = field(default_factory=set)

    def name_of(self, letter: str) -> str:
        key = canonical(letter)
        if key in self.symbols.letters:
            return self.symbols.letters[key]
        if _key(letter, True) in self.symbols.letters:
            return self.symbols.letters[_key(letter, True)]
        raise FormulaError(f"unknown symbol {letter}")

    def resolve(self, parameter: str, where: str = "") -> str:
        """The quantity behind a parameter of a function, or the parameter itself."""
        if parameter in self.own:
            return parameter
        symbol = symbol_of(parameter, where)
        return parameter if symbol is None else symbol.name

    def family_of(self, name: str) -> str | None:
        quantity = self.domains.get(name)
        return quantity.family if quantity else None

    def needs(self, function: str) -> tuple[str, ...]:
        return NEEDS.get(function, ())

    def quantity(self, name: str) -> Quantity:
        if name not in self.domains:
            raise FormulaError(
                f"{name} is wanted, but the vocabulary gives it no domain from which to draw"
            )
        return self.domains[name]


def _as_quantity(name: str, domain: Domain, symbol: Symbol | None, family) -> Quantity | None:
    shapes = {"real": "scalar", "integer": "integer", "complex": "complex"}
    shape = shapes.get(domain.kind, domain.kind)
    if shape not in {"scalar", "integer", "complex", "vector", "matrix"}:
        return None
    return Quantity(
        name,
        shape,
        domain.low,
        domain.high,
        domain.open_low,
        domain.open_high,
        symbol.typical if symbol else None,
        symbol.special if symbol else (),
        family,
    )


def table_for(paper: str, own: Iterable[Own] = ()) -> Table:
    """Letters of one paper (and ours) with those that a claim adds; its own come first.

    A letter that has several meanings in the paper is left out until a line ``$x$ is name`` of the
    claim chooses one of them.
    """
    table = Table(Symbols(), {}, {}, {}, functions=FUNCTIONS)
    for symbol in vocabulary().symbols.values():
        _add_symbol(table, symbol)
    for letter, known in meanings(paper).items():
        if len(known) == 1:
            table.symbols.letters[_key(letter, known[0].is_family(letter))] = known[0].name
        else:
            table.symbols.undecided.add(canonical(letter))
    definitions = []
    for entry in own:
        if entry.name is not None:
            symbol = symbol_of(entry.name)
            if symbol is None:
                raise FormulaError(f"{entry.name} is no quantity of the vocabulary")
            family = symbol.index is not None and bool(_MEMBER.fullmatch(canonical(entry.letter)))
            table.symbols.undecided.discard(canonical(entry.letter))
            table.symbols.letters[_key(entry.letter, family)] = symbol.name
            continue
        name = _own_name(entry.letter)
        if name in table.own:
            raise FormulaError(f"{entry.letter} and another letter of one's own are both {name}")
        # a quantity of the vocabulary that has this name is not meant, whatever its letters
        letters = table.symbols.letters
        table.symbols.letters = {key: known for key, known in letters.items() if known != name}
        table.domains.pop(name, None)
        domain, _, family = (entry.domain or "").partition(" for each ")
        table.symbols.letters[_key(entry.letter, bool(family))] = name
        table.meanings[name], table.units[name] = entry.meaning, ""
        table.symbols.kinds[name] = "scalar"
        table.own.add(name)
        if domain:
            parsed = parse_domain(domain)
            quantity = _as_quantity(name, parsed, None, family or None)
            if quantity is None:
                raise FormulaError(f"the domain '{entry.domain}' of {entry.letter} draws no points")
            table.domains[name] = quantity
            if parsed.kind in {"vector", "matrix"}:
                table.symbols.kinds[name] = parsed.kind
        elif entry.definition:
            definitions.append((name, entry))
    for name, entry in definitions:
        (clause,) = read(entry.definition, table.symbols).clauses
        table.defined[name] = clause.args[-1]
    return table


def _add_symbol(table: Table, symbol: Symbol) -> None:
    kind = "function" if symbol.function else symbol.domain.kind
    table.symbols.kinds[symbol.name] = (
        kind if kind in {"vector", "matrix", "function"} else "scalar"
    )
    if symbol.function:
        table.symbols.arguments[symbol.name] = symbol.arguments
    table.meanings[symbol.name], table.units[symbol.name] = symbol.meaning, symbol.unit
    quantity = _as_quantity(symbol.name, symbol.domain, symbol, symbol.index)
    if quantity is not None:
        table.domains[symbol.name] = quantity


_MEMBER = re.compile(r"(.*_\{(?:.*,)?)([^,{}]+)(\}.*)")


def _key(letter: str, family: bool) -> str:
    """The letter's key, with # in place of the index of a family."""
    key = canonical(letter)
    match = _MEMBER.fullmatch(key)
    return f"{match[1]}#{match[3]}" if family and match else key


def _own_name(letter: str) -> str:
    """A name of the letter itself that can be a keyword: epsilon_u, x, phi_bar."""
    text = re.sub(r"\\(?:mathrm|boldsymbol|mathbf|mathcal|operatorname)", "", letter)
    text = text.replace("'", "_prime").replace("-", "_minus_")
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")


# --- functions that letters stand for -----------------------------------------------------------
# From other libraries where there are any, so that both sides of a comparison share little.


def _ula(centred: bool, count: str = "N"):
    def vector(env, angle):
        n = np.arange(int(env[count])) - (int(env[count]) - 1) / 2 * centred
        return np.exp(1j * np.pi * n * np.sin(angle))[:, None]

    return vector


def _ula_derivative(centred: bool, count: str = "N"):
    def vector(env, angle):
        n = np.arange(int(env[count])) - (int(env[count]) - 1) / 2 * centred
        phase = np.exp(1j * np.pi * n * np.sin(angle))
        return (1j * np.pi * n * np.cos(angle) * phase)[:, None]

    return vector


def _ula_entry(env, n, angle):
    return np.exp(1j * np.pi * (n - (int(env["N"]) - 1) / 2) * np.sin(angle))


# a formula and its mutants ask for the same values again and again
_cached_marcum_q, _cached_marcum_p = map(lru_cache(maxsize=1 << 16), (marcum_q, marcum_p))


def _marcum(function, exchanged):
    """Marcum's functions of this package: scipy's law has no lower tail.

    ``exchanged`` serves orders below 1: Q_j(a, b) = P_(1-j)(b, a), a race of two counts.
    """

    def value(env, order, a, b):
        if not (a >= 0 and b >= 0):
            return np.nan
        a, b = float(a), float(b)
        return function(int(order), a, b) if order >= 1 else exchanged(int(1 - order), b, a)

    return value


def _noncentral_chi2_cdf(env, x):
    noncentrality = env["noncentrality_target_beam"]
    return ncx2.cdf(x, 2, noncentrality) if noncentrality else -np.expm1(-x / 2)


def _projection_norm_pdf(env, t, z):
    """Complex Gaussian projection, and the rest of the norm, scaled a noncentral chi-square."""
    K, S, N = env["rician_factor"], env["array_sum"], env["N"]
    scale, turn = K + 1, np.exp(1j * (env["target_phase"] - env["user_phase"]))
    projection = (
        scale / (np.pi * N) * np.exp(-scale * abs(t - np.sqrt(K / scale) * S * turn) ** 2 / N)
    )
    noncentrality, degrees = max(2 * K * (N - S**2 / N), 0.0), 2 * N - 2
    rest = 2 * scale * (z - abs(t) ** 2 / N)
    law = ncx2.pdf(rest, degrees, noncentrality) if noncentrality else chi2.pdf(rest, degrees)
    return projection * 2 * scale * law


def _noncentral_chi2_pdf(env, x, noncentrality):
    if not (x >= 0 and noncentrality >= 0):
        return np.nan
    a, b = np.sqrt(noncentrality), np.sqrt(x)
    return np.exp(-((a - b) ** 2) / 2) * scipy.special.ive(0, a * b) / 2


_cached_ratio_cdf = lru_cache(maxsize=4096)(ratio_cdf)


def _ratio_cdf(env, z):
    if np.isnan(z) or z < 0:
        return np.nan
    return _cached_ratio_cdf(float(z), int(env["K"]), env["user_density"], env["target_density"])


def _ratio_pdf(env, z):
    return ratio_pdf(z, int(env["K"]), env["user_density"], env["target_density"])


def _inverse_mean(env, order, mean):
    """Mean of 1/(order + J) for a Poisson variable J, summed over its values."""
    count = np.arange(mean + 12 * np.sqrt(mean) + 60)
    return poisson.pmf(count, mean) @ (1 / (order + count))


# scipy's hyperu is wrong by 1e-8 at some arguments
@lru_cache(maxsize=4096)
def _tricomi_u(a, b, x):
    if not (x > 0 and np.isfinite([a, b, x]).all()):
        return np.nan
    try:
        return float(mpmath.hyperu(float(a), float(b), float(x)))
    except (TypeError, ValueError, ZeroDivisionError, mpmath.libmp.NoConvergence):
        return np.nan  # complex, or at a pole


def _tricomi_integral(env, order, w):
    log_factor = scipy.special.gammaln(order) - order * np.log(2)
    return np.exp(log_factor) * _tricomi_u(order / 2, 0.5, w)


def _genchi2_cumulant_function(env, t):
    names = ("weights", "dof", "term_noncentrality", "normal_std", "offset")
    try:
        return GenChi2(*(env[name] for name in names)).cumulant_function(t)
    except ValueError:  # outside the strip in which it exists
        return np.nan


def _monostatic(env, angle):
    a = _ula(False)(env, angle)
    return a @ a.conj().T


def _monostatic_derivative(env, angle):
    a, slope = _ula(False)(env, angle), _ula_derivative(False)(env, angle)
    return slope @ a.conj().T + a @ slope.conj().T


def _bessel_i(order, x):
    """Where it leaves what floats hold, the greatest float: a factor that vanishes must win there."""
    return np.minimum(scipy.special.iv(order, x), np.finfo(float).max)


FUNCTIONS: dict[str, Callable] = {
    "cumulant_function": _genchi2_cumulant_function,
    "inverse_mean": _inverse_mean,
    "marcum_q": _marcum(_cached_marcum_q, _cached_marcum_p),
    "marcum_p": _marcum(_cached_marcum_p, _cached_marcum_q),
    "ratio_cdf": _ratio_cdf,
    "ratio_pdf": _ratio_pdf,
    "lost_dimension": lambda env, snr: lost_dimension(snr),
    "expn": lambda env, order, x: scipy.special.expn(int(order), x),
    "gamma": lambda env, x: scipy.special.gamma(x),
    "tricomi_u": lambda env, a, b, x: _tricomi_u(a, b, x),
    "tricomi_integral": _tricomi_integral,
    "hyp1f1": lambda env, a, b, x: scipy.special.hyp1f1(a, b, x),
    "bessel_i": lambda env, order, x: _bessel_i(order, x),
    "noncentral_chi2_cdf": _noncentral_chi2_cdf,
    "noncentral_chi2_pdf": _noncentral_chi2_pdf,
    "projection_norm_pdf": _projection_norm_pdf,
    "elliptic_k": lambda env, m: scipy.special.ellipk(m),
    "normal_cdf": lambda env, x: norm.cdf(x),
    "normal_quantile": lambda env, p: norm.ppf(p),
    "steering_vector": _ula(False),
    "steering_derivative": _ula_derivative(False),
    "steering_vector_centred": _ula(True),
    "steering_derivative_centred": _ula_derivative(True),
    "steering_entry": _ula_entry,
    "receive_steering_vector": _ula(True, "M"),
    "receive_steering_derivative": _ula_derivative(True, "M"),
    "monostatic_response": _monostatic,
    "monostatic_derivative": _monostatic_derivative,
}

#: function -> the quantities that it takes besides its arguments
NEEDS = {
    "cumulant_function": ("weights", "dof", "term_noncentrality", "normal_std", "offset"),
    "ratio_cdf": ("K", "user_density", "target_density"),
    "ratio_pdf": ("K", "user_density", "target_density"),
    "noncentral_chi2_cdf": ("noncentrality_target_beam",),
    "projection_norm_pdf": ("rician_factor", "array_sum", "N", "user_phase", "target_phase"),
    "steering_vector": ("N",),
    "steering_derivative": ("N",),
    "steering_vector_centred": ("N",),
    "steering_derivative_centred": ("N",),
    "steering_entry": ("N",),
    "receive_steering_vector": ("M",),
    "receive_steering_derivative": ("M",),
    "monostatic_response": ("N",),
    "monostatic_derivative": ("N",),
}
