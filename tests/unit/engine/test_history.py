"""The writer of history over a real packet core and real files: nothing is missing, nothing is there twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podwire.capture import Capture
from podwire.catalog.vport_history import VPORT_HISTORY
from podwire.commands.capture import CaptureHandler
from podwire.commands.k8s_cni import finding_columns
from podwire.commands.query import parse_query
from podwire.commands.vport_history import VPortHistoryHandler
from podwire.engine.claiming import tell_away, tell_core
from podwire.engine.history import HistoryWriter
from podwire.engine.parts import Parts
from podwire.history import HistoryStore, Kind
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay
from podwire.settings.configuration import HistorySettings
from podwire.support.clock import FixedClock
from podwire.tables.changed_places import ChangedPlaces
from podwire.tables.claims import Sight
from podwire.tables.endpoints import EndpointKind

CASES = Path(__file__).parents[2] / "cases" / "pcap"
CAPTURES = sorted(path for path in CASES.rglob("*.pcap"))
SECOND = 1_000_000_000
PACKETS_NS = 1_700_000_000 * SECOND
"""When the packets of the cases begin."""
FLANNEL = CniFinding(
    "flannel", "vxlan", NetworkType.OVERLAY, (Overlay(Encapsulation.VXLAN, port=8472, vni=1),), because=("a DaemonSet",)
)
CALICO = CniFinding("calico", "bgp", NetworkType.UNDERLAY)

Start = Callable[..., tuple[HistoryWriter, Parts]]


@pytest.fixture
def start(tmp_path: Path, capture: Capture) -> Start:
    """Starts a writer on the test's folder, as a new run of the daemon would."""

    def begin(later_seconds: int = 0) -> tuple[HistoryWriter, Parts]:
        parts = Parts(capture=capture, clock=FixedClock((1_790_000_000 + later_seconds) * SECOND))
        store = HistoryStore(tmp_path, switch="switch", clock=parts.clock)
        store.open()
        writer = HistoryWriter(
            store,
            parts,
            native_vlan=1,
            capture_rows=CaptureHandler(parts, None).rows,
            finding_words=finding_columns,
            claim_rows=VPortHistoryHandler(parts).rows_of,
        )
        writer.configure(HistorySettings())
        writer.start()
        return writer, parts

    return begin


def test_every_connection_of_every_case_is_kept_once(start: Start) -> None:
    writer, parts = start()
    for path in CAPTURES:
        parts.capture.read_files([str(path)])
    writer.stop()
    names = ("src-ip", "src-port", "dst-ip", "dst-port", "proto", "started-time", "obytes", "ibytes", "cur-state", "id")
    live = {row["id"]: row for row in parts.capture.rows([], [*names, "transition-state"])}
    kept = {row["id"]: row for row in writer.store.records(Kind.CONNECTION)}
    assert len(list(writer.store.records(Kind.CONNECTION))) == len(kept)
    assert set(live) <= set(kept)
    for number, row in live.items():
        assert [kept[number][name] for name in names] == [row[name] for name in names]
        assert kept[number]["record"] == ("ended" if row["transition-state"] == "ended" else "update")


def test_what_goes_on_is_written_again_each_interval(start: Start) -> None:
    writer, parts = start()
    parts.capture.read_files([str(path) for path in CAPTURES])
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    # The times of the packets and of the clock may be years apart: what counts is that there were packets since.
    clock.set_ns(parts.capture.last_packet_ns())
    writer.tend()
    for minutes in (4, 6):
        clock.set_ns(parts.capture.last_packet_ns() + minutes * 60 * SECOND)
        writer.tend()
    goes_on = [
        row["id"] for row in parts.capture.rows([], ["id", "transition-state"]) if row["transition-state"] == "started"
    ]
    updates = [row["id"] for row in writer.store.records(Kind.CONNECTION) if row["record"] == "update"]
    assert set(updates) <= set(goes_on)
    assert set(updates)
    writer.stop()


def test_nothing_is_kept_while_it_is_disabled(start: Start) -> None:
    writer, parts = start()
    writer.configure(HistorySettings(enable=False))
    parts.capture.read_files([str(CAPTURES[0])])
    writer.stop()
    assert not list(writer.store.records(Kind.CONNECTION))


def test_findings_survive_a_restart_with_their_times(start: Start) -> None:
    writer, parts = start()
    parts.findings.update("prod", [FLANNEL], 1_000)
    writer.tend()
    parts.findings.update("prod", [CALICO], 2_000)
    writer.tend()
    writer.stop()
    again, parts = start()
    rows = [(row.cluster, row.finding, row.first_seen_ns, row.is_current) for row in parts.findings.rows()]
    assert rows == [("prod", FLANNEL, 1_000, False), ("prod", CALICO, 2_000, False)]
    assert next(parts.findings.rows()).last_seen_ns == 2_000
    again.stop()


def test_tunnels_that_the_wire_taught_survive_a_restart_with_their_times_and_counts(start: Start) -> None:
    tunnel, other = Overlay(Encapsulation.VXLAN, 8473, 7), Overlay(Encapsulation.GENEVE, 6082, None)
    writer, parts = start()
    parts.learned.note("prod", tunnel, 2, 1_000, "flannel")
    parts.learned.note("prod", other, 3, 1_000, "flannel")
    writer.tend()
    parts.learned.note("prod", tunnel, 9, 2_000)
    parts.learned.end("prod", 3_000, is_over=lambda row: row.overlay == other)
    writer.tend()
    writer.stop()
    again, parts = start()
    rows = {row.overlay: row for row in parts.learned.rows()}
    assert list(parts.findings.rows()) == []
    assert parts.learned.of("prod") == ()
    assert {(row.plugin, row.first_seen_ns, row.is_current) for row in rows.values()} == {("flannel", 1_000, False)}
    assert (rows[tunnel].packets, rows[other].packets, rows[other].last_seen_ns) == (9, 3, 3_000)
    assert rows[tunnel].last_seen_ns >= 2_000
    again.stop()


def test_the_counters_of_sources_are_sampled(start: Start) -> None:
    writer, parts = start()
    parts.capture.read_files([str(CAPTURES[0])])
    writer.stop()
    samples: list[dict[str, Any]] = list(writer.store.records(Kind.CAPTURE))
    (row,) = parts.capture.source_counters()
    assert [each["packets"] for each in samples if each["packets"]] == [row["packets"]]


def test_what_ends_while_its_cluster_is_away_is_kept_at_once_and_named_later(start: Start) -> None:
    writer, parts = start()
    cluster = parts.clusters.number("prod")
    pod = parts.endpoints.put("prod", EndpointKind.POD, "uid-1", namespace="shop", name="web", node="worker-1")
    parts.claims.claim(cluster, "10.10.2.1", pod.number, Sight(1_000, 1_000, 1_000))
    tell_core(parts)
    status = parts.clusters.status("prod")
    status.state, status.contact_ns = "unreachable", PACKETS_NS - SECOND
    tell_away(parts)
    writer.collect()
    parts.capture.read_files([str(CASES / "handshake" / "capture.pcap")])
    parts.capture.flush()
    for _ in range(2):
        writer.collect()
        writer.commit()
    (kept,) = writer.store.records(Kind.CONNECTION)
    assert (kept["record"], kept["cur-state"], kept["dst-pod"]) == ("update", "fin", None)
    status.state = "connected"
    tell_away(parts)
    writer.stop()
    kept, last = writer.store.records(Kind.CONNECTION)
    assert (last["record"], last["id"], last["dst-pod"]) == ("ended", kept["id"], "web")


def test_who_had_an_address_is_kept(start: Start) -> None:
    writer, parts = start()
    cluster = parts.clusters.number("prod")
    pod = parts.endpoints.put("prod", EndpointKind.POD, "uid-1", namespace="shop", name="web", node="worker-1")
    parts.claims.claim(cluster, "10.0.0.7", pod.number, Sight(1_000, 1_000, 1_000))
    tell_core(parts)
    writer.tend()
    parts.claims.end(cluster, "10.0.0.7", pod.number, until_ns=5_000)
    tell_core(parts)
    writer.stop()
    names = ("ip", "svc-name", "entity", "namespace", "uid", "state", "from-time", "until-time")
    rows = [tuple(row[name] for name in names) for row in writer.store.records(Kind.VPORT)]
    known = ("10.0.0.7", "prod", "web", "shop", "uid-1", "held", 1_000)
    assert sorted(rows, key=str) == [(*known, 5_000), (*known, None)]
    assert parts.changed_places.take(10) == []


def test_who_had_many_addresses_is_kept_a_part_at_a_time(start: Start) -> None:
    writer, parts = start()
    cluster = parts.clusters.number("prod")
    pod = parts.endpoints.put("prod", EndpointKind.POD, "uid-1", namespace="shop", name="web", node="worker-1")
    addresses = [f"10.0.{at >> 8}.{at & 255}" for at in range(5_700)]
    for address in addresses:
        parts.claims.claim(cluster, address, pod.number, Sight(1_000, 1_000, 1_000))
    tell_core(parts)
    writer.tend()
    writer.store.commit()
    assert sorted(row["ip"] for row in writer.store.records(Kind.VPORT)) == sorted(addresses[:5_000])
    writer.stop()
    assert sorted(row["ip"] for row in writer.store.records(Kind.VPORT)) == sorted(addresses)


def test_changed_places_that_wait_are_bounded() -> None:
    places = ChangedPlaces(most=3)
    for address in ("a", "b", "a", "c", "d"):
        places.note(1, address)
    assert places.take(2) == [(1, "b"), (1, "c")]
    assert (places.take(2), places.forgotten) == ([(1, "d")], 1)


def test_who_had_an_address_before_a_restart_is_told_after_it(start: Start) -> None:
    writer, parts = start()
    cluster = parts.clusters.number("prod")
    pod = parts.endpoints.put("prod", EndpointKind.POD, "uid-1", namespace="shop", name="web", node="worker-1")
    born_ns = parts.clock.now_ns() - SECOND
    parts.claims.claim(cluster, "10.0.0.7", pod.number, Sight(born_ns, born_ns, born_ns))
    tell_core(parts)
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    clock.set_ns(clock.now_ns() + 9 * SECOND)
    writer.stop()
    again, parts = start(later_seconds=60)
    query = parse_query(VPORT_HISTORY, [("ip", "10.0.0.7"), ("format", "all")], now_ns=parts.clock.now_ns())
    handler = VPortHistoryHandler(parts, kept=again.kept_claims)
    (row,) = asyncio.run(handler.show(query)).as_rows()
    assert (row["entity"], row["from-time"], row["until-time"]) == ("web", born_ns, born_ns + 10 * SECOND)
    again.stop()
