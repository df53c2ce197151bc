"""Ranges that several networks of one cluster use."""

from __future__ import annotations

import pytest

from podwire.cni.shared_ranges import shared_ranges, warning_of
from podwire.model.evidence import CustomObject, Evidence
from podwire.model.findings import CniFinding, NetworkType

KUBE_OVN = CniFinding("kube-ovn", "geneve", NetworkType.OVERLAY)


def evidence(*subnets: tuple[str, str]) -> Evidence:
    return Evidence(
        custom=tuple(
            CustomObject("subnets.kubeovn.io", f"s{n}", spec={"cidrBlock": cidr} | ({"vpc": vpc} if vpc else {}))
            for n, (cidr, vpc) in enumerate(subnets)
        )
    )


@pytest.mark.parametrize(
    ("subnets", "shared"),
    [
        ((("10.0.0.0/16", "a"), ("10.0.0.0/16", "b")), ("10.0.0.0/16",)),
        ((("10.0.0.0/8", "a"), ("10.1.0.0/16", "b"), ("11.0.0.0/16", "c")), ("10.1.0.0/16",)),
        ((("10.0.0.0/16", "a"), ("10.1.0.0/16", "b")), ()),
        ((("10.16.0.0/16", ""), ("10.16.0.0/16", "ovn-cluster")), ()),
        ((("10.16.0.0/16,fd00::/64", ""), ("fd00::/64", "b")), ("fd00::/64",)),
        ((("10.0.0.0/8", "a"), ("10.1.0.0/16", "a"), ("10.1.2.0/24", "b")), ("10.1.2.0/24",)),
        ((("nonsense", "a"), ("", "b")), ()),
    ],
)
def test_networks_that_hold_the_same_addresses(subnets: tuple[tuple[str, str], ...], shared: tuple[str, ...]) -> None:
    assert shared_ranges(evidence(*subnets), [KUBE_OVN]) == shared


def test_what_another_plugin_left_is_not_asked() -> None:
    left = evidence(("10.0.0.0/16", "a"), ("10.0.0.0/16", "b"))
    assert shared_ranges(left, [CniFinding("flannel", "vxlan", NetworkType.OVERLAY)]) == ()
    assert shared_ranges(left, []) == ()


def test_it_is_said_what_is_not_named() -> None:
    assert warning_of(()) == ""
    assert "10.0.0.0/16: Pods" in warning_of(("10.0.0.0/16",))
    assert "and 2 more" in warning_of(tuple(f"10.{n}.0.0/16" for n in range(5)))
