"""Which tunnels are looked into: those of the findings, where a connection asks for it."""

from __future__ import annotations

from typing import cast

import msgspec
import pytest

from podwire.capture import Capture
from podwire.engine.decoding import STANDARD_VXLAN, known_tunnels, overlay_warning, wanted_overlays
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
