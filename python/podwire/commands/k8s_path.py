"""`k8s-path-show`: the expected path between two ends, each given by address or by Pod."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

import msgspec

from podwire.catalog.k8s_path import K8S_PATH
from podwire.cni.paths import path_between
from podwire.commands.answer import Answer, Row
from podwire.commands.conditions import Condition
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.model.paths import Path, PathEnd, PathNetwork
from podwire.support.errors import UsageError
from podwire.support.words import advice
from podwire.tables.learned import LearnedRow
from podwire.tables.paths import Ends

_ASKED = ("src-ip", "src-pod", "dst-ip", "dst-pod")
MOST_ENDS = 64
"""Ends that one side may stand for; a name that fits more is refused."""


_MOST_NAMES = 10_000
"""Pods that are looked through for a name like one that none has."""


class PathHandler:
    """Works the paths out when they are asked for: from every address of one side to every one of the other."""

    noun = K8S_PATH

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, query: Query) -> Answer:
        """Return a row a cluster and pair of addresses. Raises UsageError where a side is not named."""
        asked = {each.column.name: each for each in query.conditions if each.column.name in _ASKED}
        clusters = [name for name in self._parts.paths.clusters() if _wants_cluster(query, name)]
        sides = [_Side("src", asked), _Side("dst", asked)]
        rows: list[Row] = []
        for name in clusters:
            network = self._parts.paths.get(name)
            ends = Ends(name, self._parts.pods, self._parts.nodes, self._parts.services)
            found = [side.ends(ends) for side in sides]
            if network is not None and all(found):
                rows += self._rows(name, network, found)
        rest = tuple(each for each in query.conditions if each.column.name not in _ASKED)
        query = replace(query, conditions=rest)
        return answer_rows(query, rows, now_ns=self._parts.clock.now_ns(), notes=self._notes(clusters, sides, rows))

    def _rows(self, cluster: str, network: PathNetwork, found: list[list[PathEnd]]) -> list[Row]:
        """Work out each pair, and put in what the wire says of tunnels that the API does not tell."""
        learned = self._parts.learned.of(cluster)
        outer = {row.node.name: row.addresses.outer for row in self._parts.nodes.of(cluster)} if learned else {}
        pairs = [(src, dst) for src in found[0] for dst in found[1] if (":" in src.address) == (":" in dst.address)]
        rows = []
        for src, dst in pairs:
            path = path_between(network, src, dst)
            if learned and path.encapsulations != ("none",):
                ends = tuple(next(iter(outer.get(end.node, ())), "") for end in (src, dst))
                path = _as_seen(path, learned, ends)
            rows.append(_row(cluster, src, dst, path))
        return rows

    def _notes(self, clusters: Sequence[str], sides: Sequence[_Side], rows: Sequence[Row]) -> list[str]:
        if rows:
            return []
        if not clusters:
            return ["No cluster is known yet; see k8s-connection-show."]
        missing = [name for side in sides for name in side.missing()]
        if missing:
            known = {
                pod.name for cluster in clusters for pod in islice(self._parts.pods.of(cluster).values(), _MOST_NAMES)
            }
            return [f"No Pod {each} has an address; {_nearest(each, known)}" for each in missing]
        return ["The two have no address family in common."]


class _Side:
    """What a command says of one end."""

    def __init__(self, side: str, asked: dict[str, Condition]) -> None:
        addresses, pods = asked.get(f"{side}-ip"), asked.get(f"{side}-pod")
        given = [each for each in (addresses, pods) if each is not None]
        if len(given) != 1 or given[0].operator != "in" or given[0].is_negated:
            msg = f"k8s-path-show: name one end with {side}-ip ADDRESS or with {side}-pod NAMESPACE/NAME"
            raise UsageError(msg)
        self._values = [str(value) for value in given[0].values]
        self._by_address = addresses is not None
        self._side = side
        self._found: set[str] = set()

    def ends(self, ends: Ends) -> list[PathEnd]:
        if self._by_address:
            found = [ends.by_address(value) for value in self._values[: MOST_ENDS + 1]]
        else:
            by_value = {value: ends.by_pod(value) for value in self._values}
            self._found |= {value for value, found in by_value.items() if found}
            found = [end for each in by_value.values() for end in each]
        if len(found) > MOST_ENDS:
            msg = f"k8s-path-show: {self._side} stands for more than {MOST_ENDS} addresses; name the namespace too"
            raise UsageError(msg)
        return found

    def missing(self) -> list[str]:
        """Return the names that no Pod with an address has."""
        return [] if self._by_address else [each for each in self._values if each not in self._found]


def _nearest(name: str, known: Iterable[str]) -> str:
    return advice(name.rpartition("/")[2], known, otherwise="k8s-pod-show lists them.")


def _wants_cluster(query: Query, name: str) -> bool:
    row = {"cluster-name": name}
    return all(each.matches(row) for each in query.conditions if each.column.name == "cluster-name")


def _as_seen(path: Path, learned: Sequence[LearnedRow], ends: tuple[str, ...]) -> Path:
    """The path with what the wire shows: its one tunnel takes the place of the API's of that kind, or of none."""
    path = msgspec.structs.replace(path, because=(*path.because, *(each.taught for each in learned)))
    seen = learned[0].overlay
    is_open = path.encapsulations == ("unknown",)
    if len(learned) > 1 or not (is_open or (path.tunnel is not None and path.tunnel.kind is seen.kind)):
        return path
    return msgspec.structs.replace(
        path,
        encapsulations=(str(seen.kind),) if is_open else path.encapsulations,
        tunnel=seen,
        outer_src=path.outer_src or ends[0],
        outer_dst=path.outer_dst or ends[1],
    )


def _row(cluster: str, src: PathEnd, dst: PathEnd, path: Path) -> Row:
    row: Row = {"cluster-name": cluster}
    for side, end in (("src", src), ("dst", dst)):
        row[f"{side}-ip"] = end.address
        row[f"{side}-pod"] = end.pod or None
        row[f"{side}-namespace"] = end.namespace or None
        row[f"{side}-node"] = end.node or None
    return row | {
        "encap": ",".join(path.encapsulations),
        "outer-src-ip": path.outer_src or None,
        "outer-dst-ip": path.outer_dst or None,
        "udp-port": path.tunnel.port if path.tunnel else None,
        "vxlan": path.tunnel.vni if path.tunnel else None,
        "because": "; ".join(path.because),
    }
