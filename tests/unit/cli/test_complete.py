"""What TAB and `?` offer at each place of a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from podwire.catalog import NOUNS, Noun
from podwire.cli.complete import complete


def offered(text: str) -> list[str]:
    return [candidate.text for candidate in complete(text, known)]


def known(noun: Noun, column: str, start: str) -> list[str]:
    """What a switch has; of some columns it has nothing."""
    values = {
        ("k8s-connection", "cluster-name"): ["pluribus", "two words", "prod"],
        ("connection", "src-pod"): ["web-1", "web-2", "db,1"],
        ("connection", "src-ip"): ["10.0.0.1", "fd00::1"],
        ("vport", "entity"): ["web-1"],
        ("user", "name"): ["ann"],
    }
    return [value for value in values.get((noun.name, column), []) if value.startswith(start)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vp", ["vport-history-show", "vport-show"]),
        ("k8s-connection-", [f"k8s-connection-{verb}" for verb in ("create", "delete", "modify", "show")]),
        ("switch-local vp", ["vport-history-show", "vport-show"]),
        ("switch leaf1 vp", ["vport-history-show", "vport-show"]),
        ("help vp", ["vport-history-show", "vport-show"]),
        ("ex", ["exit"]),
        ("pager ", ["off", "on"]),
        ("pager on ", []),
        ("vport-show sv", ["svc-name"]),
        ("vport-show svc-name pluribus sv", []),
        ("vport-show svc-name p", ["pluribus", "prod"]),
        ("vport-show svc-name t", []),
        ("k8s-connection-delete cluster-name ", ["pluribus", "'two words'", "prod"]),
        ("k8s-connection-modify en", ["enable"]),
        ("k8s-connection-modify enable dis", []),
        ("k8s-connection-show enable ", ["enable", "disable"]),
        ("connection-show cur-state syn", ["syn", "syn-ack"]),
        ("vport-show layout ", ["horizontal", "vertical"]),
        ("vport-show format a", ["all"]),
        ("vport-show format ip,e", ["ip,entity"]),
        ("vport-show format entity,e", []),
        ("vport-show sort-desc a", []),
        ("vport-show --", ["--json", "--csv", "--parquet"]),
        ("no-such-command ", []),
        ("connection-show src-pod w", ["web-1", "web-2"]),
        ("connection-show not src-pod web-1,w", ["web-1,web-2"]),
        ("connection-show src-ip ", ["10.0.0.1", "fd00::1"]),
        ("traffic-show src-pod web-2", ["web-2"]),
        ("vport-show entity ", ["web-1"]),
        ("user-delete name a", ["ann"]),
        ("user-modify name ann password ", []),
        ("connection-show latency ", []),
        ("connection-show sum-by dst-p", ["dst-port", "dst-pod"]),
        ("vport-show hostname ", []),
        ("vport-show svc-name 'plu", []),
        ("vport-show \\", []),
    ],
)
def test_offers(text: str, words: list[str]) -> None:
    assert offered(text) == words


def test_every_command_is_offered_first() -> None:
    assert {noun.show_command for noun in NOUNS} < set(offered(""))


def test_files_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / "certificates").mkdir()
    for name in ("config", "con fig", ".kube/config"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    start = "k8s-connection-create kube-config "
    assert offered(start) == ["certificates/", "config"]
    assert offered(start + "./c") == ["./certificates/", "./config"]
    assert offered(start + ".k") == [".kube/"]
    assert offered(start + "~/.kube/") == ["~/.kube/config"]
    assert offered(start + "/nowhere/at/all/") == []
    assert "/tmp/" in offered(start + "/t")
