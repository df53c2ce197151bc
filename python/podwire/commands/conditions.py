"""Filters as data: a column, an operator, values. Made from typed words, applied to rows or handed to the core."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from podwire.catalog.nouns import Column
from podwire.commands.answer import Row
from podwire.support.errors import UsageError

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter. `operator` is `in` (any of the values), `prefix` (addresses) or `range` (closed, numbers)."""

    column: Column
    operator: str
    values: tuple[Any, ...]
    is_negated: bool = False

    def matches(self, row: Row) -> bool:
        """Say whether the row passes."""
        return self._accepts(row.get(self.column.name)) != self.is_negated

    def _accepts(self, value: Any) -> bool:
        if value is None:
            return False
        if self.operator == "range":
            low, high = self.values
            return bool(low <= value <= high)
        if self.operator == "prefix":
            address = ipaddress.ip_address(value)
            return any(address in ipaddress.ip_network(network) for network in self.values)
        if self.column.type.is_list:
            members = str(value).split(",")
            return any(wanted == value or wanted in members for wanted in self.values)
        return value in self.values


def parse_condition(column: Column, text: str, *, is_negated: bool = False) -> Condition:
    """Read a filter's value: one value, a comma-separated list, a network (addresses) or `low..high` (numbers).

    Raises UsageError that names the column and what it takes.
    """
    if column.type.is_number and ".." in text:
        low, _, high = text.partition("..")
        return Condition(column, "range", (_value(column, low), _value(column, high)), is_negated)
    parts = [part for part in text.split(",") if part]
    if column.type.is_address and any("/" in part for part in parts):
        networks = tuple(str(_network(column, part)) for part in parts)
        return Condition(column, "prefix", networks, is_negated)
    whole = (text,) if column.type.is_list else ()
    return Condition(column, "in", whole + tuple(_value(column, part) for part in parts), is_negated)


def _value(column: Column, text: str) -> Any:
    try:
        return column.type.parse(text)
    except ValueError as error:
        msg = f"{column.name}: '{text}' is not {error}"
        raise UsageError(msg) from None


def _network(column: Column, text: str) -> _Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        msg = f"{column.name}: '{text}' is not an address or a network such as 10.10.0.0/16"
        raise UsageError(msg) from None
