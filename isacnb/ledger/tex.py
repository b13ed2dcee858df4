"""TeX as tokens: what a formula says, apart from how it is laid out."""

import re

__all__ = ["displays", "layout_free_tokens", "math_spans", "run_starts"]

_RAW = re.compile(
    r"""
    \\(?:text[a-z]*|mathrm|mathit|mathsf|mathtt|operatorname\*?|mbox)\s*
        \{(?P<words>[A-Za-z\s.,;:'-]*)\}        # an upright word is one token, such as tr
    | \\\\\s*(?:\[\s*[\d.]+\s*[a-z]{2}\s*\])?   # end of a row, with its extra height
    | \\(?:begin|end)\s*\{[A-Za-z]+\*?\}
    | \\[A-Za-z]+ | \\. | \S
    """,
    re.VERBOSE | re.DOTALL,
)
_LAYOUT = {
    *(r"\,", r"\;", r"\:", r"\!", r"\>", r"\/", "\\ ", "~", "&"),
    *(r"\quad", r"\qquad", r"\enspace", r"\thinspace", r"\mathstrut", r"\nonumber", r"\notag"),
    *(r"\limits", r"\nolimits", r"\displaystyle", r"\textstyle", r"\scriptstyle", r"\relax"),
    *(r"\mathopen", r"\mathclose", r"\mathbin", r"\mathrel", r"\mathord", r"\mathpunct"),
    *(r"\text", r"\textrm", r"\textit", r"\textnormal", r"\mbox", r"\operatorname"),
    *(r"\mathrm", r"\mathit", r"\mathsf", r"\mathtt", r"\mathnormal", r"\rm", r"\it", r"\sf"),
}
_SIZE = re.compile(r"\\(?:left|right|middle|[bB]igg?[lrm]?)")
_LAYOUT_ENVIRONMENT = re.compile(
    r"\\(?:begin|end)\s*\{(?:aligned|align|split|gathered|gather)\*?\}"
)
_SAME = {
    **dict.fromkeys((r"\dfrac", r"\tfrac", r"\cfrac"), r"\frac"),
    **dict.fromkeys((r"\mathbf", r"\bm", r"\pmb", r"\bf"), r"\boldsymbol"),
    **dict.fromkeys((r"\lvert", r"\rvert", r"\vert", r"\mid"), "|"),
    **dict.fromkeys((r"\lVert", r"\rVert", r"\Vert"), r"\|"),
    **{r"\lbrace": r"\{", r"\rbrace": r"\}", r"\lbrack": "[", r"\rbrack": "]", "−": "-"},
    **{r"\le": r"\leq", r"\ge": r"\geq", r"\ne": r"\neq", r"\rightarrow": r"\to"},
    **{r"\dots": r"\ldots", r"\dotsc": r"\ldots", r"\dotsb": r"\cdots", r"\prime": "'"},
}
_ARGUMENTS = {
    **dict.fromkeys((r"\frac", r"\binom", r"\stackrel", r"\overset", r"\underset"), 2),
    **dict.fromkeys((r"\sqrt", r"\xrightarrow", r"\boldsymbol", r"\mathcal", r"\mathbb"), 1),
    **dict.fromkeys((r"\mathfrak", r"\mathscr", r"\bar", r"\overline", r"\underline"), 1),
    **dict.fromkeys((r"\hat", r"\widehat", r"\tilde", r"\widetilde", r"\breve", r"\check"), 1),
    **dict.fromkeys((r"\dot", r"\ddot", r"\vec", r"\val"), 1),
}


def math_spans(text: str) -> list[str]:
    """Return the TeX of all formulas of a Markdown text, in order.

    Both ``$…$`` and ``$$…$$`` count; the dollars are left out.

    >>> math_spans("For $x>0$ it is $$x^2 .$$")
    ['x>0', 'x^2 .']
    """
    found = re.findall(r"\$\$(.+?)\$\$|\$([^$]+)\$", text, re.DOTALL)
    return [(display or inline).strip() for display, inline in found]


def displays(markdown: str) -> list[str]:
    """Return the displayed formulas of a text, in order.

    >>> displays("For $x>0$ it is $$x^2 .$$")
    ['x^2 .']
    """
    return [tex.strip() for tex in re.findall(r"\$\$(.+?)\$\$", markdown, re.DOTALL)]


def layout_free_tokens(tex: str) -> list[str]:
    r"""Return the tokens of a formula without what only lays it out.

    Left out are spacing, alignment and ends of rows, bracket sizes, upright and slanted type,
    sizes, the environments that only align, braces that only group, and trailing punctuation.
    Several spellings of one sign become one (``\dfrac`` and ``\frac``, ``\le`` and ``\leq``,
    ``\lvert`` and ``|``). Arguments stand in braces only if they are longer than one token, and a
    subscript stands before its superscript. Bold type stays, as ``\boldsymbol``, for it
    distinguishes letters; a word in upright type is one token.

    Raises ValueError where braces do not match or an argument is missing.

    >>> layout_free_tokens(r"\left(\dfrac{1}{2}\right)^{2}\,\mathrm{tr}\,\mathbf A_{k},")
    ['(', '\\frac', '1', '2', ')', '^', '2', 'tr', '\\boldsymbol', 'A', '_', 'k']
    """
    raw: list[str] = []
    for match in _RAW.finditer(tex):
        if match["words"] is not None:
            # braces, so that an argument of several words stays one argument
            raw += ["{", *re.findall(r"[A-Za-z]+|\S", match["words"]), "}"]
        elif not (match[0].startswith("\\\\") or _LAYOUT_ENVIRONMENT.fullmatch(match[0])):
            raw.append(match[0])
    tokens, rest = _sequence(raw, 0)
    if rest < len(raw):
        raise ValueError(f"tex must have matching braces, got {tex!r}")
    while tokens and tokens[-1] in ".,;":
        tokens.pop()
    return tokens


def _sequence(raw: list[str], at: int) -> tuple[list[str], int]:
    """Tokens up to the closing brace of the group, or up to the end, and where that is."""
    tokens: list[str] = []
    while at < len(raw) and raw[at] != "}":
        found, at = _item(raw, at)
        tokens += found
    return tokens, at


def _item(raw: list[str], at: int) -> tuple[list[str], int]:
    """Tokens of one item: a group, a command with its arguments, the scripts, or a sign."""
    token = _SAME.get(raw[at], raw[at])
    at += 1
    if token == "{":
        tokens, at = _sequence(raw, at)
        if at == len(raw):
            raise ValueError(f"tex must have matching braces, got {' '.join(raw)!r}")
        return tokens, at + 1
    if token in _LAYOUT:
        return [], at
    if _SIZE.fullmatch(token):
        return [], at + (raw[at : at + 1] == ["."])
    if token in ("_", "^"):
        scripts = {"_": [], "^": []}
        at -= 1
        while raw[at : at + 1] in (["_"], ["^"]):
            sign = raw[at]
            argument, at = _argument(raw, at + 1)
            scripts[sign] += [sign, *argument]
        return scripts["_"] + scripts["^"], at
    tokens = [token]
    for _ in range(_ARGUMENTS.get(token, 0)):
        if token in (r"\sqrt", r"\xrightarrow") and raw[at : at + 1] == ["["]:
            end = raw.index("]", at)
            tokens += raw[at : end + 1]
            at = end + 1
        argument, at = _argument(raw, at)
        tokens += argument
    return tokens, at


def _argument(raw: list[str], at: int) -> tuple[list[str], int]:
    """The next argument, in braces unless it is one token."""
    while at < len(raw) and raw[at] in _LAYOUT:
        at += 1
    if at == len(raw) or raw[at] == "}":
        raise ValueError(f"tex must give every command its arguments, got {' '.join(raw)!r}")
    tokens, at = _item(raw, at)
    return (tokens if len(tokens) == 1 else ["{", *tokens, "}"]), at


def run_starts(part: list[str], whole: list[str]) -> list[int]:
    """Return all places at which the tokens of ``part`` stand in ``whole`` in a row.

    >>> run_starts(["b", "c"], ["a", "b", "c", "b", "c"]), run_starts(["a", "c"], ["a", "b", "c"])
    ([1, 3], [])
    """
    size = len(part)
    return [start for start in range(len(whole) - size + 1) if whole[start : start + size] == part]
