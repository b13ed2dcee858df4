"""TeX as tokens: layout makes no difference, what is said does."""

import pytest

from isacnb.ledger.tex import displays, layout_free_tokens


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\left(\dfrac{a}{b}\right)^{2}", r"(\frac ab)^2"),
        (r"a &= b\\[1.2ex] & \quad + c ,", r"a = b + c"),
        (r"\begin{aligned}x &= y .\end{aligned}", r"x = y"),
        (r"\mathbf{h}_k^{\mathrm{H}}", r"{\boldsymbol h}^\mathrm H_{k}"),
        (r"\Pi^l_{AA}", r"\Pi_{AA}^{l}"),
        (r"\bigl\lvert x\bigr\rvert \le 1", r"|x|\leq1"),
        (r"\operatorname{tr}\!\left\{A\right\}", r"\mathrm{tr}\{A\}"),
        (r"\left.f\right|_{x=0}", r"f|_{x=0}"),
        (r"{}[F]_{1,1}\,x", r"[F]_{1,1}x"),
        (r"x \text{ and } y", r"x\,\mathrm{and}\,y"),
        (r"\sqrt[3]{x}", r"\sqrt[3]x"),
    ],
)
def test_layout_makes_no_difference(one, other):
    assert layout_free_tokens(one) == layout_free_tokens(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\frac{ab}{c}", r"\frac{a}{bc}"),
        (r"x^{2n}", r"x^2n"),
        (r"\sqrt{ab}", r"\sqrt ab"),
        (r"\bar\epsilon", r"\epsilon"),
        (r"\boldsymbol{R}", r"R"),
        (r"\mathrm{tr}", r"tr"),
        (r"\mathcal{A}", r"A"),
        (r"a, b", r"a b"),
        (r"a\cdot b", r"a b"),
        (r"\ldots", r"\cdots"),
        (r"x\leqslant1", r"x\leq1"),
        (r"(0.5)", r"(05)"),
    ],
)
def test_what_is_said_makes_a_difference(one, other):
    assert layout_free_tokens(one) != layout_free_tokens(other)


@pytest.mark.parametrize("tex", [r"\frac{a}{b", r"a}", r"\frac{a}", r"x_", r"\sqrt{\bar}"])
def test_broken_tex_is_refused(tex):
    with pytest.raises(ValueError, match="tex must"):
        layout_free_tokens(tex)


def test_displays_are_found_in_order():
    assert displays("a $x$ b $$ y=1 $$ c\n$$\nz\n=2\n$$") == ["y=1", "z\n=2"]
