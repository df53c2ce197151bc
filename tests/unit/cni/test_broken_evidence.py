"""No evidence, however broken, makes a detector raise, and what it prints is plain and bounded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podwire import cni
from podwire.cni.agents import SIGNATURES
from podwire.cni.notes import MOST_SENTENCES
from podwire.cni.reading import LONGEST_TEXT, flags, image_version, network, parse_json
from podwire.model.evidence import ConfigMap, Container, CustomObject, EnvVar, Evidence, Node, Volume, Workload
from podwire.model.overlays import MAX_VNI

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NET_CONF = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "[]",
            "null",
            '{"Backend": 7}',
            '{"Backend": {"Type": 7}}',
            '{"Backend": {"Type": "vxlan", "VNI": -1, "Port": 70000, "DirectRouting": "yes"}}',
            '{"Backend": {"Type": "vxlan", "VNI": 1e3, "Port": true}, "Network": 7}',
            '{"Backend": {"Type": "vxlan", "VNI": 99999999999999999999999}}',
            "[" * 100_000,
            '{"Backend": {"Type": "\\u001b[31mred"}}',
            '{"Backend": {"Type": "vxlan", "VNI": ' + "9" * 5000 + "}}",
        ]
    ),
)
ODD = st.one_of(JSON, st.sampled_from(["Always", "CrossSubnet", "Never", "10.0.0.0/8", "::/0", "2001:db8::/32"]))
SPEC_KEYS = (
    *("cidr", "vxlanMode", "ipipMode", "ipip", "allowedUses", "disabled", "nodeSelector"),
    *("vxlanPort", "vxlanVNI", "bpfEnabled", "wireguardEnabled", "wireguardListeningPort", "vxlanEnabled"),
    *("cni", "calicoNetwork", "kubernetesProvider", "valuesContent", "calicoVersion"),
    *("defaults", "defaultNetwork", "clusterNetwork", "cidrBlock", "vlan"),
)
DATA_KEYS = (
    *("net-conf.json", "CALICO_NETWORKING_BACKEND", "antrea-agent.conf", "net_cidr"),
    *("routing-mode", "tunnel", "tunnel-protocol", "tunnel-port", "enable-wireguard", "cluster-pool-ipv4-cidr"),
)
RESOURCES = (
    "ippools.crd.projectcalico.org",
    "ippools.projectcalico.org",
    "felixconfigurations.crd.projectcalico.org",
    "felixconfigurations.projectcalico.org",
    "clusterinformations.crd.projectcalico.org",
    "installations.operator.tigera.io",
    "helmchartconfigs.helm.cattle.io",
    "ciliumnodeconfigs.cilium.io",
    "networks.operator.openshift.io",
    "networks.config.openshift.io",
    "subnets.kubeovn.io",
)
SPECS = st.dictionaries(st.sampled_from(SPEC_KEYS), ODD, max_size=6)
CUSTOM = st.builds(
    CustomObject,
    resource=st.sampled_from(RESOURCES),
    name=st.sampled_from(["default", "cluster", "node.a", "rke2-canal", "x"]),
    spec=SPECS,
    status=st.dictionaries(st.just("computed"), ODD | SPECS, max_size=1),
)
ANNOTATIONS = st.dictionaries(
    st.sampled_from(
        [
            "flannel.alpha.coreos.com/backend-type",
            "flannel.alpha.coreos.com/backend-data",
            "flannel.alpha.coreos.com/backend-v6-data",
            "flannel.alpha.coreos.com/kube-subnet-manager",
            "k3s.io/node-args",
            "projectcalico.org/IPv4VXLANTunnelAddr",
            "projectcalico.org/WireguardPublicKey",
        ]
    ),
    st.text(max_size=20) | st.sampled_from(["vxlan", "true", '{"VNI":"x"}', '{"VNI":-5}', '["server", 7]', "null"]),
)
NODES = st.builds(
    Node,
    name=st.sampled_from(["a", "b"]),
    annotations=ANNOTATIONS,
    pod_cidrs=st.lists(st.text(max_size=8) | st.sampled_from(["10.0.1.0/24", "fd00::/64"]), max_size=2).map(tuple),
    network_reason=st.sampled_from(["", "FlannelIsUp", "CalicoIsUp"]),
    os=st.sampled_from(["", "linux", "windows"]),
)
FLAGS = (
    "--kube-subnet-mgr",
    "--net-config-path=",
    "-c",
    "--overlay-type=full",
    "--overlay-encap=fou",
    "--network-type=x",
)
ENV = st.builds(
    EnvVar,
    name=st.sampled_from(
        [
            *("FELIX_VXLANPORT", "FELIX_BPFENABLED", "CALICO_NETWORKING_BACKEND", "DATASTORE_TYPE"),
            *("CALICO_IPV4POOL_IPIP", "WEAVE_PORT", "IPALLOC_RANGE", "OVN_ENCAP_PORT", "POD_SUBNET"),
        ]
    ),
    value=st.none() | st.text(max_size=6),
    config_map=st.sampled_from(["", "settings"]),
    config_map_key=st.sampled_from(["", "net-conf.json"]),
)
CONTAINERS = st.builds(
    Container,
    name=st.sampled_from([each for one in SIGNATURES for each in one.containers] + ["node", "x"]),
    image=st.text(max_size=12) | st.sampled_from(["calico/windows:v3", "a/b/flannel:v0.1.2-amd64", "weave-kube"]),
    command=st.lists(st.text(max_size=8) | st.sampled_from(["/opt/bin/flanneld", "--", "-"]), max_size=2).map(tuple),
    args=st.lists(st.sampled_from(FLAGS), max_size=3).map(tuple),
    env=st.lists(ENV, max_size=4).map(tuple),
    mounts=st.lists(st.just(("cfg", "/etc/kube-flannel/")) | st.just(("gone", "/")), max_size=2).map(tuple),
)
WORKLOADS = st.builds(
    Workload,
    namespace=st.sampled_from(["", "net"]),
    name=st.text(max_size=6),
    desired=st.integers(-1, 3),
    ready=st.integers(-1, 3),
    containers=st.lists(CONTAINERS, max_size=3).map(tuple),
    volumes=st.lists(
        st.builds(
            Volume, st.just("cfg"), st.sampled_from(["", "settings"]), st.sampled_from(["", "rke2-canal-config"])
        ),
        max_size=2,
    ).map(tuple),
)
CONFIG_MAPS = st.builds(
    ConfigMap,
    namespace=st.sampled_from(["", "net"]),
    name=st.sampled_from(["settings", "cilium-config", "antrea-config", "calico-windows-config"]),
    data=st.dictionaries(st.sampled_from(DATA_KEYS), NET_CONF, max_size=3),
)
EVIDENCE = st.builds(
    Evidence,
    api_groups=st.frozensets(st.sampled_from(["crd.projectcalico.org", "cilium.io"])),
    nodes=st.lists(NODES, max_size=3).map(tuple),
    daemon_sets=st.lists(WORKLOADS, max_size=3).map(tuple),
    config_maps=st.lists(CONFIG_MAPS, max_size=3).map(tuple),
    custom=st.lists(CUSTOM, max_size=4).map(tuple),
    denied=st.frozensets(st.sampled_from(["daemonsets.apps", "ippools.crd.projectcalico.org", "configmaps"])),
)


@given(EVIDENCE)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_judging_never_raises(evidence: Evidence) -> None:
    for finding in cni.judge(evidence):
        assert 0 <= finding.confidence <= 100
        assert finding.because
        assert len(finding.because) <= MOST_SENTENCES + 1 + 16
        assert all(len(sentence) <= LONGEST_TEXT and sentence.isprintable() for sentence in finding.because)
        assert finding.backend.isprintable()
        for overlay in finding.overlays:
            assert overlay.port is None or 0 < overlay.port <= 65535
            assert overlay.vni is None or 0 <= overlay.vni <= MAX_VNI


@given(st.text())
def test_readers_never_raise(text: str) -> None:
    parse_json(text)
    network(text)
    image_version(text)
    flags(text.split())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["--kube-subnet-mgr", "--ip-masq=false"], {"kube-subnet-mgr": "true", "ip-masq": "false"}),
        (["server", "--flannel-backend", "none"], {"flannel-backend": "none"}),
        (["-v", "2", "--x="], {"v": "2", "x": ""}),
        (["--", "-"], {}),
    ],
)
def test_flags(line: list[str], expected: dict[str, Any]) -> None:
    assert flags(line) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("quay.io/calico/node:v3.32.1", "v3.32.1"),
        ("registry.example:5000/flannel", ""),
        ("registry.example:5000/flannel:v0.11.0-amd64@sha256:00", "v0.11.0"),
        ("flannel:latest", ""),
    ],
)
def test_image_version(image: str, expected: str) -> None:
    assert image_version(image) == expected
