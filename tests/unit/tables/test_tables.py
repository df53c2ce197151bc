"""The tables in memory: vPorts by UID, endpoints with lasting numbers, findings with their times."""

from __future__ import annotations

import re

from podwire.model.findings import CniFinding, NetworkType
from podwire.model.pods import Pod
from podwire.tables.endpoints import EndpointKind, EndpointTable
from podwire.tables.findings import FindingTable
from podwire.tables.pods import PodTable
from podwire.tables.vports import VPortTable, dummy_mac


def pod(uid: str, name: str, *ips: str, phase: str = "Running") -> Pod:
    return Pod(uid=uid, namespace="default", name=name, node="server1", phase=phase, ips=ips)


def names(table: VPortTable) -> list[tuple[str, str]]:
    return [(each.name, address) for _, each, address in table.entries()]


def test_a_vport_is_an_address_of_a_pod_that_holds_it() -> None:
    table = VPortTable()
    pods = [pod("1", "b", "10.0.0.2", "fd00::2"), pod("2", "a", "10.0.0.1"), pod("3", "c")]
    table.replace("k", [*pods, pod("4", "done", "10.0.0.3", phase="Succeeded")])
    assert names(table) == [("a", "10.0.0.1"), ("b", "10.0.0.2"), ("b", "fd00::2")]


def test_a_vport_table_shows_what_becomes_of_the_pods_it_was_given() -> None:
    pods, table = PodTable(), VPortTable()
    pods.replace("k", [pod("old", "db-0", "10.0.0.1")])
    table.show("k", pods.of("k"))
    pods.put("k", pod("new", "db-0", "10.0.0.2"))
    pods.remove("k", "old")
    assert names(table) == [("db-0", "10.0.0.2")]


def test_clear_empties_one_cluster() -> None:
    table = VPortTable()
    table.replace("a", [pod("1", "x", "10.0.0.1")])
    table.replace("b", [pod("1", "y", "10.0.0.1")])
    table.clear("a")
    assert names(table) == [("y", "10.0.0.1")]


def test_the_dummy_mac_is_stable_and_of_the_reference_kind() -> None:
    assert re.fullmatch(r"88:88:88(:[0-9a-f]{2}){3}", dummy_mac("k", "uid"))
    assert dummy_mac("k", "uid") == dummy_mac("k", "uid") != dummy_mac("k", "other")


def put(table: EndpointTable, uid: str, name: str) -> int:
    return table.put("k", EndpointKind.POD, uid, namespace="default", name=name, node="n").number


def test_a_number_is_never_given_to_another() -> None:
    table = EndpointTable()
    first = put(table, "1", "a")
    assert put(table, "1", "a") == first
    table.end(table.get(first))  # type: ignore[arg-type]
    assert put(table, "2", "b") != first
    assert table.get(first).name == "a"  # type: ignore[union-attr]


def test_a_uid_that_returns_is_the_same_endpoint() -> None:
    table = EndpointTable(most_ended=1)
    first = put(table, "1", "a")
    table.end_cluster("k")
    assert put(table, "1", "a") == first
    assert [each.number for each in table.live("k", EndpointKind.POD)] == [first]


def test_ended_endpoints_are_bounded_and_what_was_let_go_is_counted() -> None:
    table = EndpointTable(most_ended=2)
    numbers = [put(table, str(index), "x") for index in range(4)]
    table.end_cluster("k")
    assert [table.get(number) is not None for number in numbers] == [False, False, True, True]
    assert table.forgotten == 2


def finding(backend: str, *because: str) -> CniFinding:
    return CniFinding("flannel", backend, NetworkType.UNDERLAY, because=because)


def test_a_finding_keeps_its_row_while_it_holds() -> None:
    table = FindingTable()
    assert table.update("k", [finding("host-gw", "seen on 1 node")], 10)
    assert not table.update("k", [finding("host-gw", "seen on 2 nodes")], 20)
    assert table.update("k", [finding("vxlan")], 30)
    rows = [(row.finding.backend, row.first_seen_ns, row.last_seen_ns, row.is_current) for row in table.rows()]
    assert rows == [("host-gw", 10, 30, False), ("vxlan", 30, 30, True)]
    assert table.current("k")[0].backend == "vxlan"


def test_a_finding_that_returns_is_a_new_row() -> None:
    table = FindingTable()
    for at_ns, backend in enumerate(("host-gw", "vxlan", "host-gw")):
        table.update("k", [finding(backend)], at_ns)
    assert [(row.finding.backend, row.is_current) for row in table.rows()] == [
        ("host-gw", False),
        ("vxlan", False),
        ("host-gw", True),
    ]
    table.end("k", 9)
    assert table.current("k") == ()


def test_findings_are_bounded() -> None:
    table = FindingTable(most_per_cluster=3)
    for at_ns in range(10):
        table.update("k", [finding(str(at_ns))], at_ns)
    assert [row.finding.backend for row in table.rows()] == ["7", "8", "9"]
