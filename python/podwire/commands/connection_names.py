"""The name columns of a connection, and the filters on them."""

from __future__ import annotations

from podwire.capture import Filter
from podwire.catalog.units import show_duration, show_time
from podwire.commands.answer import Row
from podwire.commands.conditions import Condition
from podwire.engine.names import FIELDS, REASONS, Names
from podwire.engine.parts import Parts

CORE_COLUMNS = (
    "cluster",
    "overlay-cluster",
    "proto",
    "src-ip",
    "dst-ip",
    "dst-port",
    "started-time",
    "src-endpoint",
    "dst-endpoint",
    "src-reason",
    "dst-reason",
    "src-reason-cluster",
    "dst-reason-cluster",
    "src-reason-time",
    "dst-reason-time",
)
"""What the packet core must tell of a connection so that it can be named."""

_UNCLAIMED = ("none-claims", "ended", "unsure")
"""What two Pods that both say to have an address may leave it as."""

_MOST_ADDRESSES = 10_000
"""Addresses that a filter hands to the packet core to spare it judging all rows; more would cost more than that."""


class ConnectionNames:
    """Fills the name columns of rows."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._names = Names(parts)

    def columns(self, core_row: Row, now_ns: int) -> Row:
        """Return every column that has to do with names."""
        row: Row = {"cluster-name": self._parts.clusters.name(core_row["cluster"]) or None}
        for side in ("src", "dst"):
            names = self._names.of(core_row[f"{side}-endpoint"])
            row |= {f"{side}-{field}": value for field, value in zip(FIELDS, names, strict=True)}
        services = self._services(core_row)
        row["service"] = ",".join(services) or None
        reasons = [self._reason(core_row, side, now_ns) for side in ("src", "dst")]
        if services and core_row["dst-reason"] == "none-claims":
            reasons[1] = "service address"
        row["reason"] = "; ".join(f"{side}: {text}" for side, text in zip(("src", "dst"), reasons, strict=True) if text)
        row["reason"] = row["reason"] or None
        return row

    def core_filters(self, condition: Condition) -> list[Filter]:
        """Return what the packet core is asked in place of a condition on names; empty where it cannot answer it."""
        if condition.operator != "in":
            return []
        wanted = frozenset(condition.values)
        if condition.column.name == "cluster-name":
            numbers = [each for each in self._parts.clusters.numbers() if self._parts.clusters.name(each) in wanted]
            return [Filter("cluster", "in", numbers, condition.is_negated)]
        side, _, field = condition.column.name.partition("-")
        if side not in ("src", "dst") or field not in FIELDS:
            return []
        meant = [
            each
            for each in list(self._parts.endpoints.all())
            if getattr(self._names.of_endpoint(each), field) in wanted
        ]
        exact = Filter(f"{side}-endpoint", "in", [each.number for each in meant], condition.is_negated)
        addresses = {address for each in meant for address in each.seen_at}
        if condition.is_negated or len(addresses) > _MOST_ADDRESSES or not all(each.seen_at for each in meant):
            return [exact]
        return [Filter(f"{side}-ip", "in", list(addresses)), exact]

    def _services(self, core_row: Row) -> tuple[str, ...]:
        if self._names.is_in_doubt(core_row["dst-reason"]):
            return ()
        told = core_row["overlay-cluster"]
        clusters = (told,) if told else self._parts.clusters.numbers()
        place = (core_row["dst-ip"], core_row["dst-port"], core_row["proto"] or "")
        return self._names.services(core_row["dst-endpoint"], *place, clusters)

    def _reason(self, core_row: Row, side: str, now_ns: int) -> str:
        """Say in words why an end has no Pod's name; empty where it has one."""
        word = self._names.reason(core_row[f"{side}-endpoint"], core_row[f"{side}-reason"])
        since_ns = core_row[f"{side}-reason-time"]
        if word == "ended" and since_ns is not None:
            return f"claim ended {show_duration(max(0, now_ns - since_ns))} ago"
        if word == "away" and since_ns is not None:
            cluster = self._parts.clusters.name(core_row[f"{side}-reason-cluster"])
            return f"cluster {cluster} away since {show_time(since_ns)}"
        if word in _UNCLAIMED and len(rivals := self._names.rivals(core_row[f"{side}-ip"])) > 1:
            return f"ambiguous between {' and '.join(rivals)}"
        clusters = sorted(self._names.claiming(core_row[f"{side}-ip"], core_row["started-time"]))
        if word == "ambiguous":
            return f"ambiguous between {' and '.join(clusters)}"
        if word == "none-claims" and clusters:
            return f"{' and '.join(clusters)} claims this address, but not on this interface, VLAN or tunnel"
        return REASONS.get(word, "")
