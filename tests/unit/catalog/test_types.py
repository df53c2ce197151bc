"""Each type reads what it prints, and says what it expects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podwire.catalog import NOUNS, types
from podwire.catalog.types import ValueType

EVERY_TYPE = {column.type for noun in NOUNS for column in noun.columns}


@pytest.mark.parametrize(
    ("value_type", "typed", "raw", "shown"),
    [
        (types.ADDRESS, "10.0.0.1", "10.0.0.1", "10.0.0.1"),
        (types.ADDRESS, "2001:DB8:0::1", "2001:db8::1", "2001:db8::1"),
        (types.MAC, "88-88-88-BF-5D-BE", "88:88:88:bf:5d:be", "88:88:88:bf:5d:be"),
        (types.VLAN, "4095", 4095, "4095"),
        (types.VNI, "16777215", 16777215, "16777215"),
        (types.ON_OFF, "off", False, "off"),
        (types.ENABLE, "enable", True, "enable"),
        (types.ENABLE, "no", False, "disable"),
        (types.YES_NO, "TRUE", True, "yes"),
        (types.BYTES, "60M", 60 << 20, "60.0M"),
        (types.COUNT, "3.82K", 3820, "3.82K"),
        (types.LATENCY, "74.8us", 74_800, "74.8us"),
        (types.DURATION, "2h11m21s", 7_881_000_000_000, "2h11m21s"),
        (types.STRING, "a b", "a b", "a b"),
    ],
)
def test_values(value_type: ValueType, typed: str, raw: Any, shown: str) -> None:
    assert value_type.parse(typed) == raw
    assert value_type.show(raw) == shown


@pytest.mark.parametrize(
    ("value_type", "typed", "expected"),
    [
        (types.ADDRESS, "10.0.0", "an IPv4 or IPv6 address"),
        (types.MAC, "88:88:88:bf:5d", "a MAC address such as 88:88:88:bf:5d:be"),
        (types.VLAN, "4096", "a number from 0 to 4095"),
        (types.PORT, "http", "a number from 0 to 65535"),
        (types.ON_OFF, "maybe", "on or off"),
        (types.choice("a", "b"), "c", "one of a, b"),
    ],
)
def test_what_does_not_fit(value_type: ValueType, typed: str, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{expected}$"):
        value_type.parse(typed)


def test_raw_numbers_are_not_scaled() -> None:
    assert types.BYTES.show_raw(60 << 20) == "62914560"
    assert types.DURATION.show_raw(9_000_000_000) == "9000000000"
    assert types.ON_OFF.show_raw(True) == "on"


@pytest.mark.parametrize("value_type", sorted(EVERY_TYPE, key=lambda each: each.name), ids=lambda each: each.name)
@settings(deadline=None, max_examples=50)
@given(text=st.text(max_size=20))
def test_any_text_is_a_value_or_a_value_error(value_type: ValueType, text: str) -> None:
    try:
        raw = value_type.parse(text)
    except ValueError as error:
        assert str(error)
    else:
        assert value_type.show(raw) is not None
        assert value_type.show_raw(raw) is not None
