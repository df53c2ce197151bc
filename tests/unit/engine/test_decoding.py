"""Which tunnels are looked into: those of the findings, where a connection asks for it."""

from __future__ import annotations

from contextlib import closing
from typing import cast

import msgspec
import pytest

from podwire.capture import Capture
from podwire.engine.decoding import (
    LINGER_NS,
    STANDARD_VXLAN,
    known_tunnels,
    lingering_ns,
    open_tunnels,
    overlay_warning,
    wanted_overlays,
)
from podwire.engine.parts import Parts
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import CLOSED_VNI, Encapsulation, Overlay
from podwire.settings.configuration import ClusterSettings, Configuration, VflowSettings
from podwire.support.clock import FixedClock

VXLAN = Overlay(Encapsulation.VXLAN, port=8472, vni=1)
FLANNEL = CniFinding("flannel", "vxlan", NetworkType.OVERLAY, (VXLAN,))
HOST_GW = CniFinding("flannel", "host-gw", NetworkType.UNDERLAY)


def parts_with(finding: CniFinding) -> Parts:
    parts = Parts(capture=cast("Capture", None), clock=FixedClock(0))
    parts.findings.update("k", (finding,), 0)
    return parts


def configuration(*, enable: bool = True, overlay: bool = True, inflight: bool = False) -> Configuration:
    settings = ClusterSettings(kube_config="/c", enable=enable, overlay_vxlan_analytics=overlay)
    return Configuration(connections={"k": settings}, vflow=VflowSettings(inflight_vxlan_analytics=inflight))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (configuration(), [(VXLAN, 1)]),
        (configuration(enable=False), []),
        (configuration(overlay=False), []),
        (configuration(overlay=False, inflight=True), [(overlay, 0) for overlay in STANDARD_VXLAN]),
        (configuration(inflight=True), [(VXLAN, 1)]),
    ],
)
def test_the_findings_say_where_to_look(made: Configuration, expected: list[tuple[Overlay, int]]) -> None:
    assert wanted_overlays(made, parts_with(FLANNEL)) == expected


def test_an_underlay_has_nothing_to_look_into_and_says_so() -> None:
    assert wanted_overlays(configuration(), parts_with(HOST_GW)) == []
    assert "flannel host-gw (underlay), which is not VXLAN" in overlay_warning((HOST_GW,))
    assert overlay_warning((FLANNEL,)) == ""
    assert overlay_warning(()) == ""


def test_a_mixed_network_is_looked_into() -> None:
    mixed = msgspec.structs.replace(FLANNEL, network_type=NetworkType.MIXED)
    assert overlay_warning((mixed,)) == ""


def test_a_tunnel_that_nobody_asked_to_look_into_is_known_as_one() -> None:
    own = msgspec.structs.replace(FLANNEL, overlays=(Overlay(Encapsulation.VXLAN, port=4799, vni=5),))
    closed = {overlay.port: overlay.vni for overlay, _ in known_tunnels(configuration(overlay=False), parts_with(own))}
    assert closed == dict.fromkeys((4789, 4799, 6081, 8472), CLOSED_VNI)
    opened = {overlay.port: overlay.vni for overlay, _ in known_tunnels(configuration(), parts_with(own))}
    assert opened == {4789: CLOSED_VNI, 4799: 5, 6081: CLOSED_VNI, 8472: CLOSED_VNI}


GENEVE = Overlay(Encapsulation.GENEVE, port=6081)
OVN = CniFinding("ovn-kubernetes", "geneve", NetworkType.OVERLAY, (GENEVE, Overlay(Encapsulation.VXLAN, 4789, 4097)))


def test_what_is_no_vxlan_is_looked_into_without_being_asked_for() -> None:
    assert wanted_overlays(configuration(overlay=False), parts_with(OVN)) == [(GENEVE, 1)]
    known = {overlay.port: overlay.vni for overlay, _ in known_tunnels(configuration(overlay=False), parts_with(OVN))}
    assert known == {4789: CLOSED_VNI, 6081: None, 8472: CLOSED_VNI}
    assert wanted_overlays(configuration(enable=False), parts_with(OVN)) == []
    ipip = CniFinding("calico", "ipip", NetworkType.OVERLAY, (Overlay(Encapsulation.IPIP),))
    assert "which is not VXLAN. Its ipip is read without it." in overlay_warning((ipip,))


def test_another_kind_of_tunnel_on_a_well_known_port_is_not_contradicted() -> None:
    own = msgspec.structs.replace(FLANNEL, overlays=(Overlay(Encapsulation.VXLAN, port=6081, vni=5),))
    kinds = {overlay.port: overlay.kind for overlay, _ in known_tunnels(configuration(), parts_with(own))}
    assert kinds[6081] is Encapsulation.VXLAN


def test_the_tunnel_of_an_earlier_finding_stays_open_for_a_while() -> None:
    parts = parts_with(FLANNEL)
    parts.findings.update("k", (OVN,), 1_000)
    assert [overlay for overlay, _ in wanted_overlays(configuration(), parts)] == [*OVN.overlays, VXLAN]
    assert lingering_ns(configuration(), parts) == 1_000 + LINGER_NS
    cast("FixedClock", parts.clock).set_ns(1_000 + LINGER_NS)
    assert [overlay for overlay, _ in wanted_overlays(configuration(), parts)] == list(OVN.overlays)
    assert lingering_ns(configuration(), parts) is None


def test_a_tunnel_that_contradicts_another_cluster_s_is_a_warning_at_its_own_connection() -> None:
    with closing(Capture()) as capture:
        parts = Parts(capture=capture, clock=FixedClock(0))
        rival = CniFinding("ovn-kubernetes", "geneve", NetworkType.OVERLAY, (Overlay(Encapsulation.GENEVE, port=8472),))
        parts.findings.update("k", (FLANNEL,), 0)
        parts.findings.update("other", (rival,), 0)
        settings = ClusterSettings(kube_config="/c", enable=True, overlay_vxlan_analytics=True)
        open_tunnels(Configuration(connections={"k": settings, "other": settings}), parts)
        assert parts.clusters.status("k").warnings == {}
        assert parts.clusters.status("other").warnings == {
            "tunnels": "geneve:8472 is not looked into: UDP port 8472 is taken as vxlan already."
        }
        open_tunnels(Configuration(connections={"other": settings}), parts)
        assert parts.clusters.status("other").warnings == {}
