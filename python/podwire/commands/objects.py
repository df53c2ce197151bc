"""What the show commands of Kubernetes objects share: rows made of what is asked for alone, and why there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from podwire.catalog.units import show_time
from podwire.commands.answer import Row
from podwire.commands.configuring import Configurator
from podwire.commands.query import Query
from podwire.engine.parts import Parts
from podwire.model.services import ServicePort

T = TypeVar("T")

Cells = Mapping[str, Callable[[T], Any]]
"""Column → how its raw value is read from an object."""


def rows_of(query: Query, things: Iterable[T], cells: Cells[T]) -> Iterator[Row]:
    """Make a row of each object, with the columns that the answer takes: a cluster may have 150,000 of them."""
    wanted = [(name, read) for name, read in cells.items() if name in query.needed]
    for thing in things:
        yield {name: read(thing) for name, read in wanted}


def listed(texts: Iterable[str]) -> str | None:
    """Write a list as a table cell holds it, each text once; None where it is empty."""
    return ",".join(dict.fromkeys(texts)) or None


def labels_of(labels: Iterable[tuple[str, str]]) -> str | None:
    """Write labels as vport-show does."""
    return listed(f"{key}:{value}" for key, value in labels)


def ports_of(ports: Sequence[ServicePort]) -> str | None:
    """Write ports as `kubectl get services` does: `80/TCP`, `80:30080/TCP`; all ports are `*`."""
    return listed(
        f"{port.number or '*'}{f':{port.node_port}' if port.node_port else ''}/{port.protocol}" for port in ports
    )


def stale_notes(parts: Parts) -> list[str]:
    """Tell of clusters that are not heard: what is known of them is as it was."""
    names = sorted(map(parts.clusters.name, parts.clusters.numbers()))
    away = {name: parts.clusters.away_since(name) for name in names}
    return [
        f"{name} has told nothing since {show_time(since_ns)}: its rows are of then; k8s-connection-show tells why."
        for name, since_ns in away.items()
        if since_ns is not None
    ]


_NO_OBJECTS = "No Kubernetes objects were given; name them with --objects."


def why_none(configurator: Configurator | None, parts: Parts) -> list[str]:
    """Say why no object of any cluster is known."""
    if configurator is None:
        given = any(parts.clusters.numbers())
        return ["None is among the objects that were given." if given else _NO_OBJECTS]
    connections = configurator.configuration.connections
    if not connections:
        return ["There is no Kubernetes connection; make one with k8s-connection-create."]
    enabled = [name for name, settings in connections.items() if settings.enable]
    if not enabled:
        return ["No Kubernetes connection is enabled (k8s-connection-modify … enable)."]
    states = ", ".join(f"{name} is {parts.clusters.status(name).state}" for name in enabled)
    return [f"None is known: {states}; k8s-connection-show says what the account may not read."]
