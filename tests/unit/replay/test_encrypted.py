"""Captures in which nobody can read: the answer says so, by what the objects tell and by what the packets show."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CASES = Path(__file__).parents[2] / "cases"
Replay = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("capture", "objects", "said"),
    [
        (
            "wireguard",
            "flannel-wireguard",
            "The Pods of objects talk through WireGuard, which cannot be read on the way",
        ),
        ("esp", "antrea-ipsec", "The Pods of objects talk through IPsec, which cannot be read on the way"),
        ("esp", None, "What 2 pairs of addresses send each other is encrypted: encrypted-show tells how much."),
    ],
)
def test_an_empty_table_says_that_all_is_encrypted(
    replay: Replay, capture: str, objects: str | None, said: str
) -> None:
    words = [str(CASES / "pcap" / "tunnels" / capture / "capture.pcap")]
    words += ["--objects", str(CASES / "cni" / objects)] if objects else []
    done = replay(*words, "connection-show")
    assert (done.returncode, done.stdout) == (0, "")
    assert said in done.stderr


def test_overlapping_vpcs_are_not_named(replay: Replay, tmp_path: Path) -> None:
    """Two VPCs of Kube-OVN hold the same addresses: which of two Pods it was nobody can tell."""
    pods = "\n---\n".join(
        f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {vpc}, uid: {vpc}-{name}, creationTimestamp: "2023-11-14T10:0{n}:00Z"}}
spec: {{nodeName: worker-1, containers: [{{name: c, image: x}}]}}
status: {{phase: Running, podIP: {address}, startTime: "2023-11-14T10:0{n}:00Z"}}"""
        for n, (name, vpc, address) in enumerate(
            [("a", "blue", "10.10.1.1"), ("a", "red", "10.10.1.1"), ("b", "blue", "10.10.2.1")]
        )
    )
    objects = (CASES / "cni" / "kube-ovn-same-addresses" / "objects.yaml").read_text()
    capture = str(CASES / "pcap" / "tunnels" / "geneve-ovn" / "capture.pcap")
    for own, named in ((objects.replace("10.32.0.0/16", "10.10.0.0/16"), 0), (objects, 2)):
        (tmp_path / "objects.yaml").write_text(f"{own}\n---\n{pods}\n")
        shown = ["connection-show", "format", "src-pod,dst-pod", "parsable-delim", ","]
        done = replay(capture, "--objects", str(tmp_path / "objects.yaml"), *shown)
        assert sum(map(bool, done.stdout.strip().split(","))) == named, done.stdout
