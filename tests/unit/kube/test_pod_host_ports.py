"""Ports of the node that lead to a Pod: what is read of them."""

from __future__ import annotations

from typing import Any

import msgspec

from podwire.kube.pod_schema import PodObject
from podwire.kube.pods import pod_of
from podwire.kube.pool import Pool
from podwire.model.pods import Pod


def test_ports_of_the_node_come_with_the_nodes_addresses() -> None:
    ports = [
        {"containerPort": 80, "hostPort": 8080, "hostIP": "0.0.0.0"},  # noqa: S104
        {"containerPort": 81, "hostPort": 8081, "hostIP": "192.0.2.99"},
    ]
    document: dict[str, Any] = {
        "metadata": {"name": "a", "uid": "u"},
        "spec": {"containers": [{"name": "c", "ports": ports}]},
        "status": {"hostIP": "192.0.2.11", "hostIPs": [{"ip": "192.0.2.11"}, {"ip": "2001:DB8::1"}]},
    }

    def read(text: object) -> Pod:
        return pod_of(msgspec.json.decode(msgspec.json.encode(text), type=PodObject), Pool())

    found = read(document)
    assert found.host_ips == ("192.0.2.11", "2001:db8::1")
    assert [each.host_ip for each in found.ports] == ["", "192.0.2.99"]
    del document["status"]["hostIPs"]
    assert read(document).host_ips == ("192.0.2.11",)
    document["spec"]["hostNetwork"] = True
    assert read(document).host_ips == ()
    document["spec"] = {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}
    assert read(document).host_ips == ()
