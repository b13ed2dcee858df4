"""What the reader makes of TeX: each construct against a value computed here by hand."""

import contextlib
import time

import formulas as F
import numpy as np
import pytest
import scipy.special
from formulas import (
    SYMBOLS,
    A,
    B,
    K,
    N,
    a,
    alpha,
    b,
    beta,
    c,
    d,
    eps,
    eps_c,
    expression,
    f,
    g,
    h,
    mu,
    n,
    phi,
    rho,
    theta,
    u,
    v,
    value,
    w,
    x,
    y,
    z,
    zeta,
)
from malformed import MALFORMED, MARK

from isacnb.ledger.formula import FormulaError, canonical, read
from isacnb.ledger.formula.nodes import Symbols
from isacnb.ledger.formula.tokens import tokens

sin, cos, tan, sqrt, pi, log, exp = np.sin, np.cos, np.tan, np.sqrt, np.pi, np.log, np.exp
H = np.conj

PRECEDENCE = [
    # signs, powers
    ("-x^2", -(x**2)),
    ("2^{-x}", 2**-x),
    ("-x^{-2}", -(x**-2)),
    ("-x+y", y - x),
    ("x-y-z", x - y - z),
    ("x-(y-z)", x - y + z),
    ("-x-y", -x - y),
    ("+x-y", x - y),
    ("(-x)^2", x**2),
    ("x^{y^z}", x ** (y**z)),
    ("{x^y}z", x**y * z),
    ("(x^y)^z", (x**y) ** z),
    ("x^2y", x**2 * y),
    ("x^23", x**2 * 3),
    ("x^{23}", x**23),
    ("x^ny", x**n * y),
    ("xy^2", x * y**2),
    ("(xy)^2", (x * y) ** 2),
    (r"\mathrm{e}^{-xy}z", exp(-x * y) * z),
    (r"e^{-x}", exp(-x)),
    (r"\rm e^x", exp(x)),
    ("2^{x}3^{y}", 2**x * 3**y),
    # slashes and fractions
    ("a/b+c", a / b + c),
    ("a+b/c", a + b / c),
    ("a/b/c", a / b / c),
    ("a/(bc)", a / (b * c)),
    (r"a/b\cdot c", a / b * c),
    (r"ab/c", a * b / c),
    (r"a/b^2", a / b**2),
    (r"2^{a/b}", 2 ** (a / b)),
    (r"\frac12", 0.5),
    (r"\frac1N", 1 / N),
    (r"\frac12x", x / 2),
    (r"\frac123", 1.5),
    (r"\frac1{23}", 1 / 23),
    (r"\frac{a}bc", a / b * c),
    (r"\frac{a}{b}\frac cd", a / b * c / d),
    (r"\left(\frac ab\right)^2", (a / b) ** 2),
    (r"\frac{a+b}{c-d}", (a + b) / (c - d)),
    (r"a\frac{b}{c}", a * b / c),
    (r"\frac\pi2", pi / 2),
    (r"\frac\alpha2", alpha / 2),
    (r"\frac{\frac ab}{\frac cd}", a / b / (c / d)),
    (r"\dfrac ab-\tfrac cd", a / b - c / d),
    (r"\frac1{x}-\frac1{y}", 1 / x - 1 / y),
    (r"-\frac{a}{b}", -a / b),
    # products
    ("2x", 2 * x),
    ("2.5x", 2.5 * x),
    ("xyz", x * y * z),
    ("x(y+z)", x * (y + z)),
    ("(x+y)z", (x + y) * z),
    ("(x+y)(z-w)", (x + y) * (z - w)),
    ("2(x+1)(y-1)3", 2 * (x + 1) * (y - 1) * 3),
    (r"x\cdot y\times z", x * y * z),
    (r"x\,y\;z\ w", x * y * z * w),
    (r"3\cdot10^{-2}", 0.03),
    (r"x\cdot(y-z)", x * (y - z)),
    ("N(1+x)", N * (1 + x)),
    (r"\rho N(1+\mu_k)-\rho", rho * N * (1 + mu[1]) - rho),
    ("x[y-z]", x * (y - z)),
    (r"x\{y-z\}", x * (y - z)),
    (r"x\left[y\left(z-w\right)\right]", x * y * (z - w)),
    (r"\bigl(x-y\bigr)\Big(z-w\Big)", (x - y) * (z - w)),
    ("x{y}{z}", x * y * z),
    (r"{\rm e}x", np.e * x),
    # roots
    (r"\sqrt2", sqrt(2)),
    (r"\sqrt xy", sqrt(x) * y),
    (r"\sqrt{xy}", sqrt(x * y)),
    (r"(\sqrt{x})^3", sqrt(x) ** 3),
    (r"\sqrt[3]{x+y}", (x + y) ** (1 / 3)),
    (r"\sqrt{\frac{a}{b+c}}d", sqrt(a / (b + c)) * d),
    (r"2\sqrt\frac ab", 2 * sqrt(a / b)),
    (r"\sqrt{x}\sqrt{y}", sqrt(x) * sqrt(y)),
    # factorials and binomials
    ("n!", 24.0),
    ("(n-1)!", 6.0),
    ("2n!", 48.0),
    ("n!^2", 576.0),
    ("((n-1)!)^2", 36.0),
    ("(n!)x", 24 * x),
    (r"\frac{n!}{m!(n-m)!}", 6.0),
    (r"\binom nm", 6.0),
    (r"\binom{n+1}{m}x", 10 * x),
    ("(-1)^n", 1.0),
    ("(-1)^{n+1}x", -x),
    # constants
    (r"2\pi", 2 * pi),
    (r"\pi x^2", pi * x**2),
    (r"\mathrm{j}\pi x", 1j * pi * x),
    (r"\mathrm e^{\mathrm j\theta}", exp(1j * theta)),
    (r"e^{j\theta}", exp(1j * theta)),
    (r"\mathrm e^{-\mathrm{i}\theta}", exp(-1j * theta)),
    ("x^0", 1.0),
    (r"\infty", np.inf),
    (r"-\infty", -np.inf),
    (r"\lfloor x+y\rfloor", 2.0),
    (r"\lceil x+y\rceil", 3.0),
]

SCRIPTS = [
    (r"\epsilon_u^C", eps_c),
    (r"\epsilon_u^{\mathrm C}", eps_c),
    (r"\epsilon^C_u", eps_c),
    (r"\epsilon_{u}^{C}", eps_c),
    (r"\epsilon_u", eps),
    (r"\epsilon_u^2", eps**2),
    (r"\epsilon_u^c", eps**c),
    (r"\epsilon_u^{c}x", eps**c * x),
    (r"(\epsilon_u^C)^2", eps_c**2),
    (r"{\epsilon_u^C}^2", eps_c**2),
    (r"1-N\epsilon_u^C", 1 - N * eps_c),
    (r"\mu_k", mu[1]),
    (r"\mu_k^2", mu[1] ** 2),
    (r"\mu_{k}^{2}", mu[1] ** 2),
    (r"\mu_k^2\phi_i", mu[1] ** 2 * phi[2]),
    (r"\mu_1+\mu_3", mu[0] + mu[2]),
    (r"\mu_12", mu[0] * 2),
    (r"\beta_{t,k}\mu_l", beta[1] * mu[0]),
    (r"\mu_k^{-\alpha}", mu[1] ** -alpha),
    (r"\mu_k^\frac\alpha2", mu[1] ** (alpha / 2)),
    ("x^K", x**K),
    ("x^T", x),
    ("[x-y]^+", 0.0),
    ("[y-x]^+", y - x),
    (r"\left(x-y\right)^{+}", 0.0),
    (r"z[y-x]^+", z * (y - x)),
    (r"\zeta^*", H(zeta)),
    (r"\zeta^*\zeta", abs(zeta) ** 2),
    (r"(\zeta x)^{*}", H(zeta) * x),
    (r"\boldsymbol u^H\boldsymbol v", np.vdot(u, v)),
    (r"\boldsymbol u^{\mathrm H}\boldsymbol v", np.vdot(u, v)),
    (r"\mathbf{u}^\dagger\mathbf{v}", np.vdot(u, v)),
    (r"\boldsymbol u^T\boldsymbol v", u @ v),
    (r"\boldsymbol{u}^{\top}\boldsymbol{v}", u @ v),
    (r"\boldsymbol u^{\mathrm H}\boldsymbol A\boldsymbol v", H(u) @ A @ v),
    (r"(\boldsymbol A\boldsymbol B)^H\boldsymbol u", H(A @ B).T @ u),
    (r"\boldsymbol A^H\boldsymbol B^H\boldsymbol u", H(A).T @ H(B).T @ u),
    (r"\boldsymbol A^{-1}\boldsymbol u", np.linalg.solve(A, u)),
    (r"\bar{\boldsymbol{h}}_k^{\mathrm{H}}\bar{\boldsymbol{h}}_i", np.vdot(h[1], h[2])),
    (r"\|\bar{\boldsymbol h}_k\|^4", np.linalg.norm(h[1]) ** 4),
    (r"x\boldsymbol u-y\boldsymbol v", x * u - y * v),
    (r"\boldsymbol u/x", u / x),
    (r"\frac{\boldsymbol u}{\|\boldsymbol u\|}", u / np.linalg.norm(u)),
    (r"\boldsymbol u\boldsymbol v^H", np.outer(u, H(v))),
    (r"x\boldsymbol I_N+\boldsymbol A", x * np.eye(N) + A),
    (r"\boldsymbol a_N^{\mathrm{H}}(\theta)\boldsymbol u", np.vdot(F.steer(theta), u)),
    (r"\boldsymbol a_N(\theta)^{\mathrm{H}}\boldsymbol u", np.vdot(F.steer(theta), u)),
    (
        r"\frac1N\boldsymbol a_N(\theta)\boldsymbol a_N^H(\theta)\boldsymbol u",
        F.steer(theta) * np.vdot(F.steer(theta), u) / N,
    ),
]

FUNCTIONS = [
    (r"\sin\theta", sin(theta)),
    (r"\sin(\theta)", sin(theta)),
    (r"\sin{\theta}", sin(theta)),
    (r"\sin2\theta", sin(2 * theta)),
    (r"\sin\pi x", sin(pi * x)),
    (r"\sin\frac{\pi x}{2}", sin(pi * x / 2)),
    (r"\sin\frac\pi2\,x", sin(pi / 2) * x),
    (r"\sin N\theta^2x", sin(N * theta**2 * x)),
    (r"\mathrm{Re}\,\zeta^*\mu_k", zeta.real * mu[1]),
    (r"\cos^2(\theta)", cos(theta) ** 2),
    (r"\cos^2\theta", cos(theta) ** 2),
    (r"\cos\theta^2", cos(theta**2)),
    (r"\cos(\theta)^2", cos(theta) ** 2),
    (r"x\cos\theta\sin\theta", x * cos(theta) * sin(theta)),
    (r"\cos\theta\,x", cos(theta) * x),
    (r"\cos\theta+x", cos(theta) + x),
    (r"\sin(x)\cos(y)", sin(x) * cos(y)),
    (r"\sin(x)y", sin(x) * y),
    (r"\tan\theta\cdot x", tan(theta) * x),
    (r"\pi^2\cos^2(\theta)x", pi**2 * cos(theta) ** 2 * x),
    (r"\frac{\sin(Nx/2)}{\sin(x/2)}", sin(N * x / 2) / sin(x / 2)),
    (r"\frac{\sin(\frac{\pi Nx}2)}{\sin(\frac{\pi x}2)}", sin(pi * N * x / 2) / sin(pi * x / 2)),
    (r"\exp(-x)", exp(-x)),
    (r"\exp\!\left(-\frac xy\right)z", exp(-x / y) * z),
    (r"\exp\{-x\}", exp(-x)),
    (r"\ln x", log(x)),
    (r"\ln(1+x)", log(1 + x)),
    (r"\ln\frac xy", log(x / y)),
    (r"\ln|x-y|", log(abs(x - y))),
    (r"\log_2(1+x)", np.log2(1 + x)),
    (r"\log_2x", np.log2(x)),
    (r"\log_{10}y", np.log10(y)),
    (r"\log_2^2(1+x)", np.log2(1 + x) ** 2),
    (r"\arcsin x", np.arcsin(x)),
    (r"\sinh x\cosh y", np.sinh(x) * np.cosh(y)),
    (r"\arg\zeta", np.angle(zeta)),
    (r"\mathrm{Re}(\zeta)", zeta.real),
    (r"\mathrm{Re}\{\zeta^2\}", (zeta**2).real),
    (r"\operatorname{Im}(x\zeta)", x * zeta.imag),
    (r"\Re\zeta", zeta.real),
    (r"2\,\mathrm{Re}\,\zeta^*+x", 2 * zeta.real + x),
    (r"\mathrm{tr}(\boldsymbol A\boldsymbol B)", np.trace(A @ B)),
    (r"\mathrm{tr}\{\boldsymbol u\boldsymbol v^H\}x", np.vdot(v, u) * x),
    (r"\operatorname{tr}\boldsymbol A", np.trace(A)),
    (r"\mathrm{tr}^2(\boldsymbol A)", np.trace(A) ** 2),
    (r"\mathrm{vec}(\boldsymbol A)", A.T.reshape(-1)),
    (r"\mathrm{diag}(\boldsymbol u)\boldsymbol v", u * v),
    ("f(x)", f(x)),
    ("f(x)y", f(x) * y),
    ("f^2(x)", f(x) ** 2),
    ("f(x)^2", f(x) ** 2),
    ("f(f(x))", f(f(x))),
    ("f", f(x)),
    ("2f+y", 2 * f(x) + y),
    ("g(x,y)", g(x, y)),
    (r"g\!\left(\frac ab,\ \sqrt c\right)", g(a / b, sqrt(c))),
    ("F_Z(z)-F_Z(w)", F.F_Z(z) - F.F_Z(w)),
    ("xF_Z(z)y", x * F.F_Z(z) * y),
    ("E_2(x)", F.E(2, x)),
    ("E_n(x)", F.E(n, x)),
    ("E_{n-1}(x)y", F.E(n - 1, x) * y),
    (r"{}_1F_1(x;y;-z)", scipy.special.hyp1f1(x, y, -z)),
    (r"\min\{x,y\}", x),
    (r"\max\left(x,\,y\right)z", y * z),
    (r"\min(x,y,z-w)", z - w),
    (r"\max\{\min\{x,y\},z\}", z),
    (r"\max\{0,x-y\}", 0.0),
]

BARS = [
    ("|x-y|", y - x),
    (r"\left|x-y\right|^2", (x - y) ** 2),
    (r"\lvert x-y\rvert z", (y - x) * z),
    (r"|x-y||z-w|", (y - x) * (w - z)),
    (r"x|y-z|w", x * (z - y) * w),
    (r"\left|\,|x-y|-z\right|", abs(abs(x - y) - z)),
    (r"\lvert\lvert x-y\rvert-z\rvert", abs(abs(x - y) - z)),
    (r"|\zeta|^2", abs(zeta) ** 2),
    (r"2|\zeta|^2N", 2 * abs(zeta) ** 2 * N),
    (r"\frac{|x-y|}{|z-w|}", (y - x) / (w - z)),
    (r"\left|\frac{|x|-y}{z}\right|", abs((x - y) / z)),
    (r"|(|x-y|-z)w|", abs((abs(x - y) - z) * w)),
    (r"\|\boldsymbol u\|", np.linalg.norm(u)),
    (r"\|\boldsymbol u\|^2\|\boldsymbol v\|", np.linalg.norm(u) ** 2 * np.linalg.norm(v)),
    (r"\lVert\boldsymbol u-x\boldsymbol v\rVert^2", np.linalg.norm(u - x * v) ** 2),
    (r"|\boldsymbol u^H\boldsymbol v|^2", abs(np.vdot(u, v)) ** 2),
    (r"\|\boldsymbol u^H\boldsymbol v\|^2", abs(np.vdot(u, v)) ** 2),
    (r"\left\|\boldsymbol u-|x-y|\boldsymbol v\right\|", np.linalg.norm(u - (y - x) * v)),
    (r"\big\|\|\boldsymbol u\|\boldsymbol v\big\|", np.linalg.norm(u) * np.linalg.norm(v)),
]

T = np.arange(1, N)
SUMS = [
    (r"\sum_{n=1}^{3}n", 6.0),
    (r"\sum_{n=0}^Nn^2+1", 56.0),
    (r"\sum_{n=1}^{N-1}nx\mathrm{e}^{nx}", (T * x * exp(T * x)).sum()),
    (r"2\sum_{n=1}^3nx-y", 12 * x - y),
    (r"\sum_{k=1}^K\mu_k", mu.sum()),
    (r"\sum_{k=1}^K\mu_k\phi_k", (mu * phi).sum()),
    (r"\sum_k\mu_k^2", (mu**2).sum()),
    (r"\sum_{k}\mu_k^2/\phi_k", (mu**2 / phi).sum()),
    (r"\sum\limits_{k=1}^{K}\mu_k", mu.sum()),
    (r"\rho\sum_{k=1}^K\frac{\mu_k}{\phi_k+1}+x", rho * (mu / (phi + 1)).sum() + x),
    (r"\sum_{k=1}^K\sum_{i=1}^K\mu_k\phi_i", mu.sum() * phi.sum()),
    (r"\sum_{k=1}^K\sum_{i=1}^k\mu_k\phi_i", sum(mu[k] * phi[: k + 1].sum() for k in range(3))),
    (r"\sum_{k=1}^K\mu_k\sum_{i=1}^K\mu_i\phi_k", (mu * phi).sum() * mu.sum()),
    (r"\sum_{j\ne k}\mu_j", mu[0] + mu[2]),
    (r"\sum_{j\neq k}\mu_j\mu_k", (mu[0] + mu[2]) * mu[1]),
    (
        r"\sum_{i=1}^K|\bar{\boldsymbol h}_k^H\bar{\boldsymbol h}_i|^2",
        (abs(h @ H(h[1])) ** 2).sum(),
    ),
    (r"\sum_{k=1}^K\mu_k\bar{\boldsymbol h}_k", mu @ h),
    (
        r"\left|\sum_k\mu_k\mathrm e^{\mathrm j\phi_k}\right|^2",
        abs((mu * exp(1j * phi)).sum()) ** 2,
    ),
    (r"\sum_{n=0}^{N-1}\cos(x+ny)", cos(x + np.arange(N) * y).sum()),
    (r"\sum_{j=0}^{K-1}\frac{x^j}{j!}", 1 + x + x**2 / 2),
    (r"\sum_{j=1}^3\mathrm e^{\mathrm jjx}", exp(1j * x * np.arange(1, 4)).sum()),
    (r"\sum_{n=2}^1n", 0.0),
    (r"\prod_{k=1}^K\mu_k", mu.prod()),
    (r"\prod_{k=1}^K(1+\mu_k)-x", (1 + mu).prod() - x),
    (r"\prod_{n=2}^1n", 1.0),
    (r"\int_0^1t^2\,\mathrm dt", 1 / 3),
    (r"\int_0^xt\,\mathrm{d}t", x**2 / 2),
    (r"x\int_{0}^{\infty}\mathrm e^{-yt}\,\mathrm dt", x / y),
    (r"\int_0^1-t\,\mathrm dt+y", y - 0.5),
    (r"\int_0^1(t+x)\,\mathrm dt\cdot y", (0.5 + x) * y),
    (r"\int_0^1\int_0^tst\,\mathrm ds\,\mathrm dt", 1 / 8),
    (r"\int_x^yt\,\mathrm dt", (y**2 - x**2) / 2),
    (r"\int_0^1t\zeta\,\mathrm dt", zeta / 2),
    (r"\int_0^1\mathrm jt\,\mathrm dt", 0.5j),
    (r"\int_0^\infty\mathrm e^{-t}\zeta\,\mathrm dt", zeta),
    (r"\int_0^\infty\mathrm e^{-(1-\mathrm j)t}\,\mathrm dt", 1 / (1 - 1j)),
    (r"\int_0^\infty|\zeta|^2\zeta\zeta^*\mathrm e^{-t}\,\mathrm dt", abs(zeta) ** 4),
    (r"\int_{x}^{y}t\,\mathrm dt", (y**2 - x**2) / 2),
    (r"\int_1^\infty\mathrm{e}^{-xt}/t^2\,\mathrm{d}t", scipy.special.expn(2, x)),
    (r"\int_0^\infty x\,\mathrm e^{-x}\,\mathrm dx", 1.0),
    (r"\int_0^1r_U^2\,\mathrm dr_U", 1 / 3),
    (r"\max_{\rho}\rho(1-\rho)", 0.25),
]


VALUES = [*PRECEDENCE, *SCRIPTS, *FUNCTIONS, *BARS, *SUMS]


@pytest.mark.parametrize(("tex", "expected"), VALUES, ids=[tex for tex, _ in VALUES])
def test_value(tex, expected):
    found, expected = np.squeeze(value(tex)), np.squeeze(expected)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_a_letter_is_an_exponent_where_no_vector_stands():
    letters = Symbols({"T": "x", "x": "y"}, {})
    (clause,) = read("2^T", letters).clauses
    assert clause.args[0].kind == "power"
    with pytest.raises(FormulaError, match="exponent or a mark"):
        read("x^T", letters)


# --- cases and conditions -----------------------------------------------------------------------

CASES = [
    # every layout of the registry: with and without columns, wide spaces, commas, words
    r"\begin{cases}x,&N>2,\\y,&N\le2\end{cases}",
    r"\begin{cases} x, & N > 2,\\ y, & N \leqslant 2,\end{cases}",
    r"\begin{cases} x, \quad N>2,\\ y, \quad N\leq2. \end{cases}",
    r"\begin{cases}x&N>2,\\y&N\le2\end{cases}",
    r"\begin{cases}x,&\text{for }N>2,\\y,&\text{for }N\le2\end{cases}",
    r"\begin{cases}x,&\text{if } N>2,\\[1.2ex]y,&\text{otherwise}\end{cases}",
    r"\begin{cases}x,&N>2,\\y,&\text{otherwise.}\end{cases}",
    r"\begin{dcases}x,&N>2,\\y,&\text{otherwise,}\end{dcases}",
    "\\begin{cases} x\n, \\\\ \\qquad N>2 \\text{ and } N>1, \\\\ y,\\\\ \\qquad N\\le2 \\end{cases}",
    r"\begin{cases}x,&2<N<9,\\y,&N=2,\\y,&N\ne2\text{ and }N<2\end{cases}",
    r"\begin{cases}x,&N>2;\\y,&\text{otherwise}\end{cases}",
    r"\left\{\begin{aligned}x\end{aligned}\right\}\begin{cases}1,&N>2,\\y/x,&N\le2\end{cases}",
    r"\begin{cases}\left(x\right.\\ \qquad\left.+0\right),&N>2,\\y,&N\le2\end{cases}",
    r"\begin{cases}x\\ \qquad+0,\\ \qquad N>2,\\y,&N\le2\end{cases}",
]


@pytest.mark.parametrize("tex", CASES)
def test_cases_in_every_layout(tex):
    assert value(tex) == x
    assert value(tex, N=2) == y


def test_cases_stand_in_expressions_and_in_one_another():
    inner = r"\begin{cases}1,&K>4,\\2,&\text{otherwise}\end{cases}"
    assert value(rf"x+3{inner}") == x + 6
    nested = rf"\begin{{cases}}{inner}\cdot x,&N>2,\\y,&\text{{otherwise}}\end{{cases}}"
    assert value(nested) == 2 * x
    assert value(nested, K=5) == x
    assert value(nested, N=1) == y


def test_nothing_holds_outside_all_cases():
    assert np.isnan(value(r"\begin{cases}x,&N<2,\\y,&N<3\end{cases}"))


# --- clauses, rows, laws, means -----------------------------------------------------------------


def shape(tex):
    """Each clause as its kind, its relations and the kinds of its members."""
    clauses = read(tex, SYMBOLS).clauses
    rows = [
        row for clause in clauses for row in (clause.args if clause.kind == "rows" else [clause])
    ]
    return [
        row.data
        if row.kind == "words"
        else ("".join(relation for relation, *_ in row.data), [m.kind for m in row.args])
        for row in rows
    ]


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("x=y", [("=", ["symbol", "symbol"])]),
        ("x=y=z", [("==", ["symbol"] * 3)]),
        ("x=y,z=w", [("=", ["symbol"] * 2)] * 2),
        (r"x=y;\quad z=w.", [("=", ["symbol"] * 2)] * 2),
        (r"x=y\qquad z=w", [("=", ["symbol"] * 2)] * 2),
        (r"x=y\qquad\text{for }N>2", [("=", ["symbol"] * 2), "for", (">", ["symbol", "number"])]),
        (r"x=y\text{ with }z=w", [("=", ["symbol"] * 2), "with", ("=", ["symbol"] * 2)]),
        (r"\begin{aligned}x&=y,\\z&=w\end{aligned}", [("=", ["symbol"] * 2)] * 2),
        (r"\begin{aligned}x&=y\\&=w\end{aligned}", [("==", ["symbol"] * 3)]),
        (r"\begin{aligned}x&=y\\&\quad+w\end{aligned}", [("=", ["symbol", "sum"])]),
        (r"\begin{aligned}x&=y\\&\quad\cdot w\end{aligned}", [("=", ["symbol", "product"])]),
        (r"\begin{aligned}x={}&y\\&-w\end{aligned}", [("=", ["symbol", "sum"])]),
        (r"\begin{aligned}x&=y,&z&=w\end{aligned}", [("=", ["symbol"] * 2)] * 2),
        (r"\begin{aligned}x&=y&z&=w\end{aligned}", [("=", ["symbol"] * 2)] * 2),
        (r"\begin{gathered}x=y,\\z=w\end{gathered}", [("=", ["symbol"] * 2)] * 2),
        (r"x\le y", [("<=", ["symbol"] * 2)]),
        (r"x\leqslant y<z", [("<=<", ["symbol"] * 3)]),
        (r"x\ge y", [(">=", ["symbol"] * 2)]),
        (r"x\approx y\simeq z", [("~~", ["symbol"] * 3)]),
        (r"x\xrightarrow{N\to\infty}y", [("->", ["symbol"] * 2)]),
        (r"x\xrightarrow[a]{b}y", [("->", ["symbol"] * 2)]),
        (r"x\to0", [("->", ["symbol", "number"])]),
        (r"x\stackrel{\mathrm{a}}{=}y", [("=", ["symbol"] * 2)]),
        (r"x\overset{a}{\sim}\mathcal{N}(0,1)", [("law", ["symbol", "law"])]),
        (r"x\ne y", [("!=", ["symbol"] * 2)]),
        (r"x\equiv y", [("=", ["symbol"] * 2)]),
        (r"x\propto y", [("propto", ["symbol"] * 2)]),
        (r"x=\mathbb{E}\{\|\boldsymbol u\|^2\}=y", [("==", ["symbol", "opaque", "symbol"])]),
        (r"\Pr[x>y]=z", [("=", ["opaque", "symbol"])]),
        (r"\mathbb P\left(x>y\ \middle|\ z\right)=w", [("=", ["opaque", "symbol"])]),
        (r"\mathrm{Var}\{x\}=\mathbb E[x^2]-z", [("=", ["opaque", "sum"])]),
        (r"\|\mathbb E\{\boldsymbol u\}\|^2=x", [("=", ["power", "symbol"])]),
        (r"\frac{\partial x}{\partial y}=z", [("=", ["opaque", "symbol"])]),
    ],
)
def test_clauses(tex, expected):
    assert shape(tex) == expected


def test_a_law_is_its_moments():
    (clause,) = read(
        r"\boldsymbol u\sim\mathcal{CN}(x\boldsymbol v,y\boldsymbol I_N)", SYMBOLS
    ).clauses
    law = clause.args[1]
    assert (law.kind, law.data) == ("law", "CN")
    mean, covariance = F.evaluate(law, F.environment())
    np.testing.assert_allclose(mean[:, 0], x * v)
    np.testing.assert_allclose(covariance, y * np.eye(N))
    (clause,) = read(r"x\sim\mathcal N(0,y)", SYMBOLS).clauses
    assert clause.args[1].data == "N"
    assert F.evaluate(clause.args[1], F.environment()) == (0.0, y)


def test_means_are_kept_as_text_and_have_no_value():
    member = expression(r"\mathbb{E}\left\{x\{y\}(z\right\}")
    assert (member.kind, member.data) == ("opaque", r"\mathbb{E}\{x\{y\}(z\}")
    with pytest.raises(FormulaError, match="is no number by itself"):
        F.evaluate(member, F.environment())
    known = F.environment()
    known.opaque = {member.data: 7.0}
    assert F.evaluate(member, known) == 7.0


def test_a_letter_of_the_vocabulary_is_no_mean():
    assert expression("E_2(x)").kind == "apply"


# --- letters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\bar{\epsilon}_{u}^{\mathrm S}", r"\bar\epsilon_u^S"),
        (r"\overline\epsilon_u", r"\bar{\epsilon}_u"),
        (r"\mathbf h_k", r"\boldsymbol{h}_{k}"),
        (r"\Pi^l_{AA}", r"\Pi_{AA}^l"),
        (r"P_{u,\mathrm{cov}}^{CS}", r"P^{CS}_{u,\text{cov}}"),
        (r"\widehat{\boldsymbol h}_k", r"\hat{\boldsymbol{h}}_k"),
        (r"\mathrm{SINR}", r"\operatorname{SINR}"),
    ],
)
def test_one_spelling_of_a_letter(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\bar\epsilon", r"\epsilon"),
        (r"\boldsymbol R", "R"),
        (r"\mathcal U", "U"),
        (r"\mathrm d", "d"),
        ("T'", "T"),
        (r"\hat h", r"\tilde h"),
        (r"\epsilon_u^C", r"\epsilon_u"),
        (r"\epsilon_u^C", r"\epsilon_u^S"),
        ("x_{12}", "x_1"),
    ],
)
def test_different_letters(one, other):
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("letter", ["x+y", "xy", "(x)", "", r"\sqrt x", "x^2y"])
def test_a_letter_is_one_letter(letter):
    with pytest.raises(FormulaError):
        canonical(letter)


def test_places_of_the_parts_lie_in_one_another():
    for claim_id, tex in F.readable():
        formula = read(tex, F.claim_table(claim_id).symbols)
        for node in formula.walk():
            assert 0 <= node.start <= node.end <= len(tex), (claim_id, node)
            for part in node.args:
                assert node.start <= part.start <= part.end <= node.end, (claim_id, node.kind)


# --- what is no formula -------------------------------------------------------------------------


@pytest.mark.parametrize(("marked", "reason"), MALFORMED, ids=[tex for tex, _ in MALFORMED])
def test_malformed(marked, reason):
    before, mark, after = marked.partition(MARK)
    assert mark
    with pytest.raises(FormulaError) as caught:
        read(before + after, SYMBOLS)
    assert reason in str(caught.value)
    assert caught.value.place == len(before)
    # the message shows the place
    assert f"at character {len(before)}, near '" in str(caught.value)


def check_reading(tex, symbols):
    """Read, or refuse with a place in the text; nothing else may happen."""
    try:
        formula = read(tex, symbols)
    except FormulaError as error:
        if not 0 <= (error.place or 0) <= len(tex):
            pytest.fail(f"{tex}: the place {error.place} is not in the text")
        return 0
    assert formula.clauses
    for node in formula.walk():
        assert 0 <= node.start <= node.end <= len(tex)
    return 1


def sample(size, longest=130):
    """Formulas of the registry spread over both papers and over all lengths."""
    fit = [pair for pair in F.readable() if 12 <= F.length(pair[1]) <= longest]
    return sorted(fit, key=lambda pair: F.length(pair[1]))[:: max(1, len(fit) // size)][:size]


@pytest.mark.parametrize(("claim_id", "tex"), sample(44), ids=lambda item: item[:30])
def test_any_token_may_be_missing_or_double(claim_id, tex):
    symbols = F.claim_table(claim_id).symbols
    assert check_reading(tex, symbols)
    refused = 0
    for token in tokens(tex):
        refused += not check_reading(tex[: token.start] + tex[token.end :], symbols)
        refused += not check_reading(tex[: token.end] + tex[token.start :], symbols)
    assert refused >= 3


def test_any_cut_and_any_exchange():
    rng = np.random.default_rng(7)
    for claim_id, tex in sample(150, 400):
        symbols = F.claim_table(claim_id).symbols
        found = tokens(tex)
        for place in rng.integers(1, len(found), 4):
            check_reading(tex[: found[place].start], symbols)
            check_reading(tex[found[place].start :], symbols)
            one, two = found[place - 1], found[place]
            gap = tex[one.end : two.start]
            swapped = tex[two.start : two.end] + gap + tex[one.start : one.end]
            check_reading(tex[: one.start] + swapped + tex[two.end :], symbols)


def test_random_rows_of_tokens_are_read_or_refused():
    rng = np.random.default_rng(11)
    read_at_all = sum(
        check_reading(" ".join(rng.choice(F.ALPHABET, rng.integers(1, 14))), SYMBOLS)
        for _ in range(6000)
    )
    assert read_at_all > 100


@pytest.mark.parametrize("piece", ["(", "{", r"\frac{", r"\sqrt{", "x^{", r"\left(", "|", "-("])
def test_deep_nesting_is_refused_and_no_crash(piece):
    with pytest.raises(FormulaError):
        read(piece * 3000 + "x", SYMBOLS)
    closing = {r"\left(": r"\right)", "|": "|"}.get(piece, ")" if "(" in piece else "}")
    whole = piece * 400 + "x" + closing * 400 if piece != r"\frac{" else "x"
    check_reading(whole, SYMBOLS)


def test_reading_is_fast():
    slowest = 0.0
    for claim_id, tex in F.registry_formulas():
        symbols = F.claim_table(claim_id).symbols
        times = []
        for _ in range(3):
            # of the processor: other work on the machine must not count
            start = time.process_time()
            with contextlib.suppress(FormulaError):
                read(tex, symbols)
            times.append(time.process_time() - start)
        slowest = max(slowest, min(times))
    assert slowest < 0.02
