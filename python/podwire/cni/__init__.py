"""Which CNI plugin a cluster runs and in what mode, judged from what its API shows.

What enters: pure detectors, one file a plugin, each `detect(evidence) -> CniFinding | None`, and what they share to
read evidence. What does not: I/O, clocks, packets, Pods, and guesses from a port or a VNI.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from podwire.cni import (
    antrea,
    aws_vpc_cni,
    azure_cni,
    calico,
    canal,
    cilium,
    flannel,
    gke,
    kindnet,
    kube_ovn,
    kube_router,
    openshift_sdn,
    ovn_kubernetes,
    weave,
)
from podwire.cni.leftovers import ignored_traces
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding

Detector = Callable[[Evidence], CniFinding | None]

DETECTORS: tuple[Detector, ...] = (
    flannel.detect,
    calico.detect,
    canal.detect,
    cilium.detect,
    kindnet.detect,
    kube_router.detect,
    antrea.detect,
    weave.detect,
    ovn_kubernetes.detect,
    kube_ovn.detect,
    aws_vpc_cni.detect,
    azure_cni.detect,
    gke.detect,
    openshift_sdn.detect,
)


def judge(evidence: Evidence, detectors: Sequence[Detector] = DETECTORS) -> tuple[CniFinding, ...]:
    """Return what the cluster runs, surest first: one finding, several where several plugins are alive, or none.

    Never raises: whatever a cluster holds, broken parts are named in `because` and lower the confidence.
    """
    findings = [finding for detect in detectors if (finding := detect(evidence)) is not None]
    findings.sort(key=lambda finding: -finding.confidence)
    ignored = ignored_traces(evidence, {finding.plugin for finding in findings})
    return tuple(msgspec.structs.replace(each, because=(*each.because, *ignored)) for each in findings)
