"""Manifests as the projects publish them and answers of real API servers, where a folder of them is at hand.

The folder is named by PODWIRE_SHARED, `../shared` beside the checkout unless set.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from podwire import cni
from podwire.model.evidence import Evidence

Load = Callable[..., Evidence]
SHARED = Path(os.environ.get("PODWIRE_SHARED", Path(__file__).parents[4] / "shared"))
SAMPLES, RECORDINGS = SHARED / "cni-samples", SHARED / "kube-recordings"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no folder of published manifests")

VXLAN, VXLAN_CALICO, EBPF = "vxlan:8472:1", "vxlan:4789:4096", "vxlan:4789:13242816"
MANIFESTS = {
    "flannel/kube-flannel-v0.28.9.yml": "flannel vxlan overlay " + VXLAN,
    "flannel/kube-flannel-v0.18.1-kube-system.yml": "flannel vxlan overlay " + VXLAN,
    "flannel/kube-flannel-v0.11.0-per-arch.yml": "flannel vxlan overlay " + VXLAN,
    "flannel/minikube.yml": "flannel host-gw underlay",
    "flannel/fake-node.yaml": "flannel vxlan overlay " + VXLAN,
    "calico/calico-v3.32.1.cm-ds.yaml": "calico ipip overlay ipip",
    "calico/calico-v3.24.0.cm-ds.yaml": "calico ipip overlay ipip",
    "calico/calico-typha-v3.32.1.cm-ds.yaml": "calico ipip overlay ipip",
    "calico/calico-etcd-v3.32.1.cm-ds.yaml": "calico ipip overlay ipip",
    "calico/calico-v3-crds-v3.32.1.cm-ds.yaml": "calico ipip overlay ipip",
    "calico/calico-vxlan-v3.32.1.cm-ds.yaml": "calico vxlan-cross-subnet mixed " + VXLAN_CALICO,
    "calico/calico-bpf-v3.32.1.cm-ds.yaml": "calico bgp underlay " + EBPF,
    "calico/calico-windows-vxlan-v3.25.0.yaml": "calico vxlan overlay " + VXLAN_CALICO,
    "calico/calico-policy-only-v3.32.1.cm-ds.yaml": "",
    "calico/crds-v3.32.1-selected.yaml": "",
    "calico/operator-custom-resources-v3.32.1.yaml": "calico vxlan-cross-subnet mixed " + VXLAN_CALICO,
    "calico/operator-custom-resources-bpf-v3.32.1.yaml": f"calico vxlan-cross-subnet mixed {VXLAN_CALICO} {EBPF}",
    "calico/operator-ocp-installation-v3.32.1.yaml": "calico ipip overlay ipip " + EBPF,
    "calico/confd-mock/ipip-always.yaml": "calico ipip overlay ipip",
    "calico/confd-mock/ipip-cross-subnet.yaml": "calico ipip-cross-subnet mixed ipip",
    "calico/confd-mock/ipip-off.yaml": "calico bgp underlay",
    "calico/confd-mock/vxlan-always.yaml": "calico vxlan overlay " + VXLAN_CALICO,
    "canal/canal-v3.32.1.cm-ds.yaml": "canal vxlan overlay " + VXLAN,
    "canal/canal-v3.24.0.cm-ds.yaml": "canal vxlan overlay " + VXLAN,
    "cilium/cilium-config-v1.6.0.yaml": "cilium vxlan overlay vxlan:8472",
    "antrea/antrea-v2.7.0.cm-ds.yaml": "antrea geneve overlay geneve:6081",
    "antrea/antrea-gke-v2.7.0.cm-ds.yaml": "antrea noencap underlay",
    "antrea/antrea-eks-v2.7.0.cm-ds.yaml": "",
    "antrea/antrea-ipsec-v2.7.0.cm-ds.yaml": "antrea gre overlay esp",
    "kube-router/kubeadm-kuberouter-v2.11.1.yaml": "kube-router ipip-cross-subnet mixed ipip",
    "kube-router/kubeadm-kuberouter-all-features-v2.11.1.yaml": "kube-router ipip-cross-subnet mixed ipip",
    "kube-router/generic-kuberouter-all-features-v2.11.1.yaml": "kube-router ipip-cross-subnet mixed ipip",
    "weave/weave-daemonset-k8s-1.11.yaml": "weave fastdp overlay vxlan:6784",
    "aws-vpc-cni/aws-k8s-cni-v1.23.0.yaml": "aws-vpc-cni vpc underlay",
    "kube-ovn/00-vpc-simple.yaml": "",
    "kube-ovn/00-lnet-simple.yaml": "",
}
ANSWERS = {
    "flannel-vxlan": "flannel vxlan overlay " + VXLAN,
    "flannel-vxlan-dr": "flannel vxlan mixed " + VXLAN,
    "flannel-hostgw": "flannel host-gw underlay",
    "calico-vxlan": "calico vxlan overlay " + VXLAN_CALICO,
    "calico-vxlan-cross": "calico vxlan-cross-subnet mixed " + VXLAN_CALICO,
    "calico-ipip": "calico ipip overlay ipip",
    "calico-bgp": "calico bgp underlay",
    "calico-v3-crds": "calico vxlan-cross-subnet mixed " + VXLAN_CALICO,
}
FILES = ("nodes", "daemonsets", "configmaps", "ippools", "felixconfigurations", "clusterinformations")


def in_short(evidence: Evidence) -> str:
    """The finding as `plugin backend type kind:port:vni …`; empty where there is none."""
    answers = []
    for finding in cni.judge(evidence):
        tunnels = [
            ":".join(str(part) for part in (each.kind, each.port, each.vni) if part is not None)
            for each in finding.overlays
        ]
        answers.append(" ".join([finding.plugin, finding.backend, finding.network_type, *tunnels]))
    return " / ".join(answers)


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifest(name: str, load_evidence: Load) -> None:
    assert in_short(load_evidence(SAMPLES / name)) == MANIFESTS[name]


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_of_a_server(name: str, load_evidence: Load) -> None:
    folder = RECORDINGS / name
    paths = [path for path in (folder / f"{each}.json" for each in FILES) if path.exists()]
    assert in_short(load_evidence(*paths)) == ANSWERS[name]
