"""Where ports of nodes lead to Pods."""

from __future__ import annotations

import pytest

from podwire.cni.host_ports import maps_host_ports
from podwire.model.evidence import ConfigMap, Evidence


@pytest.mark.parametrize(
    ("data", "is_mapped"),
    [
        ({"kube-proxy-replacement": "true"}, True),
        ({"kube-proxy-replacement": "strict"}, True),
        ({"kube-proxy-replacement": "false"}, False),
        ({"kube-proxy-replacement": "disabled"}, False),
        ({"kube-proxy-replacement": "partial", "enable-host-port": "true"}, True),
        ({"kube-proxy-replacement": "false", "cni-chaining-mode": "portmap"}, True),
        ({"kube-proxy-replacement": "false", "cni-chaining-mode": "none"}, False),
        ({}, False),
    ],
)
def test_cilium_alone_needs_to_be_told(data: dict[str, str], is_mapped: bool) -> None:
    config = ConfigMap(namespace="kube-system", name="cilium-config", data=data)
    assert maps_host_ports(Evidence(config_maps=(config,))) is is_mapped


def test_others_have_portmap() -> None:
    assert maps_host_ports(Evidence())
