"""Near misses of formulas: each kind is made, none is the formula itself, each has its own name."""

from collections import Counter

import formulas as F
import numpy as np
import pytest

from isacnb.ledger.formula import FormulaError, read
from isacnb.ledger.formula.evaluate import evaluate
from isacnb.ledger.formula.mutants import mutants


def mutants_of(tex):
    (clause,) = read(tex, F.SYMBOLS).clauses
    inequality = bool(clause.data) and clause.data[0][0][0] in "<>"
    return mutants(tex, [clause] if inequality else clause.args, F.SYMBOLS.kinds)


#: formula, what the mutant is called, what it is
MADE = [
    # numbers
    ("2x", "2 becomes 3 at 0", "3x"),
    ("2.5x", "2.5 becomes 2.6 at 0", "2.6x"),
    ("0.7x", "0.7 becomes 0.8 at 0", "0.8x"),
    (r"\frac12x", "1 becomes 2 at 5", r"\frac22x"),
    (r"\frac12x", "2 becomes 3 at 6", r"\frac13x"),
    (r"\frac19x", "9 becomes 10 at 6", r"\frac1{10}x"),
    ("x^2", "2 becomes 3 at 2", "x^3"),
    (r"\sum_{n=0}^Nn", "0 becomes 1 at 8", r"\sum_{n=1}^Nn"),
    (r"\int_0^1t^2\,\mathrm dt", "1 becomes 2 at 7", r"\int_0^2t^2\,\mathrm dt"),
    (
        r"\begin{cases}x,&N>2,\\y,&N\le2\end{cases}",
        "2 becomes 3 at 18",
        r"\begin{cases}x,&N>3,\\y,&N\le2\end{cases}",
    ),
    # signs
    ("x+y", "sign of y at 1", "x-y"),
    ("x-y", "sign of y at 1", "x+y"),
    ("x-y", "sign of x at 0", "-x-y"),
    ("-x+y", "sign of x at 0", "+x+y"),
    (r"\mathrm e^{-x}", "sign of x at 11", r"\mathrm e^{+x}"),
    (
        r"\left(\left(x\right)z-y\right)w",
        r"sign of (x\right)z at 11",
        r"\left(-\left(x\right)z-y\right)w",
    ),
    # terms
    ("x-y", "x left out at 0", "-y"),
    ("x+y", "x left out at 0", "y"),
    ("x-y", "y left out at 2", "x"),
    ("-x+y", "x left out at 1", "y"),
    ("x+y-z", "y left out at 2", "x-z"),
    # factors
    ("xy", "factor x left out at 0", "(1)y"),
    (r"\frac{xy}{z}", "factor y left out at 7", r"\frac{x(1)}{z}"),
    (r"2\left(x+y\right)z", r"factor (x+y\right) left out at 6", "2(1)z"),
    (r"2\Bigl(x+y\Bigr)z", r"factor (x+y\Bigr) left out at 6", "2(1)z"),
    (r"x\sqrt y", r"factor \sqrt y left out at 1", "x(1)"),
    # powers, roots, marks
    ("x^2y", "power ^2 lost at 1", "x y"),
    (r"x^{-\alpha}", r"power ^{-\alpha} lost at 1", "x "),
    (r"\|\boldsymbol u\|^2", "power ^2 lost at 17", r"\|\boldsymbol u\| "),
    (r"\sqrt{x+y}", "root of {x+y} lost at 0", "({x+y})"),
    (r"\sqrt[3]{x}", "root of {x} lost at 0", "({x})"),
    (
        r"\boldsymbol u^H\boldsymbol v",
        "adjoint becomes transpose at 13",
        r"\boldsymbol u^{\mathrm T}\boldsymbol v",
    ),
    (r"|x-y|", "modulus of x-y lost at 0", "(x-y)"),
    (
        r"2\left|\left(x-y\right)z\right|",
        r"modulus of (x-y\right)z lost at 6",
        r"2(\left(x-y\right)z)",
    ),
    ("[x-y]^+", "positive lost at 5", "[x-y] "),
    (r"\zeta^*x", "conjugate lost at 5", r"\zeta x"),
    ("n!", "factorial lost at 1", "n "),
    (
        r"\boldsymbol a_N^{\mathrm{H}}(\theta)\boldsymbol u",
        "adjoint becomes transpose at 15",
        r"\boldsymbol a_N^{\mathrm T}(\theta)\boldsymbol u",
    ),
    (
        r"\boldsymbol a_N^H\!\left(\theta\right)\boldsymbol u",
        "adjoint becomes transpose at 15",
        r"\boldsymbol a_N^{\mathrm T}\!\left(\theta\right)\boldsymbol u",
    ),
    ("f^2(x)y", "power ^2 lost at 1", "f (x)y"),
    (r"f^*(\zeta)y", "conjugate lost at 1", r"f (\zeta)y"),
    # letters
    ("x-y", "x becomes y at 0", "{y}-y"),
    ("x-y", "y becomes x at 2", "x-{x}"),
    (
        r"\boldsymbol u^H\boldsymbol A\boldsymbol v",
        r"\boldsymbol u becomes \boldsymbol v at 0",
        r"{\boldsymbol v}^H\boldsymbol A\boldsymbol v",
    ),
    (r"\mu_k\phi_i", r"\mu_k becomes \phi_i at 0", r"{\phi_i}\phi_i"),
    (r"\mu_k\phi_i", r"index of \mu_k becomes i at 0", r"\mu_i\phi_i"),
    (r"\mu_k\phi_i", r"index of \phi_i becomes k at 5", r"\mu_k\phi_k"),
    # relations, functions
    (r"x\le y", "relation at 1 reversed", "x> y"),
    ("x<y", "relation at 1 reversed", "x>y"),
    (r"x\geqslant y", "relation at 1 reversed", "x< y"),
    (
        r"\begin{cases}x,&N>2,\\y,&\text{otherwise}\end{cases}",
        "relation at 17 reversed",
        r"\begin{cases}x,&N<2,\\y,&\text{otherwise}\end{cases}",
    ),
    (r"x\sin\theta", r"\sin becomes \cos at 1", r"x\cos\theta"),
    (r"\cos^2(\theta)", r"\cos becomes \sin at 0", r"\sin^2(\theta)"),
    (r"\min\{x,y\}", r"\min becomes \max at 0", r"\max\{x,y\}"),
    (r"\max\{x,y\}", r"\max becomes \min at 0", r"\min\{x,y\}"),
    (r"\mathrm{Re}(\zeta)", "Re becomes Im at 8", r"\mathrm{Im}(\zeta)"),
    # a lone letter
    ("x", "sign of the whole at 0", "-x"),
    ("f(x)", "sign of the whole at 0", "-f(x)"),
]


@pytest.mark.parametrize(("tex", "label", "expected"), MADE, ids=[f"{r[0]}-{r[1]}" for r in MADE])
def test_made(tex, label, expected):
    found = {mutant.label: mutant.tex for mutant in mutants_of(tex)}
    assert expected == found.get(label), found
    read(expected, F.SYMBOLS)


@pytest.mark.parametrize(
    "tex",
    [
        "2x-y",
        r"\frac{x^2+y}{2\sqrt z}",
        r"\mathrm e^{-x}\sin\theta",
        r"\boldsymbol u^H\boldsymbol A\boldsymbol v",
        r"\sum_{k=1}^K\mu_k^2\phi_k",
        r"[y-x]^+z",
        r"|x-y|^\alpha",
        r"\zeta^*xn!",
        r"\mathrm{Re}(\zeta x)",
        r"\begin{cases}x,&N>4,\\y,&\text{otherwise}\end{cases}",
    ],
)
def test_every_mutant_differs_in_value(tex):
    """These formulas have no redundant part: two points tell every mutant from them."""
    points = ({}, {"x": 2.9, "N": 3, "u": F.v[:3, None], "v": F.u[:3, None], "A": F.A[:3, :3]})
    before = [F.value(tex, **point) for point in points]
    for mutant in mutants_of(tex):
        try:
            after = [F.value(mutant.tex, **point) for point in points]
        except FormulaError:
            continue
        assert any(
            np.shape(p) != np.shape(q) or not np.allclose(p, q)
            for p, q in zip(before, after, strict=True)
        ), mutant


def all_mutants():
    for claim_id, tex in F.readable():
        table = F.claim_table(claim_id)
        try:
            parts = F.members_of(tex, table)
        except FormulaError:
            continue
        yield table, tex, mutants(tex, parts, table.symbols.kinds)


def test_mutants_of_the_registry():
    made = unread = 0
    for table, tex, found in all_mutants():
        original = " ".join(tex.split())
        texts = [" ".join(mutant.tex.split()) for mutant in found]
        assert found
        assert original not in texts
        assert len(set(texts)) == len(texts)
        # an argument why one is the same formula names one only
        assert max(Counter(mutant.label for mutant in found).values()) == 1, tex
        made += len(found)
        assert all(0 <= mutant.place <= len(tex) for mutant in found)
        for mutant in found[::5]:
            try:
                read(mutant.tex, table.symbols)
            except FormulaError:
                unread += 1
    assert made > 5000
    assert unread < 0.002 * made / 5


def test_a_part_without_effect_gives_a_mutant_of_the_same_value():
    tex = r"x+0y"
    before = F.value(tex)
    same = {
        m.label for m in mutants_of(tex) if evaluate(F.expression(m.tex), F.environment()) == before
    }
    assert "sign of 0y at 1" in same
    assert "factor y left out at 3" in same
    assert "x left out at 0" not in same


def test_an_index_of_a_single_member_says_nothing():
    parts = F.expression(r"\mu_k\beta_{t,k}").args
    labels = [m.label for m in mutants(r"\mu_k\beta_{t,i}", parts, F.SYMBOLS.kinds, {})]
    assert not any(label.startswith("index") for label in labels)
