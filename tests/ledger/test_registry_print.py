"""The statements of the registry quote the paper token by token."""

import re
from functools import cache
from pathlib import Path

import pytest

from isacnb.ledger.registry import registry
from isacnb.ledger.tex import layout_free_tokens

FORMULAS = Path(__file__).with_name("data") / "coupling-formulas.txt"
#: claims of the coupling paper by the part of their id behind the dot
CLAIMS = {
    claim_id.partition(".")[2]: claim
    for claim_id, claim in registry().items()
    if claim.paper == "coupling"
}

# --- the statements are the paper's ---

#: damage of the digitised text, mended before the comparison: (damaged, mended, what happened)
REPAIRS = [
    (r"\phi_{i}N\right)}}} +P", r"\phi_{i}N\right)}} +P", "(C5): one brace too many"),
    (r"{\sum_{\text{Comm}} +", r"{\Sigma_{\text{Comm}} +", "(20): a sum sign for the letter"),
    (" m{", " {", "before (B2): of the command for bold type only the last letter is left"),
    ("(m{", "({", "before (B2): the same behind a bracket"),
    (r"\kappa_u,\kappa", r"\kappa_{u,K}", "Remark 4: index garbled"),
    ("\\leqslant 1\n-\t\\kappa_{u,k}", r"\leqslant \kappa_{u,k}", "Sec. 4.2: cut by a new page"),
    (
        r"{\alpha}}\right)\right), \quad \kappa_{u,k} <",
        r"{\alpha}}\right\}\right), \quad \kappa_{u,k} <",
        "Theorem 2: the minimum closed by a round bracket",
    ),
]
#: what may differ without a word, before the formula is cut into tokens: (pattern, sign, what)
HARMLESS = [
    (r"\\(?:boldsymbol|mathbf|bm|pmb)(?![A-Za-z])", r"\\mathrm", "bold type"),
    (r"\\(?:check|ddot)(?![A-Za-z])", r"\\breve", "accent of the derivative"),
    (r"\|\|", r"\\|", "two bars for a double bar"),
    (
        r"\\(?:stackrel|overset)\{N ?\\to ?\\infty\} ?\{\\longrightarrow\}",
        r"\\xrightarrow{N\\to\\infty}",
        "an arrow with the limit over it",
    ),
    (
        r"\\left ?\\\{ ?\\begin\{array\}\{l\}(.*)\\end\{array\} ?\\right\.",
        r"\\begin{cases}\1\\end{cases}",
        "an array behind a brace",
    ),
    (r"\\cdot(?![A-Za-z])", " ", "the dot of a product, set where a row ends"),
]
#: where a statement differs from the paper: claim -> (ours, theirs, reason)
DIFFERENCES = [
    ("best-achievable", r"\bar\epsilon_u^S", r"\tilde\epsilon_d^S", "Sec. 5.2 has other letters"),
    ("model-channel", r"\in \mathbb{C}^{N\times 1}", "", "said where the letter is introduced"),
    ("model-channel", r"\tilde{\boldsymbol{h}}_k \sim", "", "a word in the paper"),
    ("model-echo", r"\in \mathbb{C}^{N\times N}", "", "said where the letter is introduced"),
    ("mmse", r"\hat{\boldsymbol{h}}_k\sim\mathcal{CN}\!", r"\mathcal{CN}", "a word in the paper"),
    ("fz", "Z = ", "", "the paper divides X by Y"),
    (
        "eq14",
        r"\boldsymbol{s}_{U,k},\boldsymbol{s}_{T,l}\in",
        r"\boldsymbol{s}_{T,l}\in",
        "two in one",
    ),
    ("eq15", r"\left(\begin{aligned}&P", "P", "our bracket round a denominator in two rows"),
    ("eq15", r"N_0\end{aligned}\right)", "N_0", "our bracket round a denominator in two rows"),
    ("B1", r"\left(\begin{aligned}&\rho", r"\rho", "our bracket round a denominator in two rows"),
    ("B1", r"{N_0}\end{aligned}\right)", "{N_0}", "our bracket round a denominator in two rows"),
    (
        "eq17",
        r"\varpi_l = \sqrt{\beta_{t,l}}\,\zeta_l",
        r"\varpi_k = \sqrt{\beta_{t,k}}\,\zeta_k",
        "the letter as defined before (7)",
    ),
    (
        "fim-blocks",
        r"{}[\boldsymbol{F}_l]_{\varpi,\varpi}",
        r"\text{and }[\boldsymbol{F}_l]_{\varpi,\varpi}",
        "a sentence in the paper, rows here",
    ),
    ("asymptotic-orthogonality", r"\qquad\text{for any } \varphi_k\neq\varphi_i", "", "words"),
    ("noise-downlink", r"\Psi_k = ", "", "our left side for an event of (29)"),
    ("noise-downlink", r"\frac1{\Omega_k} = ", "", "our left side for an event of (29)"),
    ("thm2-cases", "A &= ", "", "our letter"),
    ("thm2-cases", "B &= ", r"\frac{d_{U,k}}{d_{T,k}^2}\leqslant", "our letter"),
]
#: formulas of ours in the statements: claim -> (how it begins, reason)
OURS = [
    ("uplink-beam", r"\boldsymbol{G}_l\boldsymbol{w}_l", "follows from the beam, used in (6)"),
    ("noise-uplink", r"\begin{aligned}", "(4) and (8) without noise"),
    ("marcum-monotone", r"Q_1(a,\sqrt{2\epsilon_d})", "the step in words before (11)"),
    ("marcum-monotone", r"a^2\geqslant", "the step in words before (11)"),
    ("thm2-cases", r"\mathbb{P}\left\{\frac{d_{U,k}}{d_{T,k}^2}\leqslant A", "our letters A, B"),
    ("thm2-cases", r"\mathbb{P}\left\{\frac{d_{U,k}}{d_{T,k}^2}\leqslant B", "our letter B"),
    ("C2", r"\boldsymbol{A} = ", "without its argument"),
    ("C4", r"\mathrm{tr}(\boldsymbol{A}\boldsymbol{X}_{d,l}", "what (C4) stands for, in (19)"),
    ("D2", r"\sin(\theta_l)-\sin(\varphi_k)", "a letter that the paper does not define"),
]
#: displayed formulas of the paper that no statement quotes whole: (how it begins, reason)
NOT_WHOLE = [
    (r"\mathbb{P}\{\frac{d_{U,k}}{d_{T,k}^2}\leqslant(", "our letters A, B"),
    (r"F_Z(\min\{(\frac{P_{U,k}}{P_{T,k}N(1+\kappa_{u,k})}", "our letters A, B"),
    (r"(\frac{P_{U,k}}{\kappa_{u,k}(1+\kappa_{u,k})P_{T,k}N}", "its second row"),
    (r"P_{d,\text{cov}}^{CS}(\epsilon_d^C,\epsilon_d^S) = \begin{cases}F_Z", "left side in words"),
]
#: tokens from which on a formula inside a sentence is compared too
LONG = 9


def normalised(tex, without=None):
    """Tokens for the comparison, joined by spaces."""
    for entry in HARMLESS:
        if entry != without:
            tex = re.sub(entry[0], entry[1], tex, flags=re.DOTALL)
    tokens = [
        # words letter by letter, as the digitised text runs some together
        letter
        for token in layout_free_tokens(tex)
        if token not in (",", ";")
        for letter in (token if token.isalpha() else [token])
    ]
    text = f" {' '.join(tokens)} "
    return re.sub(r" \.(?= [^\d])", "", text)  # a full stop, not a decimal point


@cache
def paper(without=None):
    """(number, normalised formula) of all formulas of the paper; None where one cannot be read."""
    text = FORMULAS.read_text("utf-8")
    for entry in REPAIRS:
        assert entry[0] in text, entry
        if entry != without:
            text = text.replace(entry[0], entry[1])
    formulas = []
    for line in text.splitlines():
        if line.startswith("%"):
            continue
        number, tex = line.split("\t")
        try:
            formulas.append((number, normalised(tex, without)))
        except ValueError:
            formulas.append((number, None))
    return formulas


def parts_of(statement):
    """The formulas of a statement to be compared, in TeX; a display may hold several."""
    for display, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$]+)\$", statement, re.DOTALL):
        if display:
            # the equation numbers that we set inside a display
            display = re.sub(r"\\qquad\\text\{\(D\d+\)\}", "", display)
            yield from (part.strip() for part in re.split(r",\s*\\qquad", display))
        elif len(normalised(inline).split()) >= LONG:
            yield inline.strip()


def compared(name, statement, without=None):
    """(TeX, normalised formula with our stated differences undone) of what must be in the paper."""
    for tex in parts_of(statement):
        if any(
            entry != without and entry[0] == name and tex.startswith(entry[1]) for entry in OURS
        ):
            continue
        theirs = tex
        for entry in DIFFERENCES:
            if entry != without and entry[0] == name:
                theirs = theirs.replace(entry[1], entry[2])
        yield tex, normalised(theirs, without)


def misquoted(name, statement, without=None):
    """The formulas of a statement that are no run of tokens of a formula of the paper."""
    return [
        tex
        for tex, tokens in compared(name, statement, without)
        if not any(whole is not None and tokens in whole for _, whole in paper(without))
    ]


def all_misquoted(without=None):
    return {
        name: found
        for name, claim in CLAIMS.items()
        if (found := misquoted(name, claim.statement, without))
    }


def test_the_formulas_of_the_paper_can_be_read():
    formulas = paper()
    assert len(formulas) > 250
    assert [number for number, tokens in formulas if tokens is None] == []
    numbers = [number for number, _ in formulas if number not in "-*"]
    wanted = [*map(str, range(1, 30)), "A1", *(f"B{i}" for i in range(1, 7))]
    wanted += [*(f"C{i}" for i in range(1, 6)), "D1", *(f"D{i}" for i in range(3, 11)), "E1", "E2"]
    assert numbers == wanted


def test_every_formula_of_the_statements_stands_in_the_paper():
    assert all_misquoted() == {}


def test_every_displayed_formula_of_the_paper_stands_whole_in_the_registry():
    ours = {
        tokens for name, claim in CLAIMS.items() for _, tokens in compared(name, claim.statement)
    }
    missing = [whole for number, whole in paper() if number != "-" and whole not in ours]
    expected = [normalised(beginning).rstrip() for beginning, _ in NOT_WHOLE]
    assert len(missing) == len(expected)
    assert all(map(str.startswith, missing, expected)), missing


@pytest.mark.parametrize(
    "exception", [*REPAIRS, *HARMLESS, *DIFFERENCES, *OURS], ids=lambda entry: entry[-1]
)
def test_no_exception_is_idle(exception):
    assert all_misquoted(without=exception) != {}


# --- the comparison notices ---

_PROTECTED = r"\\(?:begin|end)\{\w+\}|\\\\\[[^]]*\]|\\text\{[^}]*\}"
_SWAPS = {
    **{"+": "-", "-": "+", "=": "<", "<": ">", ">": "<", "/": "+", "!": "'"},
    **{r"\leqslant": r"\geqslant", r"\geqslant": r"\leqslant", r"\sin": r"\cos", r"\cos": r"\sin"},
    **{r"\alpha": r"\beta", r"\beta": r"\alpha", r"\kappa": r"\mu", r"\mu": r"\kappa"},
    **{r"\phi": r"\varphi", r"\varphi": r"\phi", r"\rho": r"\varrho", r"\varrho": r"\rho"},
    **{r"\epsilon": r"\theta", r"\theta": r"\epsilon", r"\lambda": r"\pi", r"\pi": r"\lambda"},
    **{r"\bar": r"\hat", r"\hat": r"\bar", r"\breve": r"\bar", r"\sum": r"\prod", r"\int": r"\sum"},
}


def one_token_changed(tex):
    """All forms of a formula in which one token is another one of its kind."""
    for match in re.finditer(rf"{_PROTECTED}|\\[A-Za-z]+|\\.|\S", tex):
        old = match[0]
        if old.isdigit():
            new = str((int(old) + 1) % 10)
        elif len(old) == 1 and old.isalpha():
            new = "q" if old != "q" else "p"
        else:
            new = _SWAPS.get(old)
        if new is not None:
            yield tex[: match.start()] + new + tex[match.end() :]


def test_one_changed_token_anywhere_in_the_statements_is_noticed():
    tried, unnoticed = 0, []
    for name, claim in CLAIMS.items():
        for tex, _ in compared(name, claim.statement):
            for changed in one_token_changed(tex):
                tried += 1
                if not misquoted(name, f"$${changed}$$"):
                    unnoticed.append((name, changed))
    assert unnoticed == []
    assert tried > 5000
