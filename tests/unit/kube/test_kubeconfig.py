"""Every kubeconfig that cannot be used is told in one sentence, and none of them tells a secret."""

from __future__ import annotations

import dataclasses
import logging
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from podwire.kube.errors import KubeconfigError
from podwire.kube.kubeconfig import KubeconfigSource, load_access, read_kubeconfig

from .authority import Authority
from .conftest import QUICK, write_kubeconfig

SECRET = "geheim-und-lang"
SERVER = "https://127.0.0.1:6443"


def good() -> dict[str, Any]:
    return {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": SERVER}}],
        "users": [{"name": "u", "user": {"token": SECRET}}],
    }


async def sentence_of(path: Path, context: str | None = None, settings: Any = QUICK) -> str:
    with pytest.raises(KubeconfigError) as caught:
        await load_access(KubeconfigSource(str(path), context), settings)
    text = str(caught.value)
    assert SECRET not in text
    assert "\n" not in text
    assert text.endswith(".")
    return text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"current-context": None}, "has no current-context"),
        ({"current-context": "y"}, 'has no context "y"'),
        ({"clusters": []}, 'has no cluster "c"'),
        ({"users": []}, 'has no user "u"'),
        ({"users": "all"}, "are not a list"),
        ({"clusters": [{"name": "c", "cluster": {}}]}, "is not an address"),
        ({"clusters": [{"name": "c", "cluster": {"server": "ftp://x"}}]}, "is not an address"),
        ({"clusters": [{"name": "c", "cluster": {"server": "https://x:99999"}}]}, "is not an address"),
        ({"clusters": [{"name": "c", "cluster": {"server": 5}}]}, "is not a text"),
        ({"clusters": [{"name": "c", "cluster": {"server": SERVER, "certificate-authority-data": "%"}}]}, "not base64"),
        ({"clusters": [{"name": "c", "cluster": {"server": SERVER, "certificate-authority-data": "YQ=="}}]}, "in PEM"),
        (
            {"clusters": [{"name": "c", "cluster": {"server": SERVER, "certificate-authority": "no.crt"}}]},
            "cannot be read",
        ),
        ({"users": [{"name": "u", "user": {"client-certificate-data": "YQ=="}}]}, "has no client-key"),
        (
            {"users": [{"name": "u", "user": {"client-key-data": "YQ==", "client-certificate-data": "YQ=="}}]},
            "PEM pair",
        ),
        ({"users": [{"name": "u", "user": {"tokenFile": "no-token"}}]}, "cannot be read"),
        ({"users": [{"name": "u", "user": {"token": f"{SECRET}\nX-Y: z"}}]}, "no token has"),
        ({"users": [{"name": "u", "user": {"auth-provider": {"name": "azure"}}}]}, "is not supported"),
        (
            {"users": [{"name": "u", "user": {"auth-provider": {"name": "oidc", "config": {"id-token": SECRET}}}}]},
            "gives no token",
        ),
        ({"users": [{"name": "u", "user": {"exec": {"command": "podwire-no-such-plugin"}}}]}, "is not installed"),
        ({"users": [{"name": "u", "user": {"exec": {}}}]}, "names no command"),
        ({"users": [{"name": "u", "user": {"exec": "x"}}]}, "is not a mapping"),
    ],
)
async def test_what_is_wrong_is_told(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(good() | change))
    assert sentence in await sentence_of(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a kubeconfig"),
        (b"a: b", "is not a kubeconfig"),
        (b"[1, 2]", "is not a kubeconfig"),
        (f"token: {SECRET}: {SECRET}\n".encode(), "is not YAML"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"\x00", "is not YAML"),
        (b"[" * 5000, "is not YAML"),
    ],
)
async def test_what_is_no_kubeconfig_is_told(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)
    assert sentence in await sentence_of(path)


async def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    assert "There is no kubeconfig" in await sentence_of(tmp_path / "none")
    assert "is a directory" in await sentence_of(tmp_path)
    (tmp_path / "file").write_text("x")
    assert "a part of its path is a file" in await sentence_of(tmp_path / "file" / "config")


async def test_a_file_that_cannot_be_read() -> None:
    # The memory at address 0 is nobody's, not even root's.
    assert "cannot be read" in await sentence_of(Path("/proc/self/mem"))


async def test_another_context_can_be_chosen(tmp_path: Path) -> None:
    document = good()
    document["contexts"].append({"name": "y", "context": {"cluster": "d"}})
    document["clusters"].append({"name": "d", "cluster": {"server": "other.example:6443/prefix/"}})
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(document))
    access = await load_access(KubeconfigSource(str(path), "y"), QUICK)
    assert (access.server, access.authorization) == ("https://other.example:6443/prefix", "")


async def test_credentials_never_show(tmp_path: Path) -> None:
    user = {"username": "reader", "password": SECRET}
    path = write_kubeconfig(tmp_path / "config", f"https://someone:{SECRET}@127.0.0.1:6443", user=user)
    source = KubeconfigSource(str(path))
    access = await load_access(source, QUICK)
    assert access.authorization.startswith("Basic ")
    assert access.server == SERVER
    assert SECRET not in repr(access) + repr(read_kubeconfig(source))
    assert access.authorization not in repr(access)


def plugin(folder: Path, script: str) -> dict[str, Any]:
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"command": "./plugin", "apiVersion": "client.authentication.k8s.io/v1", "args": ["one"]}}


async def test_an_exec_plugin_gives_a_token(tmp_path: Path) -> None:
    script = 'cat <<END\n{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"$1-$NAME"}}\nEND'
    user = plugin(tmp_path, script)
    user["exec"]["env"] = [{"name": "NAME", "value": SECRET}]
    path = write_kubeconfig(tmp_path / "config", SERVER, user=user)
    access = await load_access(KubeconfigSource(str(path)), QUICK)
    assert access.authorization == f"Bearer one-{SECRET}"


async def test_an_exec_plugin_gives_a_certificate(tmp_path: Path) -> None:
    pair = Authority().issue(is_client=True)
    (tmp_path / "crt").write_text(pair.certificate.replace("\n", "\\n"))
    (tmp_path / "key").write_text(pair.key.replace("\n", "\\n"))
    script = (
        'printf \'{"apiVersion":"client.authentication.k8s.io/v1","status":{"clientCertificateData":"%s",'
        f'"clientKeyData":"%s"}}}}\' "$(cat {tmp_path}/crt)" "$(cat {tmp_path}/key)"'
    )
    path = write_kubeconfig(tmp_path / "config", SERVER, user=plugin(tmp_path, script))
    access = await load_access(KubeconfigSource(str(path)), QUICK)
    assert access.tls is not None
    assert access.authorization == ""


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (f"echo {SECRET} >&2; exit 3", "failed with exit status 3"),
        (f"echo {SECRET}", "prints no ExecCredential"),
        (f'echo \'{{"status":{{"token":"{SECRET}"}}}}\'', "another apiVersion"),
        ('echo \'{"apiVersion":"client.authentication.k8s.io/v1","status":{}}\'', "neither a token nor a certificate"),
        ("yes | head -c 2000000", "prints more than a credential"),
    ],
)
async def test_exec_plugins_that_fail(
    tmp_path: Path, script: str, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = write_kubeconfig(tmp_path / "config", SERVER, user=plugin(tmp_path, script))
    assert sentence in await sentence_of(path)
    assert SECRET not in caplog.text


async def test_an_exec_plugin_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/child; wait"
    path = write_kubeconfig(tmp_path / "config", SERVER, user=plugin(tmp_path, script))
    settings = dataclasses.replace(QUICK, exec_seconds=0.5)
    assert "did not end within 0.5 s" in await sentence_of(path, settings=settings)
    child = int((tmp_path / "child").read_text())
    for _ in range(200):
        if not _is_alive(child):
            break
        time.sleep(0.01)  # noqa: ASYNC251 - the child is no task of this loop
    assert not _is_alive(child)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_exec_plugins_can_be_forbidden(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path / "config", SERVER, user=plugin(tmp_path, f"touch {tmp_path}/ran"))
    settings = dataclasses.replace(QUICK, kube_exec_plugins=False)
    assert "kube-exec-plugins forbids" in await sentence_of(path, settings=settings)
    assert not (tmp_path / "ran").exists()


async def test_an_oidc_token_that_is_valid_is_used(tmp_path: Path) -> None:
    token = "e30.e30.x"  # a JWT without an end
    user = {"auth-provider": {"name": "oidc", "config": {"id-token": token}}}
    path = write_kubeconfig(tmp_path / "config", SERVER, user=user)
    access = await load_access(KubeconfigSource(str(path)), QUICK)
    assert access.authorization == f"Bearer {token}"


async def test_kubectl_reads_the_same(tmp_path: Path, kubectl: str) -> None:
    document = good()
    document["contexts"].append({"name": "other", "context": {"cluster": "c", "user": "u"}})
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(document))
    command = [kubectl, "config", "view", "--kubeconfig", str(path), "--minify", "--raw", "-o", "json"]
    view = yaml.safe_load(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)  # noqa: ASYNC221
    access = await load_access(KubeconfigSource(str(path)), QUICK)
    assert access.server == view["clusters"][0]["cluster"]["server"]
    assert access.authorization == f"Bearer {view['users'][0]['user']['token']}"
