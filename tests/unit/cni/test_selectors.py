"""Which nodes selectors mean, and that nothing which is written there breaks anything."""

from __future__ import annotations

import random

import pytest

from podwire.cni.selectors import calico_selects, label_selects

LABELS = {"zone": "edge-1", "os": "linux", "in": "x"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all()", True),
        ("", True),
        ("!all()", False),
        ("has(zone)", True),
        ("! has(gone)", True),
        ("zone == 'edge-1'", True),
        ('zone != "edge-1"', False),
        ("gone != 'x'", True),
        ("zone in {'a', 'edge-1'}", True),
        ("zone not in {'a', 'edge-1'}", False),
        ("zone starts with 'edge' && os ends with 'x'", True),
        ("zone contains 'ge' && (os == 'windows' || !has(zone))", False),
        ("os == 'windows' || zone == 'edge-1' && has(os)", True),
        ("zone = 'x'", None),
        ("zone ==", None),
        ("(" * 100 + "all()" + ")" * 100, None),
        ("x" * 5_000, None),
        (7, None),
    ],
)
def test_expressions_of_calico(text: object, expected: bool | None) -> None:
    assert calico_selects(text, LABELS) is expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, True),
        ({"matchLabels": {"os": "linux"}}, True),
        ({"matchLabels": {"os": "windows"}}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "In", "values": ["edge-1"]}]}, True),
        ({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "Gt", "values": ["1"]}]}, None),
        ({"matchLabels": []}, True),
        ({"matchLabels": "x"}, None),
        (None, None),
    ],
)
def test_label_selectors(selector: object, expected: bool | None) -> None:
    assert label_selects(selector, LABELS) is expected


def test_no_text_breaks_the_reader() -> None:
    chance = random.Random(7)  # noqa: S311 - test data
    parts = [
        "all()",
        "has(",
        ")",
        "(",
        "&&",
        "||",
        "!",
        "zone",
        "==",
        "'edge-1'",
        "in",
        "{",
        "}",
        ",",
        " ",
        "'",
        "not in",
    ]
    for _ in range(3_000):
        calico_selects("".join(chance.choices(parts, k=chance.randrange(12))), LABELS)
