"""Which nodes a selector means: Calico's expressions and Kubernetes' label selectors.

Sources: calico, libcalico-go/lib/selector (tokenizer and parser); Kubernetes API, meta/v1 LabelSelector. What cannot
be read answers None: it may mean any node.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from podwire.cni.reading import objects

_LONGEST = 2_048
_DEEPEST = 32
_TOKEN = re.compile(
    r"""\s*(?:(?P<op>&&|\|\||==|!=|!|\(|\)|\{|\}|,)|(?P<text>'[^']*'|"[^"]*")"""
    r"""|(?P<words>not\s+in|starts\s+with|ends\s+with|in|contains)(?=[\s{'"])|(?P<name>[\w./-]+))"""
)


class _UnreadableError(Exception):
    """The expression is none of Calico's."""


def calico_selects(expression: object, labels: Mapping[str, str]) -> bool | None:
    """Return whether a Calico expression means a node with these labels; None where it cannot be read."""
    if not isinstance(expression, str) or len(expression) > _LONGEST:
        return None
    try:
        return _Reader(expression, labels).whole()
    except _UnreadableError:
        return None


def label_selects(selector: object, labels: Mapping[str, str]) -> bool | None:
    """Return whether a LabelSelector means a node with these labels: an empty one means all; None where it is none."""
    if not isinstance(selector, dict):
        return None
    equal = selector.get("matchLabels") or {}
    if not isinstance(equal, dict):
        return None
    if any(labels.get(key) != value for key, value in equal.items()):
        return False
    answers = [_meets(each, labels) for each in objects(selector.get("matchExpressions"))]
    if False in answers:
        return False
    return None if None in answers else True


def _meets(each: Mapping[str, object], labels: Mapping[str, str]) -> bool | None:
    key, operator, values = each.get("key"), each.get("operator"), each.get("values") or []
    if not isinstance(key, str) or not isinstance(values, list):
        return None
    answers = {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return answers.get(operator) if isinstance(operator, str) else None


class _Reader:
    """Reads an expression from left to right and answers it at once."""

    def __init__(self, text: str, labels: Mapping[str, str]) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._labels = labels
        self._depth = 0
        text = text.strip()
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or found.end() == at:
                raise _UnreadableError
            kind = found.lastgroup or ""
            self._tokens.append((kind, " ".join(found.group(kind).split()) if kind == "words" else found.group(kind)))
            at = found.end()
        self._tokens.reverse()

    def whole(self) -> bool:
        answer = self._any() if self._tokens else True
        if self._tokens:
            raise _UnreadableError
        return answer

    def _any(self) -> bool:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _UnreadableError
        answer = self._all()
        while self._skip("||"):
            answer = self._all() or answer
        self._depth -= 1
        return answer

    def _all(self) -> bool:
        answer = self._one()
        while self._skip("&&"):
            answer = self._one() and answer
        return answer

    def _one(self) -> bool:
        turned = False
        while self._skip("!"):
            turned = not turned
        if self._skip("("):
            answer = self._any()
            self._want(")")
        else:
            answer = self._term()
        return answer != turned

    def _term(self) -> bool:
        name = self._take("name")
        if name in ("all", "global") and self._skip("("):
            self._want(")")
            return name == "all"
        if name == "has" and self._skip("("):
            label = self._take("name")
            self._want(")")
            return label in self._labels
        return self._compare(self._labels.get(name))

    def _compare(self, value: str | None) -> bool:
        _, operator = self._pop()
        if operator in ("in", "not in"):
            return (value in self._set()) == (operator == "in")
        wanted = self._take("text")[1:-1]
        tests = {
            "==": value == wanted,
            "!=": value != wanted,
            "contains": value is not None and wanted in value,
            "starts with": value is not None and value.startswith(wanted),
            "ends with": value is not None and value.endswith(wanted),
        }
        if operator not in tests:
            raise _UnreadableError
        return tests[operator]

    def _set(self) -> set[str]:
        self._want("{")
        found: set[str] = set()
        while not self._skip("}"):
            found.add(self._take("text")[1:-1])
            self._skip(",")
        return found

    def _pop(self) -> tuple[str, str]:
        if not self._tokens:
            raise _UnreadableError
        return self._tokens.pop()

    def _take(self, kind: str) -> str:
        found, text = self._pop()
        if found != kind and not (kind == "name" and found == "words"):
            raise _UnreadableError
        return text

    def _skip(self, text: str) -> bool:
        if self._tokens and self._tokens[-1] == ("op", text):
            self._tokens.pop()
            return True
        return False

    def _want(self, text: str) -> None:
        if not self._skip(text):
            raise _UnreadableError
