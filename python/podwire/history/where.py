"""Conditions on columns as SQL. Values come from outside, so that each one passes through `literal`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on one column. What is null matches nothing, so that a negated condition lets it pass.

    `operator` is `in` (any of the values), `range` (from, to; either may be None), `prefix` (addresses in any of the
    networks), `pattern` (`*` stands for any text) or `any` (any of these conditions on the same column).
    """

    column: str
    operator: str
    values: tuple[Any, ...]
    is_negated: bool = False
    is_list: bool = False
    """Whether the column's texts are comma-separated lists, whose members match too."""


def quoted(name: str) -> str:
    """Write the name of a column."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """Write a value: text, a number, a truth or None. Raises TypeError for anything else."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) + "::DOUBLE"
    if isinstance(value, str):
        return _text(value)
    msg = f"{type(value).__name__} has no literal"
    raise TypeError(msg)


def _text(value: str) -> str:
    """Write a text. One with a NUL cannot be in any column; SQL text cannot hold it, so that nothing equals it."""
    if "\0" in value or not _is_unicode(value):
        return "NULL"
    return "'" + value.replace("'", "''") + "'"


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def predicate(condition: Condition, expression: str | None = None) -> str:
    """Return the condition as SQL that is never null; `expression` stands for the column where it is no plain one."""
    column = expression if expression is not None else quoted(condition.column)
    accepts = _accepts(condition, column)
    return f"(NOT coalesce({accepts}, false))" if condition.is_negated else f"coalesce({accepts}, false)"


def _accepts(condition: Condition, column: str) -> str:
    if condition.operator == "any":
        return "(" + " OR ".join(f"coalesce({_accepts(each, column)}, false)" for each in condition.values) + ")"
    test = _OPERATORS[condition.operator]
    whole = test(column, condition.values)
    if not condition.is_list:
        return whole
    parts = f"list_transform(string_split({column}, ','), lambda part: {test('part', condition.values)})"
    return f"({whole} OR list_bool_or({parts}))"


def all_of(conditions: Sequence[Condition], expressions: Mapping[str, str] | None = None) -> str:
    """Return SQL that holds where every condition does; `true` for none."""
    known = expressions or {}
    return " AND ".join(predicate(each, known.get(each.column)) for each in conditions) or "true"


def _in(column: str, values: Sequence[Any]) -> str:
    return f"{column} IN ({', '.join(map(literal, values))})" if values else "false"


def _range(column: str, values: Sequence[Any]) -> str:
    low, high = values
    parts = [f"{column} >= {literal(low)}"] if low is not None else []
    parts += [f"{column} <= {literal(high)}"] if high is not None else []
    return f"({' AND '.join(parts)})" if parts else f"{column} IS NOT NULL"


def _prefix(column: str, values: Sequence[Any]) -> str:
    return "(" + " OR ".join(_in_network(column, str(each)) for each in values) + ")" if values else "false"


def _in_network(column: str, text: str) -> str:
    network = ipaddress.ip_network(text, strict=False)
    if isinstance(network, ipaddress.IPv6Network):
        return _in_network_v6(column, network)
    whole, bits = divmod(network.prefixlen, 8)
    octets = str(network.network_address).split(".")
    start = "".join(f"{octet}." for octet in octets[:whole])
    if whole == 4:
        return f"{column} = '{network.network_address}'"
    parts = [f"starts_with({column}, '{start}')"] if start else [f"NOT contains({column}, ':')"]
    if bits:
        last = int(octets[whole]) + (1 << (8 - bits)) - 1
        parts.append(f"TRY_CAST(split_part({column}, '.', {whole + 1}) AS INTEGER) BETWEEN {octets[whole]} AND {last}")
    return f"({' AND '.join(parts)})"


def _in_network_v6(column: str, network: ipaddress.IPv6Network) -> str:
    """Compare the text as far as it must be the same, which is quick, and all digits where that does not say it."""
    whole, bits = divmod(network.prefixlen, 16)
    groups = [group.lstrip("0") for group in network.network_address.exploded.split(":")]
    # From the first zero group on, the text may be shortened.
    plain = next((at for at, group in enumerate(groups[:whole]) if not group), whole)
    start = "".join(f"{group}:" for group in groups[: min(plain, 7)])
    parts = [f"starts_with({column}, '{start}')" if start else f"contains({column}, ':')"]
    if bits or plain < whole or whole == 8:
        low, high = (f"{int(each):032x}" for each in (network[0], network[-1]))
        # CASE keeps the digits of what is no such address from being asked for.
        parts.append(f"CASE WHEN {parts[0]} THEN address_digits({column}) END BETWEEN '{low}' AND '{high}'")
    return f"({' AND '.join(parts)})"


def _pattern(column: str, values: Sequence[Any]) -> str:
    if not values:
        return "false"
    return "(" + " OR ".join(f"{column} LIKE {_text(_like(str(each)))} ESCAPE '\\'" for each in values) + ")"


def _like(pattern: str) -> str:
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")


_OPERATORS: Mapping[str, Callable[[str, Sequence[Any]], str]] = {
    "in": _in,
    "range": _range,
    "prefix": _prefix,
    "pattern": _pattern,
}

MACROS = (
    """CREATE MACRO padded_groups(a) AS array_to_string(list_transform(string_split(a, ':'), lambda g:
         CASE WHEN g = '' THEN '' ELSE lpad(g, 4, '0') END), '')""",
    "CREATE MACRO filled(a, b) AS a || repeat('0', greatest(32 - length(a) - length(b), 0)) || b",
    """CREATE MACRO octets(a, form) AS printf(form, split_part(a, '.', 1)::INTEGER, split_part(a, '.', 2)::INTEGER,
         split_part(a, '.', 3)::INTEGER, split_part(a, '.', 4)::INTEGER)""",
    # Canonical text writes an address with an IPv4 address in it (RFC 4291 §2.5.5.2) as ::ffff:10.0.0.1.
    """CREATE MACRO address_digits(a) AS CASE WHEN contains(a, '.')
         THEN '00000000000000000000ffff' || octets(substr(a, 8), '%02x%02x%02x%02x')
         ELSE filled(padded_groups(split_part(a, '::', 1)), padded_groups(split_part(a, '::', 2))) END""",
    """CREATE MACRO ipv4_number(a) AS
         list_reduce(list_transform(string_split(a, '.'), lambda o: o::UBIGINT), lambda high, low: high * 256 + low)""",
    """CREATE MACRO address_key(a) AS CASE WHEN contains(a, ':') THEN 'v6' || address_digits(a)
         ELSE 'v4' || lpad(ipv4_number(a)::VARCHAR, 10, '0') END""",
)
"""What the predicates and the order of addresses call: made once in each database."""
