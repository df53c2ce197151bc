"""`k8s-cni-show`: the CNI findings, those that hold and those that held."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from podwire.catalog.k8s_cni import K8S_CNI
from podwire.commands.answer import Answer, Row
from podwire.commands.configuring import Configurator
from podwire.commands.objects import why_none
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.learning import disagreement
from podwire.engine.parts import Parts
from podwire.model.findings import CniFinding
from podwire.tables.findings import FindingRow
from podwire.tables.learned import UNKNOWN_PLUGIN, LearnedRow

_NOT_TOLD = "No CNI plugin is told by these objects: its DaemonSet and its ConfigMaps, among others, tell of it."


class CniHandler:
    """Shows the current findings; earlier ones too where a time window or the column `current` asks for them."""

    noun = K8S_CNI

    def __init__(self, configurator: Configurator | None, parts: Parts) -> None:
        self._configurator = configurator
        self._parts = parts

    async def show(self, query: Query) -> Answer:
        """Return a row a finding, oldest first."""
        now_ns = self._parts.clock.now_ns()
        asks_for_past = query.window.start_ns is not None or query.window.end_ns is not None
        asks_for_past = asks_for_past or query.window.interval_ns is not None
        asks_for_past = asks_for_past or any(each.column.name == "current" for each in query.conditions)
        found = [row for row in self._parts.findings.rows() if row.is_current or asks_for_past]
        rows = [_row(row, now_ns) | self._learned(row) for row in found]
        rows += self._taught(now_ns) if asks_for_past else self._unknown(now_ns)
        return answer_rows(query, rows, now_ns=now_ns, notes=self._notes(query, rows))

    def _learned(self, row: FindingRow) -> Row:
        """Return what the wire says beside a finding that holds."""
        learned = self._parts.learned.of(row.cluster) if row.is_current else ()
        bare = self._parts.learned.bare_of(row.cluster) if row.is_current else ""
        said = [*(each.taught for each in learned), *([bare.rstrip(".")] if bare else [])]
        if not said:
            return {"learned": None}
        return {"learned": _told(learned) or None, "because": "; ".join((*row.finding.because, *said))}

    def _taught(self, now_ns: int) -> list[Row]:
        """Return a row for each tunnel that the wire taught, with the times in which it held."""
        return [
            _row(
                FindingRow(each.cluster, each.finding(), each.first_seen_ns, each.last_seen_ns, each.is_current), now_ns
            )
            | {"learned": _told([each])}
            for each in self._parts.learned.rows()
        ]

    def _unknown(self, now_ns: int) -> list[Row]:
        """Return a row for each cluster without a finding whose tunnels the wire shows."""
        rows = []
        for cluster in self._parts.paths.clusters():
            learned = self._parts.learned.of(cluster)
            if not learned or self._parts.findings.current(cluster):
                continue
            finding = msgspec.structs.replace(
                learned[0].finding(),
                plugin=UNKNOWN_PLUGIN,
                overlays=tuple(each.overlay for each in learned),
                because=tuple(each.taught for each in learned),
            )
            since_ns = min(each.first_seen_ns for each in learned)
            made = _row(FindingRow(cluster, finding, since_ns, now_ns, is_current=True), now_ns)
            rows.append(made | {"learned": _told(learned)})
        return rows

    def _disagreements(self, rows: list[Row]) -> list[str]:
        """Say of each cluster that is shown where the wire speaks against its API."""
        found = []
        for cluster in dict.fromkeys(str(row["cluster-name"]) for row in rows):
            learned = [each.overlay for each in self._parts.learned.of(cluster)]
            said = disagreement(self._parts.findings.current(cluster), learned)
            found += [f"{cluster}: {each}" for each in (said, self._parts.learned.bare_of(cluster)) if each]
        return found

    def _notes(self, query: Query, rows: list[Row]) -> list[str]:
        if rows:
            wanted = [each for each in query.conditions if each.column.name == "cluster-name"]
            return self._disagreements([row for row in rows if all(each.matches(row) for each in wanted)])
        if self._configurator is None:
            return [_NOT_TOLD] if any(self._parts.clusters.numbers()) else why_none(None, self._parts)
        connections = self._configurator.configuration.connections
        if not connections:
            return ["There is no Kubernetes connection: make one with k8s-connection-create."]
        if query.is_narrowed:
            return []
        states = ", ".join(f"{name} is {self._parts.clusters.status(name).state}" for name in connections)
        return [f"No CNI plugin is known yet: {states}; see k8s-connection-show."]


def _told(learned: Sequence[LearnedRow]) -> str:
    return ",".join(each.short for each in learned)


def finding_columns(finding: CniFinding | None) -> Row:
    """Return what a finding tells as columns; all empty without one."""
    if finding is None:
        return dict.fromkeys(_FINDING_COLUMNS)
    first = finding.overlays[0] if finding.overlays else None
    values = (
        finding.plugin,
        finding.backend,
        first.port if first else None,
        first.vni if first else None,
        str(finding.network_type),
        finding.version or None,
        ",".join(each.short for each in finding.overlays) or None,
        finding.encryption or None,
        ",".join(finding.pod_cidrs) or None,
        finding.confidence,
        "; ".join(finding.because) or None,
    )
    return dict(zip(_FINDING_COLUMNS, values, strict=True))


_FINDING_COLUMNS = (
    "cni-plugin",
    "backend",
    "udp-port",
    "vxlan",
    "network-type",
    "version",
    "encapsulation",
    "encryption",
    "pod-cidrs",
    "confidence",
    "because",
)


def _row(row: FindingRow, now_ns: int) -> Row:
    return finding_columns(row.finding) | {
        "cluster-name": row.cluster,
        "current": row.is_current,
        "first-seen": row.first_seen_ns,
        "last-seen": now_ns if row.is_current else row.last_seen_ns,
        "time": None,
    }
