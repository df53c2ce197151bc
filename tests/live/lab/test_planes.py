"""Every data plane carries Pod traffic, and the mirror shows it as that plane puts it on the wire."""

from __future__ import annotations

import ipaddress

import pytest

from podwire_lab import Lab

pytestmark = pytest.mark.live

SYN, RST, ACK = 0x02, 0x04, 0x10
POD_A, POD_B = "10.10.2.1", "10.10.1.1"
SERVER1, SERVER2 = "192.0.2.11", "192.0.2.12"
SECRET = ("flannel-wireguard",)
BARE = ("flannel-host-gw", "calico-bgp")
TUNNELS = {
    "flannel-vxlan": (8472, 1),
    "calico-vxlan": (4789, 4096),
    "calico-vxlan-custom": (4799, 5000),
    "calico-ipip": (0, 0),
    "canal-vxlan": (8472, 1),
    "cilium-vxlan": (8472, None),
    "antrea-geneve": (6081, 0),
    "ovn-kubernetes-geneve": (6081, 0xFF0003),
    "k3s-vxlan": (8473, 77),
    "unknown-geneve": (6082, 5),
}
"""UDP port and VNI; None where it is the sender's."""


def test_pods_reach_each_other_and_the_mirror_shows_it_once(any_lab, mirror_of):
    port, vni = TUNNELS.get(any_lab.plane, (0, 0))
    with mirror_of(any_lab, port) as mirror:
        (outcome,) = any_lab.traffic.short()
        frames = mirror.frames()
    if any_lab.plane in SECRET:
        assert (outcome.result, frames) == ("answered", [])
        return
    assert (outcome.result, outcome.src_ip, outcome.dst_ip, outcome.dst_port) == ("answered", POD_B, POD_A, 8080)
    ours = [f for f in frames if outcome.src_port in {f.src_port, f.dst_port}]
    assert [(f.src, f.dst) for f in ours if f.flags == SYN] == [(POD_B, POD_A)]
    assert [(f.src, f.dst) for f in ours if f.flags == SYN | ACK] == [(POD_A, POD_B)]
    for frame in ours:
        if any_lab.plane in BARE:
            assert frame.outer is None
            continue
        there = (SERVER1, SERVER2) if frame.src == POD_B else (SERVER2, SERVER1)
        senders = 256 + int.from_bytes(ipaddress.ip_address(frame.src).packed[2:])
        assert frame.outer == (*there, port, senders if vni is None else vni)


def test_no_frame_exceeds_the_wire(any_lab, mirror_of):
    tunnel = TUNNELS.get(any_lab.plane, (0, 0))
    with mirror_of(any_lab, tunnel[0]) as mirror:
        (outcome,) = any_lab.traffic.short(size=200_000)
        frames = mirror.frames()
    assert outcome.sent > 200_000
    if any_lab.plane in SECRET:
        return
    assert max(frame.length for frame in frames) == 1514
    assert all(frame.is_sound for frame in frames)


def test_the_api_tells_the_same_as_the_wire(any_lab):
    pods = {pod["metadata"]["name"]: pod for pod in any_lab.api.list("Pod", namespace="default")}
    assert {name: pod["status"]["podIP"] for name, pod in pods.items()} == {"pod-A": POD_A, "pod-B": POD_B}
    plugin, _, backend = any_lab.plane.partition("-")
    marks = [node["metadata"]["annotations"] for node in any_lab.api.list("Node")]
    if plugin == "flannel":
        assert {mark["flannel.alpha.coreos.com/backend-type"] for mark in marks} == {backend}
        return
    if plugin != "calico":
        return
    felix = any_lab.api.get("FelixConfiguration", "default", api_version="crd.projectcalico.org/v1")["spec"]
    pool = any_lab.api.get("IPPool", "default-ipv4-ippool", api_version="crd.projectcalico.org/v1")["spec"]
    assert (pool["ipipMode"] == "Always") == (backend == "ipip")
    assert (pool["vxlanMode"] == "Always") == backend.startswith("vxlan")
    if backend.startswith("vxlan"):
        assert (felix.get("vxlanPort", 4789), felix.get("vxlanVNI", 4096)) == TUNNELS[any_lab.plane]


def test_another_vni_and_port_change_wire_and_api_alike(mirror_of):
    with Lab("flannel-vxlan") as lab:
        lab.tune(vni=77, port=8400)
        with mirror_of(lab, 8400) as mirror:
            lab.traffic.short()
            assert {frame.outer[2:] for frame in mirror.frames() if frame.outer} == {(8400, 77)}
        conf = lab.api.get("ConfigMap", "kube-flannel-cfg", namespace="kube-flannel")["data"]["net-conf.json"]
        assert '"VNI": 77' in conf
        assert '"Port": 8400' in conf


def test_another_plane_keeps_the_pods(mirror_of):
    with Lab("flannel-vxlan") as lab:
        before = lab.api.get("Pod", "pod-A")["metadata"]["uid"]
        lab.change_plane("calico-bgp")
        with mirror_of(lab) as mirror:
            lab.traffic.short()
            assert {frame.outer for frame in mirror.frames()} == {None}
        assert lab.api.get("Pod", "pod-A")["metadata"]["uid"] == before
        assert [item["metadata"]["name"] for item in lab.api.list("DaemonSet", api_version="apps/v1")] == [
            "calico-node"
        ]
