"""The vocabulary agrees with itself, with the code, with the claims and with the book's page."""

import re
from argparse import Namespace
from pathlib import Path

import pytest

from isacnb.ledger import cli
from isacnb.ledger.formula import canonical as canonical_of_reader
from isacnb.ledger.formula import parse_own
from isacnb.ledger.record import to_json
from isacnb.ledger.records import read_ledger
from isacnb.ledger.registry import registry
from isacnb.ledger.tex import layout_free_tokens, math_spans
from isacnb.vocabulary import (
    COLUMNS,
    VocabularyError,
    canonical,
    evaluate_expression,
    letters,
    meanings,
    names_in_code,
    notation_page,
    parse_domain,
    parse_vocabulary,
    public_parameters,
    symbol_of,
    vocabulary,
)

ROOT = Path(__file__).resolve().parents[1]
SYMBOLS = vocabulary().symbols

#: parameters that are no quantities of a formula, with what they are; ``module.function.name`` or
#: ``module.name`` where the same name is a quantity elsewhere
NO_QUANTITIES = {
    "start": "end of a path of integration",
    "special.certified.integral.absolute": "accuracy",
    "stop": "end of a path of integration",
    "ball": "number with its radius",
    "digits": "accuracy",
    "rtol": "accuracy",
    "signals.fisher.scale": "step of a difference quotient",
    "rng": "source of random numbers",
    "seed": "source of random numbers",
    "size": "number of draws",
    "n": "number of draws",
    "batch": "number of draws at once",
    "batches": "number of batches of draws",
    "probability.estimators.block": "number of draws at once",
    "coupling.uplink_system.block": "number of draws at once",
    "coupling.uplink_reflection.error": "which mean squared error is meant",
    "probability.estimators.points": "number of points of a net",
    "probability.rare.points": "number of points of a net",
    "nets": "number of nets of points",
    "dimension": "number of coordinates of a net",
    "count": "number of items to be made or nodes of a rule",
    "degree": "degree of an interpolation",
    "nodes": "nodes of a rule",
    "shape": "shape of an array",
    "executor": "where a computation runs",
    "progress": "whether progress is shown",
    "sampler": "function that draws",
    "function": "function to be averaged",
    "integrand": "function to be integrated",
    "law": "law as an object",
    "angles": "law of the angles as an object",
    "energies": "energies of a pair as one object",
    "parameters": "all settings as one object",
    "parts": "three traces as one object",
    "powers": "powers of a channel as one object",
    "link": "one pair or the link as one object",
    "links": "all pairs as a list of objects",
    "arrays": "both arrays as one object",
    "beam": "weights and phases of a beam as one object",
    "beamformer": "function that makes beams",
    "coupling.downlink_system.precoder": "function that makes beams",
    "estimator": "choice of the estimator",
    "detector": "choice of the detector",
    "normalisation": "choice of the norm of an error",
    "reflection_law": "choice of the law of a reflection",
    "training": "choice of what the estimator sees",
    "transmission": "one downlink transmission as one object",
    "target_index": "number of a target in a list",
    "user": "statistics of one user's channel as one object",
    "other": "statistics of another user's channel as one object",
    "users": "statistics of all users as one object",
    "moments": "moments of channels and beams as one object",
    "wanted": "which parameters are wanted",
    "centred": "switch: phase reference",
    "cross_echoes": "switch: echoes of other targets",
    "dirty_paper": "switch: dirty paper coding",
    "full_pilots": "switch: whole matrix of pilots",
    "root_lost": "switch: a printed error",
    "square_of_antennas": "switch: a printed error",
    "target_present": "switch: hypothesis",
}


# --- letters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (r"\boldsymbol{h}_k", r"\mathbf h_k", True),
        (r"\boldsymbol h_k", r"h_k", False),
        (r"\epsilon_{u}^{\mathrm{C}}", r"\epsilon_u^C", True),
        (r"\bar{\epsilon}_u^S", r"\bar\epsilon_u^S", True),
        (r"\bar\epsilon_u^S", r"\epsilon_u^S", False),
        (r"P_{U, k}", r"P_{U,k}", True),
        (r"P_{U,k}", r"P_{T,k}", False),
        (r"\widehat\varpi_k", r"\hat{\varpi}_{k}", True),
        (r"\mathcal U", r"U", False),
        (r"\Delta s", r"\Delta{s}", True),
        (r"T'", r"T", False),
        (r"\Pi^l_{AA}", r"\Pi_{AA}^l", True),
        (r"P_{\mathrm{out,com}}", r"P_{\mathrm{out}, \mathrm{com}}", True),
    ],
)
def test_canonical_letters(one, other, same):
    assert (canonical(one) == canonical(other)) is same


def test_canonical_letters_are_those_of_the_reader():
    """What the reader of formulas takes for one letter is one here, and the other way round."""
    written = {
        letter
        for symbol in SYMBOLS.values()
        for column in COLUMNS
        for letter in symbol.letters(column)
    }
    assert len(written) > 350
    partition = {}
    for letter in written:
        partition.setdefault(canonical(letter), set()).add(canonical_of_reader(letter))
    assert all(len(keys) == 1 for keys in partition.values())
    assert len(set.union(*partition.values())) == len(partition)


def test_a_letter_of_several_meanings_has_to_be_chosen():
    assert r"\boldsymbol A" not in letters("coupling")
    chosen = letters("coupling", {r"\boldsymbol{A}": "response_matrix"})
    assert chosen[r"\boldsymbol{A}"].name == "response_matrix"
    assert letters("coupling")[r"\rho"].name == "data_share"
    assert letters("coupling", {r"\rho": "nmse"})[r"\rho"].name == "nmse"
    assert [symbol.name for symbol in meanings("beyond")["K"]] == ["K", "rician_factor"]
    with pytest.raises(VocabularyError, match=r"among response_matrix.*got 'K'"):
        letters("coupling", {r"\boldsymbol A": "K"})
    with pytest.raises(VocabularyError, match="among nothing"):
        letters("coupling", {r"\heartsuit": "K"})
    with pytest.raises(ValueError, match="paper must be one of coupling, rician"):
        letters("ours")


def test_the_papers_meanings_differ_where_they_do():
    ours, theirs = letters("coupling"), letters("rician")
    assert (ours["K"].name, theirs["K"].name) == ("K", "rician_factor")
    assert (ours[r"\alpha"].name, theirs[r"\alpha"].name) == ("path_loss_exponent", "reflection")


def test_families():
    assert SYMBOLS["scattered_gain"].is_family(r"\mu_k")
    assert not SYMBOLS["scattered_gain"].is_family(r"\mu")
    assert SYMBOLS["user_power"].is_family("P_{U,k}")
    assert not SYMBOLS["user_power"].is_family("P_U")
    assert not SYMBOLS["los_amplitude"].is_family(r"\eta_1")
    assert SYMBOLS["marcum_q"].is_family("Q_1")


# --- letters of the claims ----------------------------------------------------------------------

_ACCENTS = {r"\bar", r"\hat", r"\widehat", r"\tilde", r"\widetilde", r"\breve", r"\dot"}
_FONTS = {r"\boldsymbol", r"\mathcal", r"\mathbb"}
_GREEK = set(
    re.findall(
        r"\\\w+",
        r"\alpha\beta\gamma\delta\epsilon\varepsilon\zeta\eta\theta\vartheta\iota\kappa\lambda\mu"
        r"\nu\xi\varpi\rho\varrho\sigma\varsigma\tau\upsilon\phi\varphi\chi\psi\omega\ell\Gamma"
        r"\Delta\Theta\Lambda\Xi\Pi\Sigma\Upsilon\Phi\Psi\Omega",
    )
)
#: operations, constants, words, and indices that only sums bind
_NO_LETTERS = {
    *(r"\mathbb E", r"\mathbb P", r"\mathbb C", r"\mathbb R", r"\mathcal{CN}", r"\mathcal N"),
    *("E", "O", "O_p", "o", r"\mathcal O", r"\Theta", "d", "e", "i", "j", "g", "k'", "H"),
    "Q",  # in the words "Marcum's Q"
}


def _group(tokens, at):
    """Text of the argument at ``at``, and where it ends."""
    if tokens[at] in _ACCENTS | _FONTS:
        inner, end = _group(tokens, at + 1)
        return f"{tokens[at]}{{{inner}}}", end
    if tokens[at] != "{":
        return tokens[at], at + 1
    depth, end = 0, at
    while True:
        depth += (tokens[end] == "{") - (tokens[end] == "}")
        end += 1
        if depth == 0:
            return " ".join(tokens[at + 1 : end - 1]), end


def letters_in(tex):
    """All letters of a formula as (base, subscript, superscript)."""
    tex = re.sub(r"\\(?:text|mbox)\s*\{[^{}]*\}", " ", tex.replace("{}_1F_1", r"\hypergeometric"))
    tokens = layout_free_tokens(tex)
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token in (r"\overset", r"\stackrel", r"\xrightarrow"):
            at = _group(tokens, at + 1)[1]  # a mark above an arrow
            continue
        if not (token in _ACCENTS | _FONTS | _GREEK or re.fullmatch("[A-Za-z]", token)):
            at += 1
            continue
        base, at = _group(tokens, at)
        if base == r"\Delta" and tokens[at : at + 1] == ["s"]:
            base, at = r"\Delta s", at + 1
        scripts = {"_": "", "^": ""}
        while at < len(tokens) and tokens[at] in ("_", "^", "'"):
            if tokens[at] == "'":
                base, at = base + "'", at + 1
            else:
                sign = tokens[at]
                scripts[sign], at = _group(tokens, at + 1)
        yield base, scripts["_"], scripts["^"]


def unknown_letters(tex, known):
    """Letters of a formula that are neither known nor a power of something known."""
    for base, sub, sup in letters_in(tex):
        below = f"_{{{sub}}}" if sub else ""
        head, comma, last = sub.rpartition(",")
        word = re.fullmatch("[A-Za-z]{3,}", last.strip())  # a name, and not an index
        family = below if word else f"_{{{head}{comma}#}}"
        forms = [base + low + up for up in (f"^{{{sup}}}", "") for low in (below, family)]
        if any(canonical(form) in known for form in forms[:2] if sup):
            continue
        if sup not in ("", "H", "T", "*"):
            yield from unknown_letters(sup, known)
        if any(canonical(form) in known for form in forms[2:]):
            continue
        if canonical(base + below) not in _NO_LETTERS and canonical(base) not in _NO_LETTERS:
            yield base + below + (f"^{{{sup}}}" if sup else "")


def known_letters(paper):
    known = set()
    for letter, several in meanings(paper).items():
        for symbol in several:
            known.add(canonical(letter))
            if symbol.is_family(letter):
                known.add(re.sub(r"(_|,)(\w|\\[a-z]+)(?=$|\}|\^)", r"\1#", canonical(letter)))
    return known


def test_every_letter_of_every_claim_is_known():
    rows = {row.id: to_json(row) for row in read_ledger(ROOT).rows}
    formulas = 0
    for claim in registry().values():
        row, known = rows[claim.id], known_letters(claim.paper)
        texts = [claim.statement, *claim.assumptions, row.get("instead") or ""]
        spans = [tex for text in texts for tex in math_spans(text)]
        spans += [row[key] for key in ("printed", "correction") if row.get(key)]
        known |= set(map(canonical, row.get("symbols") or {}))
        known |= {canonical(parse_own(line).letter) for line in claim.symbols or ()}
        for tex in spans:
            formulas += 1
            missing = list(unknown_letters(tex, known))
            assert not missing, f"{claim.id}: list {missing} of {tex!r} in the vocabulary"
    assert formulas > 800


@pytest.mark.parametrize(
    "damaged",
    [r"\varsigma", r"\gamma_{U,k}", r"\breve\epsilon_u^S", r"\boldsymbol Q", r"\mu_q^{-\ell}"],
)
def test_an_unknown_letter_is_found(damaged):
    known = known_letters("coupling")
    tex = r"\epsilon_u^C = 1-\frac{2N}{\bar\epsilon_u^S}\mu_K^2"
    assert not list(unknown_letters(tex, known))
    assert list(unknown_letters(f"{tex}+{damaged}", known))


# --- names --------------------------------------------------------------------------------------


FUNCTIONS = [name for name in public_parameters() if name.rpartition(".")[2].islower()]


def is_no_quantity(parameter, where):
    module = where.rpartition(".")[0]
    return not {parameter, f"{module}.{parameter}", f"{where}.{parameter}"}.isdisjoint(
        NO_QUANTITIES
    )


@pytest.mark.parametrize("where", FUNCTIONS)
def test_every_parameter_is_a_quantity_or_is_said_to_be_none(where):
    for parameter in public_parameters()[where]:
        assert symbol_of(parameter, where) or is_no_quantity(parameter, where), (
            f"{where}: list the parameter {parameter} in isacnb/vocabulary.toml, as a name or an "
            "alias, or among the NO_QUANTITIES of this test"
        )


def test_nothing_is_listed_that_is_not_there():
    """Aliases and exceptions are parameters of today, and no name is both."""
    plain, qualified = set(), set()
    for where, parameters in public_parameters().items():
        module = where.rpartition(".")[0]
        plain |= set(parameters)
        qualified |= {f"{scope}.{name}" for name in parameters for scope in (module, where)}
    aliases = {alias for symbol in SYMBOLS.values() for alias in symbol.aliases}
    assert aliases <= plain | qualified, "mend the vocabulary"
    assert set(NO_QUANTITIES) <= plain | qualified
    assert not set(NO_QUANTITIES) & {name for symbol in SYMBOLS.values() for name in symbol.names}


def test_a_parameter_of_one_module_stays_there():
    assert symbol_of("reflection", "coupling.downlink_angle.echo").name == "reflection"
    assert symbol_of("mean", "signals.detection.required_snr").name == "mean"


# --- domains and expressions --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("(0, inf)", [1e-300, 3], [0, -1, float("inf")]),
        ("[0, 1]", [0, 0.5, 1], [-1e-9, 1.1]),
        ("(-pi/2, pi/2)", [0, 1.57], [-1.5707963267948966, 1.6]),
        ("[0, 2*pi)", [0, 6.28], [6.283185307179586]),
        ("integers [1, inf)", [1, 7.0], [0, 1.5]),
        ("integers (-inf, inf)", [-3, 0], [0.5]),
    ],
)
def test_intervals(text, inside, outside):
    domain = parse_domain(text)
    assert all(value in domain for value in inside)
    assert not any(value in domain for value in outside)


def test_domains_that_are_no_intervals():
    assert parse_domain("vector N").shape == ("N",)
    assert parse_domain("matrix N *").shape == ("N", "*")
    assert parse_domain("vector 3").kind == "vector"
    for text in ("complex", "function", "event", "label"):
        assert parse_domain(text).kind == text
    with pytest.raises(TypeError, match="is no interval"):
        assert 1 in parse_domain("complex")


@pytest.mark.parametrize(
    "text", ["", "reals", "(0, 1", "0, 1", "(1, 0)", "(0, x)", "vector", "matrix N", "vector 0"]
)
def test_domains_that_cannot_be_read(text):
    with pytest.raises(VocabularyError):
        parse_domain(text)


def test_expressions():
    assert evaluate_expression("1/N", {"N": 4}) == 0.25
    assert evaluate_expression("-2*(N - 1)**2", {"N": 4}) == -18
    for text in ("N", "N.real", "f(2)", "'a'", "1 if 2 else 3", "2 +"):
        with pytest.raises(VocabularyError):
            evaluate_expression(text)


def test_special_values_lie_in_the_domain():
    """Those without names do; those with names are for whoever has values for the names."""
    numbers = 0
    for symbol in SYMBOLS.values():
        for text in symbol.special:
            if not re.search("[A-Za-z]", text):
                numbers += 1
                assert evaluate_expression(text) in symbol.domain, f"{symbol.name}: {text}"
    assert numbers > 40


# --- contradictions are found -------------------------------------------------------------------

GOOD = r"""
groups = ["Networks"]

[[symbol]]
name = "N"
meaning = "number of antennas"
unit = "1"
domain = "integers [1, inf)"
group = "Networks"
coupling = ['N']
special = ["1"]

[[symbol]]
name = "share"
aliases = ["poisson.part"]
meaning = "share of the power"
unit = "1"
domain = "[0, 1]"
group = "Networks"
coupling = ['\rho_{U,k}', '\rho']
rician = ['K']
ours = { coupling = ['s'], foundation = ['s'] }
index = "user"
typical = [0.1, 0.9]
special = ["1/N"]

[[symbol]]
name = "law"
meaning = "law of the share"
unit = "1"
domain = "function"
group = "Networks"
rician = ['F']
function = true
arguments = ["share"]
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('special = ["1"]', 'specials = ["1"]', "N: unknown field specials"),
        ('unit = "1"', "", "N: unit must be given"),
        ('name = "N"', 'name = "1N"', "name must be a name of Python, got '1N'"),
        ('name = "N"', 'name = "share"', "share: the name share is already share's"),
        ("poisson.part", "N", "share: the name N is already N's"),
        ('group = "Networks"', 'group = "Nets"', "N: unknown group 'Nets'"),
        ("integers [1, inf)", "integers 1 to inf", "N: domain must be an interval such as"),
        ('"[0, 1]"', '"[1, 0]"', "share: domain must have its lower end first"),
        ('"[0, 1]"', '"complex"', "typical must be a range inside"),
        ("[0.1, 0.9]", "[0.1, 1.9]", "share: typical must be a range inside [0, 1]"),
        ("[0.1, 0.9]", "[0.9, 0.1]", "share: typical must be a range inside [0, 1]"),
        ("1/N", "1/M", "share: special '1/M' names no symbol: M"),
        ("1/N", "1/", "share: special '1/' is no expression"),
        ("1/N", "sin(N)", "'sin(N)' may hold numbers, names, brackets"),
        ('arguments = ["share"]', 'arguments = ["part"]', "law: argument part is no symbol"),
        ('arguments = ["share"]', "", "law: function and arguments go together"),
        ('function = true\narguments = ["share"]', "", "law: a function must say so"),
        ("foundation = ['s']", "beyond = ['s']", "share: ours must be a table of coupling, rician"),
        ("ours = { coupling = ['s'], foundation = ['s'] }", "ours = ['s']", "ours must be a table"),
        ("'F'", "'K'", "share: K stands for share, law (rician paper): say in clash where"),
        ("'N'", "'\\rho'", "N: \\rho stands for N, share (coupling paper)"),
        ('index = "user"', 'clash = "here"', "share: clash is given, but no letter"),
        ("groups =", "order = 1\ngroups =", "unknown table or key: order"),
    ],
)
def test_contradictions(old, new, message):
    parse_vocabulary(GOOD)
    assert old in GOOD
    with pytest.raises(VocabularyError, match=re.escape(message)):
        parse_vocabulary(GOOD.replace(old, new, 1))


def test_a_family_is_one_letter():
    text = GOOD.replace("coupling = ['N']", "coupling = ['\\rho_{U,l}']\nindex = \"user\"")
    with pytest.raises(VocabularyError, match=r"N: .rho_\{U,#\} stands for N, share"):
        parse_vocabulary(text)


def test_a_size_must_be_known():
    text = GOOD.replace('"function"', '"vector M"')
    with pytest.raises(VocabularyError, match="law: size M of the domain is no symbol"):
        parse_vocabulary(text)


def test_a_clash_that_is_told_is_admitted():
    text = GOOD.replace("rician = ['F']", "rician = ['K']\nclash = \"in laws\"")
    text = text.replace("index = ", 'clash = "in beams"\nindex = ')
    assert parse_vocabulary(text).symbols["law"].clash == "in laws"


# --- the page -----------------------------------------------------------------------------------


def test_the_page_of_a_small_vocabulary():
    text = GOOD.replace("rician = ['K']", "rician = ['N']")
    page = notation_page(parse_vocabulary(text), {"share": ("part", "share")})
    assert "| quantity | code | coupling paper | rician paper | here |\n" in page
    assert "| share of the power | `part`, `share` | $\\rho_{U,k}$ | $N$ | $s$ |" in page
    assert "| $N$ | number of antennas | share of the power |" in page
    assert page.endswith("There are none.\n")


def test_the_page_is_current():
    page = notation_page(vocabulary(), names_in_code())
    assert (ROOT / "book" / "notation.md").read_text("utf-8") == page, "run isacnb notation"


def test_the_page_tells_the_letters_that_change():
    page = notation_page(vocabulary(), names_in_code())
    assert "| $K$ | number of users served" in page
    assert r"| $\alpha$ | path-loss exponent | reflection coefficient" in page
    assert "signal-to-noise ratio of the matched filter (ours" in page
    assert "from the centre" in page


def test_the_command_writes_and_checks_the_page(tmp_path, capsys):
    (tmp_path / "book").mkdir()
    path = tmp_path / "book" / "notation.md"

    def run(check):
        return cli._notation(Namespace(check=check), tmp_path)

    assert run(True) == 1
    assert run(False) == 0
    assert run(True) == 0
    capsys.readouterr()
    path.write_text(path.read_text("utf-8").replace("Marcum", "Markum", 1), "utf-8")
    assert run(True) == 1
    assert "book/notation.md is not current: run isacnb notation" in capsys.readouterr().err
