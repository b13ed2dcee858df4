"""The JSON Schema of what ``isacnb ledger --json`` prints, made from the classes of the ledger."""

import types
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin

from .record import Formula, key_of, needed
from .records import Row

__all__ = ["schema"]

_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema() -> dict:
    """Return the schema of the whole list; ``isacnb/ledger/schema.json`` holds it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "isacnb-ledger-1",
        "title": "The ledger of the audit, version 1",
        "description": "What `isacnb ledger --json` prints: one object a claim. Within a version "
        "keys are only added.",
        "type": "array",
        "items": _of(Row),
    }


def _of(kind: Any) -> dict:
    """The schema of one type."""
    if is_dataclass(kind):
        return _of_class(kind)
    if isinstance(kind, types.UnionType):
        (inner,) = (one for one in get_args(kind) if one is not types.NoneType)
        return {**_of(inner), "type": [_of(inner)["type"], "null"]}
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _of(get_args(kind)[0])}
    if get_origin(kind) is dict:
        return {"type": "object", "additionalProperties": _of(get_args(kind)[1])}
    return {"type": _NAMES[kind]}


def _of_class(kind: type) -> dict:
    properties = {}
    for entry in fields(kind):
        # an optional field is left out and never null
        optional = isinstance(entry.type, types.UnionType) and not needed(entry)
        told = {
            key: entry.metadata[key]
            for key in ("enum", "pattern", "minimum", "description")
            if entry.metadata.get(key) is not None
        }
        properties[key_of(entry)] = _of(get_args(entry.type)[0] if optional else entry.type) | told
    found = {
        "type": "object",
        "description": kind.__doc__.split("\n\n")[0],
        "required": [key_of(entry) for entry in fields(kind) if needed(entry)],
        "additionalProperties": False,
        "properties": properties,
    }
    if kind is Formula:
        found["if"] = {"properties": {"read": {"const": True}}}
        found["then"] = {"required": ["functions", "points", "mutants", "killed", "equivalent"]}
        found["else"] = {"required": ["reason"]}
    return found
