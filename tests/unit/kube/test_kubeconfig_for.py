"""A kubeconfig for podwire's account: whole, usable, and with nothing of the administrator in it."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from podwire.__main__ import main
from podwire.kube import KubeconfigSource, check
from podwire.kube.kubeconfig_for import kubeconfig_for

from .authority import Authority
from .conftest import QUICK, write_kubeconfig
from .server import Api, serving

ADMIN = "geheim-und-lang"
TOKEN = "account-token"


def admin(folder: Path, server: str, authority: Authority) -> Path:
    (folder / "ca.crt").write_text(authority.certificate)
    about = {"certificate-authority": "ca.crt", "tls-server-name": "127.0.0.1", "extensions": [{"name": "x"}]}
    return write_kubeconfig(folder / "admin", server, cluster=about, user={"token": ADMIN})


async def test_it_leads_to_the_same_cluster(api: Api, authority: Authority, tmp_path: Path) -> None:
    api.token = TOKEN
    async with serving(api, authority.server_context(authority.issue())) as port:
        source = KubeconfigSource(str(admin(tmp_path, f"https://127.0.0.1:{port}", authority)))
        text = kubeconfig_for(source, {"token": TOKEN})
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "config").write_text(text)
        report = await check(KubeconfigSource(str(elsewhere / "config")), settings=QUICK)
    assert (report.state, report.error) == ("connected", "")
    assert ADMIN not in text


def run(monkeypatch: pytest.MonkeyPatch, given: str, *words: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(given))
    return main(["kubeconfig-for", *words])


def test_a_token_on_standard_input(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = admin(tmp_path, "https://k8s.example:6443", authority)
    assert run(monkeypatch, f"{TOKEN}\n", "--kube-config", str(path), "--token-file", "-") == 0
    made = yaml.safe_load(capsys.readouterr().out)
    assert made["users"] == [{"name": "podwire", "user": {"token": TOKEN}}]
    cluster = made["clusters"][0]["cluster"]
    data = base64.b64encode(authority.certificate.encode()).decode()
    assert cluster == {
        "server": "https://k8s.example:6443",
        "tls-server-name": "127.0.0.1",
        "certificate-authority-data": data,
    }


def test_a_token_file_is_named_so_that_it_can_rotate(
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kubectl: str,
) -> None:
    path = admin(tmp_path, "https://k8s.example:6443", authority)
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 4_000_000_000}).encode()).decode().rstrip("=")
    (tmp_path / "token").write_text(f"e30.{claims}.x\n")
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "", "--kube-config", str(path), "--token-file", "token") == 0
    written = capsys.readouterr()
    assert "The token ends at 2096-10-02T07:06:40" in written.err
    (tmp_path / "made").write_text(written.out)
    command = [kubectl, "config", "view", "--kubeconfig", "made", "--minify", "--raw", "-o", "json"]
    view: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    assert view["users"][0]["user"] == {"tokenFile": str(tmp_path / "token")}


@pytest.mark.parametrize("given", ["", "\n", "two words", "bad\x07token", "Überschrift"])
def test_what_is_no_token_is_refused(
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: str,
) -> None:
    path = admin(tmp_path, "https://k8s.example:6443", authority)
    assert run(monkeypatch, given, "--kube-config", str(path), "--token-file", "-") == 1
    written = capsys.readouterr()
    assert written.out == ""
    assert "There is no token in standard input" in written.err


def test_kubeconfigs_that_lead_nowhere_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, TOKEN, "--kube-config", str(tmp_path / "none"), "--token-file", "-") == 1
    assert "There is no kubeconfig" in capsys.readouterr().err
