"""Clusters with the same addresses are told apart by where their packets are seen."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from podwire.capture import Capture, Claim, Scope
from podwire.catalog.types import INTERFACES, VLANS
from podwire.engine.clusters import scopes_of
from podwire.engine.parts import Parts
from podwire.settings.configuration import ClusterSettings, Configuration
from podwire.support.clock import FixedClock

NATIVE = 1


def scopes(**connections: ClusterSettings) -> list[Scope]:
    parts = Parts(capture=cast("Capture", None), clock=FixedClock(0))
    for name in ("a", "b"):
        parts.clusters.number(name)
    return scopes_of(Configuration(connections=dict(connections)), parts, native_vlan=NATIVE)


def test_every_interface_is_joined_with_every_vlan() -> None:
    bound = ClusterSettings("/c", enable=True, interfaces=("eth1", "eth2"), vlans=(10,))
    assert scopes(a=bound) == [Scope(1, "eth1", 10), Scope(1, "eth2", 10)]


def test_untagged_packets_are_in_the_native_vlan() -> None:
    assert set(scopes(b=ClusterSettings("/c", enable=True, vlans=(NATIVE, 10)))) == {
        Scope(2, None, 0),
        Scope(2, None, NATIVE),
        Scope(2, None, 10),
    }


def test_who_is_bound_nowhere_or_switched_off_has_no_scope() -> None:
    assert scopes(a=ClusterSettings("/c", enable=True), b=ClusterSettings("/c", interfaces=("eth1",))) == []


@pytest.mark.parametrize("text", ["", "eth1,", "a/b", "sixteen-letters-", "eth 1"])
def test_what_is_no_interface_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names of interfaces"):
        INTERFACES.parse(text)


@pytest.mark.parametrize("text", ["0", "4095", "ten", "10,,20", "10-20"])
def test_what_is_no_vlan_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="VLANs from 1 to 4094"):
        VLANS.parse(text)


def test_lists_are_read_and_any_leaves_them_open() -> None:
    assert (INTERFACES.parse("eth1, eth2,eth1"), VLANS.parse("10,020"), VLANS.parse("any")) == (
        "eth1,eth2",
        "10,20",
        "",
    )


def test_two_mirrors_of_the_same_addresses_have_their_own_names(
    capture: Capture, packets: ModuleType, tmp_path: Path
) -> None:
    """The connections have the same ends at the same time: only the file tells them apart."""
    paths = []
    for cluster in (1, 2):
        trace = packets.Trace()
        packets.Talk(trace, client="10.0.0.9", server="10.0.0.1").open(0)
        paths.append(tmp_path / f"{cluster}.pcap")
        trace.write(paths[-1])
    capture.set_claims([Claim(cluster, "10.0.0.1", spans=[(10 * cluster, 0, None)]) for cluster in (1, 2)])
    capture.set_scopes([Scope(cluster, str(path)) for cluster, path in enumerate(paths, 1)])
    capture.read_files([str(path) for path in paths])
    rows = capture.rows([], ["cluster", "dst-endpoint", "opkts"])
    assert sorted((row["cluster"], row["dst-endpoint"]) for row in rows) == [(1, 10), (2, 20)]
    capture.set_scopes([])
    assert {row["cluster"] for row in capture.rows([], ["cluster"])} == {1, 2}
