"""Label and field selectors, as lists and watches carry them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from podwire_lab.apiserver.kinds import Resource
from podwire_lab.apiserver.problems import bad_request

Object = dict[str, Any]
Test = Callable[[Object], bool]

_SET = re.compile(r"^(?P<key>[^\s,!=()]+)\s+(?P<op>in|notin)\s+\((?P<values>[^()]*)\)$")
_TERM = re.compile(r"^(?P<key>[^\s,!=()]+?)\s*(?P<op>==|!=|=)\s*(?P<value>[^\s,()]*)$")
_COMMON_FIELDS = ("metadata.name", "metadata.namespace")


def selector(resource: Resource, labels: str, fields: str) -> Test:
    """One test for both selectors; ApiError 400 where one is malformed or names an unknown field."""
    tests = [_label_test(term) for term in _split(labels)]
    tests += [_field_test(resource, term) for term in fields.split(",") if term]
    return lambda item: all(test(item) for test in tests)


def _split(text: str) -> list[str]:
    """At commas outside of parentheses."""
    return [term.strip() for term in re.split(r",(?![^(]*\))", text) if term.strip()]


def _label_test(term: str) -> Test:
    if match := _SET.match(term):
        key, values = match["key"], {value.strip() for value in match["values"].split(",")}
        if match["op"] == "in":
            return lambda item: _labels(item).get(key) in values
        return lambda item: _labels(item).get(key) not in values
    if match := _TERM.match(term):
        key, value, negative = match["key"], match["value"], match["op"] == "!="
        return lambda item: (_labels(item).get(key) == value) != negative
    if re.fullmatch(r"!?[^\s,!=()]+", term):
        key, wanted = term.lstrip("!"), not term.startswith("!")
        return lambda item: (key in _labels(item)) == wanted
    raise bad_request(f"unable to parse requirement: {term}")


def _labels(item: Object) -> dict[str, str]:
    found: dict[str, str] = item["metadata"].get("labels") or {}
    return found


def _field_test(resource: Resource, term: str) -> Test:
    match = _TERM.match(term.strip())
    if match is None:
        raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    path, value, negative = match["key"], match["value"], match["op"] == "!="
    if path not in (*_COMMON_FIELDS, *resource.field_labels):
        raise bad_request(f"field label not supported: {path}")
    return lambda item: (_field(item, path) == value) != negative


def _field(item: Object, path: str) -> str:
    found: Any = item
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if found is None:
        return "false" if path in {"spec.hostNetwork", "spec.unschedulable"} else ""
    return str(found).lower() if isinstance(found, bool) else str(found)
