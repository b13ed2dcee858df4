r"""A verdict's text: one Markdown block whose ``{fields}`` are computed where it is given."""

import re
from dataclasses import fields

from .record import Record

__all__ = ["HEADINGS", "parse_verdict"]

#: heading of a paragraph -> field of the record
HEADINGS = {
    entry.metadata["heading"]: entry.name for entry in fields(Record) if "heading" in entry.metadata
}
_LISTS = {entry.name for entry in fields(Record) if entry.type == tuple[str, ...] | None}
_FORMULAS = {entry.name for entry in fields(Record) if entry.metadata.get("formula")}
_HEADING = re.compile(r"([A-Z][a-z]+):(?=\s|$)")
_NOT_FINITE = re.compile(r"(?<![a-z\\])(nan|inf|zoo|oo)j?(?![a-z])", re.IGNORECASE)
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


def parse_verdict(text: str, namespace: dict) -> dict:
    r"""Return the texts of a verdict by their fields in the record, with every field computed.

    The first paragraph is the finding. Every other one begins with a word of ``HEADINGS`` and a
    colon. "Readings", "Assumes" and "Where" are lists of ``- `` items; the item ``- {*texts}`` stands for
    one item a text. "Correction" is one formula between ``$$``.

    Outside mathematics ``{expression:format}`` is evaluated in ``namespace`` as an f-string would,
    and ``{{``, ``}}`` are braces. Between dollar signs braces are TeX, and a field is written
    ``\val{expression:format}``.

    Raises ``ValueError`` for an empty block, an unknown heading or one given twice, a paragraph of
    the wrong form, and a field that fails or whose value is not finite; a text, such as that of
    :func:`isacnb.ledger.number`, may say "infinity".

    >>> parse_verdict("Half of $x$ is {x / 2:.1f}.\n\nWhy: $x=\\val{x}$.", {"x": 3})
    {'finding': 'Half of $x$ is 1.5.', 'why': '$x=3$.'}
    """
    paragraphs = [block.strip() for block in re.split(r"\n\s*\n", text) if block.strip()]
    if not paragraphs:
        raise ValueError("text must begin with the finding, got an empty block")
    texts: dict = {}
    for place, paragraph in enumerate(paragraphs):
        heading = _HEADING.match(paragraph)
        if heading is None and place:
            raise ValueError(
                f"paragraph {place + 1} must begin with one of {_known()}, got {paragraph[:40]!r}"
            )
        if heading is None:
            texts["finding"] = _fill(_joined(paragraph), namespace, "finding")
            continue
        name, body = heading[1], paragraph[heading.end() :].strip()
        if name not in HEADINGS:
            raise ValueError(f"heading must be one of {_known()}, got {name!r}")
        if not place:
            raise ValueError(f"text must begin with the finding, got the heading {name!r}")
        key = HEADINGS[name]
        if key in texts:
            raise ValueError(f"heading {name!r} must be given once, got it twice")
        if not body:
            raise ValueError(f"paragraph {name!r} must have a text, got none")
        if key in _LISTS:
            texts[key] = tuple(_items(body, namespace, name))
        elif key in _FORMULAS:
            texts[key] = _formula(body, namespace, name)
        else:
            texts[key] = _fill(_joined(body), namespace, name)
    return texts


def _known() -> str:
    return ", ".join(HEADINGS)


def _joined(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines())


def _items(body: str, namespace: dict, name: str) -> list[str]:
    """The texts of a list."""
    if not body.startswith("- "):
        raise ValueError(f"paragraph {name!r} must be a list of '- ' items, got {body[:40]!r}")
    items = []
    for item in re.split(r"^\s*- ", body, flags=re.MULTILINE)[1:]:
        item = _joined(item).strip()
        if not item.startswith("{*"):
            items.append(_fill(item, namespace, name))
            continue
        end, _ = _field_end(item, 1, name)
        if end != len(item) - 1:
            raise ValueError(f"{name}: {item!r} must be alone in its item")
        several = _evaluated(item[2:end], namespace, f"{name}: {item}")
        items += [_written(one, "", f"{name}: {item}") for one in several]
    return items


def _formula(body: str, namespace: dict, name: str) -> str:
    """The TeX of a paragraph that is one formula between double dollar signs."""
    body = _joined(body)
    inner = body[2:-2]
    if len(body) < 5 or body[:2] + body[-2:] != "$$$$" or "$" in inner:
        raise ValueError(f"paragraph {name!r} must be one formula between $$, got {body[:40]!r}")
    return _fill(body, namespace, name)[2:-2].strip()


def _fill(template: str, namespace: dict, name: str) -> str:
    """The template with its fields replaced; a value is never read as a template again."""
    out, i, math = [], 0, False
    while i < len(template):
        rest = template[i:]
        if rest[:2] in (r"\$", r"\\"):
            step = rest[:2]
        elif rest[0] == "$":
            math = not math
            step = "$$" if rest.startswith("$$") else "$"
        elif rest.startswith(r"\val{") and not math:
            raise ValueError(rf"{name}: \val stands in mathematics alone, got {rest[:40]!r}")
        elif not math and rest[:2] in ("{{", "}}"):
            out.append(rest[0])
            i += 2
            continue
        elif not math and rest[0] == "}":
            raise ValueError(f"{name}: a '}}' must be written twice, got {rest[:40]!r}")
        elif rest.startswith(r"\val{") if math else rest[0] == "{":
            start = i + (len(r"\val{") if math else 1)
            end, colon = _field_end(template, start, name)
            field = f"{name}: field {template[i : end + 1]}"
            value = _evaluated(template[start : colon or end], namespace, field)
            out.append(_written(value, template[colon + 1 : end] if colon else "", field))
            i = end + 1
            continue
        else:
            step = rest[0]
        out.append(step)
        i += len(step)
    if math:
        raise ValueError(f"{name}: a '$' must be closed, got {template[:40]!r}")
    return "".join(out)


def _field_end(template: str, start: int, name: str) -> tuple[int, int | None]:
    """Places of the brace that closes a field and of the colon before its format, if any."""
    open_brackets, colon, i = ["}"], None, start
    while i < len(template):
        sign = template[i]
        if sign in "'\"" and colon is None:
            quoted = re.compile(rf"{sign}(\\.|[^\\{sign}])*{sign}").match(template, i)
            if quoted is None:
                break
            i = quoted.end()
            continue
        if sign in _BRACKETS:
            open_brackets.append(_BRACKETS[sign])
        elif sign == open_brackets[-1]:
            open_brackets.pop()
            if not open_brackets:
                return i, colon
        elif sign == ":" and len(open_brackets) == 1 and colon is None:
            colon = i
        i += 1
    raise ValueError(f"{name}: a field must be closed, got {template[start - 1 : start + 40]!r}")


def _evaluated(expression: str, namespace: dict, field: str):
    try:
        # a copy, for eval writes the builtins into what it is given
        return eval(expression.strip(), dict(namespace))
    except Exception as error:
        raise ValueError(f"{field} fails: {type(error).__name__}: {error}") from error


def _written(value, form: str, field: str) -> str:
    try:
        text = format(value, form)
    except Exception as error:
        raise ValueError(f"{field} fails: {type(error).__name__}: {error}") from error
    if _NOT_FINITE.search(text):
        raise ValueError(f"{field} must be finite, got {text}")
    return text
