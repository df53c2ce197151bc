"""Ranges that several networks of one cluster use: an address in them does not tell whose it is.

Kube-OVN gives each VPC its own addresses (kube-ovn, `pkg/apis/kubeovn/v1/subnet.go`): two may have the same ones.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from podwire.cni import kube_ovn, reading
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding

_DEFAULT_VPC = "ovn-cluster"
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def shared_ranges(evidence: Evidence, findings: Iterable[CniFinding]) -> tuple[str, ...]:
    """Return every range in which an address may be that of Pods in several networks, in order."""
    if all(finding.plugin != kube_ovn.PLUGIN for finding in findings):
        return ()
    used = {
        (ipaddress.ip_network(cidr, strict=False), str(each.spec.get("vpc") or _DEFAULT_VPC))
        for each in evidence.custom
        if each.resource == kube_ovn.SUBNETS
        for cidr in reading.networks(str(each.spec.get("cidrBlock", "")).split(","))
    }
    return tuple(map(str, _overlapping(used)))


def _overlapping(used: Iterable[tuple[_Network, str]]) -> list[_Network]:
    """Return the inner one of each two ranges of different networks that overlap: one always holds the other."""
    found: dict[_Network, None] = {}
    around: list[tuple[_Network, str]] = []
    for network, owner in sorted(used, key=lambda each: (each[0].version, each[0].network_address, each[0].prefixlen)):
        while around and not _holds(around[-1][0], network):
            around.pop()
        if any(other != owner for _, other in around):
            found[network] = None
        around.append((network, owner))
    return list(found)


def _holds(outer: _Network, inner: _Network) -> bool:
    return outer.version == inner.version and inner.network_address in outer


def warning_of(ranges: tuple[str, ...]) -> str:
    """Say what is not named for that; empty where nothing is."""
    if not ranges:
        return ""
    more = f" and {len(ranges) - 3} more" if len(ranges) > 3 else ""
    return f"Several networks of the cluster use {', '.join(ranges[:3])}{more}: Pods with such addresses are not named."
