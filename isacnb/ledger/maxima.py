"""A second algebra system: Maxima judges every symbolic pair of the book again, in one process.

A pair is written in Maxima's language with the facts that are known of its symbols; integrals, sums,
products and limits go over unevaluated, so that Maxima finds their values by itself. Its answers are
kept by the digest of what was written (:mod:`isacnb.ledger.second`).
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import sympy
from sympy.printing.str import StrPrinter

from .second import ANSWERS

__all__ = [
    "Unwritten",
    "answer",
    "available",
    "digest_of",
    "judge",
    "keep",
    "kept",
    "version",
    "write",
    "written",
]

#: names a file to which every pair that is judged is added, for the run of Maxima after the chapters
_KEEP = "ISACNB_PAIRS"

#: the reductions, tried in turn; a difference that any of them makes 0 is 0
_LADDER = r"""
display2d:false$ fpprec:40$ linel:100000$ ratprint:false$ simpsum:true$ m1pbranch:true$
careful:[lambda([x],ratsimp(x)), lambda([x],fullratsimp(x)), lambda([x],ratsimp(exponentialize(x))),
  lambda([x],ratsimp(rectform(x))), lambda([x],trigsimp(trigexpand(ratsimp(x)))),
  lambda([x],ratsimp(minfactorial(makefact(x)))), lambda([x],ratsimp(logcontract(x)))]$
steps:append([lambda([x],ratsimp(x)), lambda([x],radcan(x))], careful,
  [lambda([x],radcan(exponentialize(x))), lambda([x],radcan(minfactorial(makefact(makegamma(x)))))])$
differs(e,point):=block([size:errcatch(cabs(rectform(bfloat(subst(point,e)))))],
  size#[] and bfloatp(bfloat(first(size))) and is(bfloat(first(size))>1b-20)=true)$
vanishes(e,point):=block([found:"no",r,i:1],
  if differs(e,point) then return("no"),
  while i<=length(steps) and found="no" do (
    r:errcatch(steps[i](e)), i:i+1,
    if r#[] and is(equal(first(r),0))=true then found:"yes"),
  found)$
"""
_FUNCTIONS = {
    **{name: name for name in ("log", "exp", "sin", "cos", "tan", "cot", "asin", "acos", "atan")},
    **{name: name for name in ("sinh", "cosh", "tanh", "conjugate", "gamma", "factorial", "erf")},
    **{name: name for name in ("erfc", "floor", "binomial")},
    "Abs": "abs",
    "re": "realpart",
    "im": "imagpart",
    "besseli": "bessel_i",
    "besselj": "bessel_j",
    "besselk": "bessel_k",
    "Max": "max",
    "Min": "min",
    "sign": "signum",
    "loggamma": "log_gamma",
    "ceiling": "ceiling",
    "uppergamma": "gamma_incomplete",
}


class Unwritten(ValueError):
    """Maxima has no word for a part of an expression."""


class _Printer(StrPrinter):
    """Symbols become v0, v1, ..., so that none is a word of Maxima's."""

    def __init__(self):
        super().__init__({"order": "none"})
        self.names: dict[sympy.Symbol, str] = {}

    def _print_Symbol(self, expr):
        return self.names.setdefault(expr, f"v{len(self.names)}")

    _print_Dummy = _print_Symbol

    def _print_Pow(self, expr, rational=False):
        return f"(({self._print(expr.base)})^({self._print(expr.exp)}))"

    def _print_Mul(self, expr):
        return "(" + "*".join(f"({self._print(a)})" for a in expr.args) + ")"

    def _print_Add(self, expr, order=None):
        return "(" + "+".join(f"({self._print(a)})" for a in expr.args) + ")"

    def _print_Rational(self, expr):
        return f"({expr.p}/{expr.q})"

    def _print_Float(self, expr):
        raise Unwritten("a float")

    def _print_Pi(self, expr):
        return "%pi"

    def _print_Exp1(self, expr):
        return "%e"

    def _print_ImaginaryUnit(self, expr):
        return "%i"

    def _print_EulerGamma(self, expr):
        return "%gamma"

    def _print_Infinity(self, expr):
        return "inf"

    def _print_NegativeInfinity(self, expr):
        return "minf"

    def _print_Function(self, expr):
        name = type(expr).__name__
        inside = ", ".join(map(self._print, expr.args))
        if name in _FUNCTIONS:
            return f"{_FUNCTIONS[name]}({inside})"
        if isinstance(expr, sympy.core.function.AppliedUndef):
            return f"u_{name}({inside})"
        raise Unwritten(f"the function {name}")

    _print_Abs = _print_re = _print_im = _print_conjugate = _print_Function
    _print_gamma = _print_factorial = _print_Max = _print_Min = _print_exp = _print_Function

    def _over(self, word, expr):
        out = self._print(expr.function)
        for limit in expr.limits:
            out = f"{word}({out}, {', '.join(map(self._print, limit))})"
        return out

    def _print_Integral(self, expr):
        return self._over("integrate", expr)

    def _print_Sum(self, expr):
        return self._over("sum", expr)

    def _print_Product(self, expr):
        return self._over("product", expr)

    def _print_Limit(self, expr):
        function, variable, point, side = expr.args
        sides = {"+": ", plus", "-": ", minus"}
        inside = ", ".join(map(self._print, (function, variable, point)))
        return f"limit({inside}{sides.get(str(side), '')})"

    def _print_Derivative(self, expr):
        out = self._print(expr.expr)
        for variable, count in expr.variable_count:
            out = f"diff({out}, {self._print(variable)}, {self._print(count)})"
        return out

    def emptyPrinter(self, expr):
        raise Unwritten(type(expr).__name__)


def written(left: sympy.Expr, right: sympy.Expr) -> str:
    """The difference of a pair in Maxima's language, behind the facts about its symbols.

    Raises :class:`Unwritten` where Maxima has no word for a part.

    >>> x = sympy.Symbol("x", positive=True)
    >>> written(sympy.sqrt(x), x)
    'assume(v0>0)$ (((v0)^((1/2))))-(v0)'
    """
    printer = _Printer()
    difference = f"({printer.doprint(left)})-({printer.doprint(right)})"
    facts = []
    for symbol, name in printer.names.items():
        if symbol.is_integer:
            facts.append(f"declare({name}, integer)$")
        if symbol.is_positive:
            facts.append(f"assume({name}>0)$")
        elif symbol.is_nonnegative:
            facts.append(f"assume({name}>=0)$")
        elif symbol.is_negative:
            facts.append(f"assume({name}<0)$")
        elif not symbol.is_real:
            facts.append(f"declare({name}, complex)$")
    if not all(symbol.is_nonnegative for symbol in printer.names):
        facts.append("steps:careful$")  # radcan takes the root of a square for its base
    return " ".join([*facts, difference])


def digest_of(text: str) -> str:
    """The key of a pair in the file of the answers."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keep(pairs: Iterable[tuple[sympy.Expr, sympy.Expr]]) -> tuple[str, ...]:
    """The digests of pairs, which are added to the file that the environment names, if any."""
    digests = []
    for left, right in pairs:
        try:
            text, reason = written(left, right), None
        except Unwritten as error:
            text, reason = sympy.srepr((left, right)), str(error)
        digests.append(digest_of(text))
        if os.environ.get(_KEEP):
            entry = {"digest": digests[-1]} | ({"reason": reason} if reason else {"text": text})
            line = json.dumps(entry) + "\n"
            # one write a line: several chapters run at once
            handle = os.open(os.environ[_KEEP], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            try:
                os.write(handle, line.encode())
            finally:
                os.close(handle)
    return tuple(digests)


def kept(path: Path) -> dict[str, dict]:
    """The pairs that chapters have left in a file, by their digests."""
    entries = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return {entry["digest"]: entry for entry in entries}


def available() -> bool:
    """Whether Maxima is installed."""
    return shutil.which("maxima") is not None


#: seconds that one pair may take
PATIENCE = 20.0


def judge(texts: list[str], patience: float = PATIENCE) -> list[bool | None]:
    """Whether Maxima reduces each difference to 0; None where it gives no answer in time.

    One process answers one pair after the other; it is ended and begun anew behind a pair that
    keeps it.
    """
    found: dict[int, bool] = {}
    waiting = list(range(len(texts)))
    while waiting:
        found |= _answers({place: texts[place] for place in waiting}, patience)
        rest = [place for place in waiting if place not in found]
        waiting = rest[1:]  # the first kept the process, or ended it
    return [found.get(place) for place in range(len(texts))]


def _answers(texts: dict[int, str], patience: float) -> dict[int, bool]:
    """The answers of one process, until it is silent for too long."""
    commands = []
    for place, text in texts.items():
        facts, difference = _split(text)
        commands.append(
            f"{facts} answer:errcatch(vanishes({difference}, {_point(text)}))$ "
            f'print("ANSWER",{place}, if answer=[] then "no" else first(answer))$ '
            f"kill(all)$ {_LADDER}"
        )
    with tempfile.TemporaryDirectory() as folder:
        batch, said = Path(folder) / "pairs.mac", Path(folder) / "said"
        batch.write_text(_LADDER + "\n".join(commands), "utf-8")
        with said.open("w") as stream:
            process = subprocess.Popen(
                ["maxima", "--very-quiet", "-b", str(batch)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        size, since = 0, time.monotonic()
        while process.poll() is None and time.monotonic() - since < patience:
            time.sleep(0.05)
            if said.stat().st_size > size:
                size, since = said.stat().st_size, time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # Maxima runs a Lisp of its own
        process.wait()
        lines = re.findall(r"(?m)^ANSWER (\d+) (yes|no)", said.read_text("utf-8", "replace"))
    return {int(place): word == "yes" for place, word in lines}


def _point(text: str) -> str:
    """A generic value of each letter, at which a difference is seen before it is looked for."""
    whole = set(re.findall(r"declare\((v\d+), integer\)", text))
    letters = sorted(set(re.findall(r"v\d+", text)), key=lambda name: int(name[1:]))
    values = (
        f"{name}={2 + place % 3}" if name in whole else f"{name}={7 + 4 * place}/{11 + 2 * place}"
        for place, name in enumerate(letters)
    )
    return f"[{', '.join(values)}]"


#: where the sign of a part matters to radcan
_SIGNED = re.compile(r"log|abs|atan2")
_ROOT = re.compile(r"\)\^\(\(-?\d+/\d+\)\)")


def _split(text: str) -> tuple[str, str]:
    """Facts and difference; care is needed only where a root is taken of what may be negative."""
    end = text.rfind("$") + 1
    facts, difference = text[:end], text[end:]
    positive = set(re.findall(r"assume\((v\d+)>", facts))
    roots = [_base(difference, match.start()) for match in _ROOT.finditer(difference)]
    sure = all(
        set(re.findall(r"v\d+", base)) <= positive and not re.search(r"\(-\d+\)\*|exp|%i", base)
        for base in roots
    )
    if sure and not _SIGNED.search(difference):
        facts = facts.replace("steps:careful$", "")
    return facts, difference


def _base(text: str, end: int) -> str:
    """What stands between the bracket that closes at ``end`` and the one that opens it."""
    depth, start = 0, end
    while True:
        depth += {")": 1, "(": -1}.get(text[start], 0)
        if not depth:
            return text[start : end + 1]
        start -= 1


def version() -> str:
    """Name and version of the system that is installed."""
    found = subprocess.run(["maxima", "--version"], capture_output=True, text=True, check=True)
    return found.stdout.strip()


#: what is kept of an answer
_WORDS = {True: "0", False: "not 0", None: f"not applicable: no answer in {PATIENCE:.0f} seconds"}


def answer(entries: Iterable[dict]) -> dict[str, str]:
    """Judge pairs that chapters have left; the answers by digest."""
    entries = list(entries)
    texts = [entry for entry in entries if "text" in entry]
    found = dict(
        zip(
            (entry["digest"] for entry in texts),
            map(_WORDS.get, judge([entry["text"] for entry in texts])),
            strict=True,
        )
    )
    others = {e["digest"]: f"not applicable: {e['reason']}" for e in entries if "reason" in e}
    return found | others


def write(found: dict[str, str]) -> None:
    """Write the generated file of the answers."""
    text = json.dumps({"system": version(), "pairs": dict(sorted(found.items()))}, indent=1)
    ANSWERS.write_text(text + "\n", "utf-8")
