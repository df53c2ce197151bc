"""Certificates: every way in which the server's or the client's can be wrong has a sentence of its own."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from podwire.kube import KubeconfigSource, check

from .authority import Authority, Pair
from .conftest import QUICK, following, until, write_kubeconfig
from .server import Api, serving


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def client_data(pair: Pair) -> dict[str, Any]:
    return {"client-certificate-data": b64(pair.certificate), "client-key-data": b64(pair.key)}


async def connect(folder: Path, port: int, **parts: Any) -> tuple[str, str, str]:
    host = parts.pop("host", "127.0.0.1")
    path = write_kubeconfig(folder / "config", f"https://{host}:{port}", **parts)
    report = await check(KubeconfigSource(str(path)), settings=QUICK)
    return report.state, report.error, report.warning


async def test_a_verified_server_is_trusted(api: Api, authority: Authority, tmp_path: Path) -> None:
    async with serving(api, authority.server_context(authority.issue())) as port:
        cluster = {"certificate-authority-data": b64(authority.certificate)}
        assert await connect(tmp_path, port, cluster=cluster) == ("connected", "", "")


@pytest.mark.parametrize(
    ("issue", "sentence"),
    [
        ({"is_expired": True}, "has expired"),
        ({"host": "192.0.2.1"}, "made out to another address"),
        ({"host": "k8s.example"}, "made out to another address"),
    ],
)
async def test_a_server_certificate_that_is_wrong(
    api: Api, authority: Authority, tmp_path: Path, issue: dict[str, Any], sentence: str
) -> None:
    async with serving(api, authority.server_context(authority.issue(**issue))) as port:
        cluster = {"certificate-authority-data": b64(authority.certificate)}
        state, error, _ = await connect(tmp_path, port, cluster=cluster)
        assert state == "certificate"
        assert sentence in error


async def test_another_name_is_told(api: Api, authority: Authority, tmp_path: Path) -> None:
    async with serving(api, authority.server_context(authority.issue())) as port:
        cluster = {"certificate-authority-data": b64(authority.certificate)}
        state, error, _ = await connect(tmp_path, port, cluster=cluster, host="localhost")
        assert (state, "another name" in error) == ("certificate", True)
        cluster["tls-server-name"] = "127.0.0.1"
        assert (await connect(tmp_path, port, cluster=cluster, host="localhost"))[0] == "connected"


async def test_a_foreign_authority_is_told(api: Api, authority: Authority, tmp_path: Path) -> None:
    async with serving(api, authority.server_context(authority.issue())) as port:
        cluster = {"certificate-authority-data": b64(Authority("another").certificate)}
        state, error, _ = await connect(tmp_path, port, cluster=cluster)
        assert state == "certificate"
        assert "an authority that the kubeconfig does not name" in error


async def test_verification_that_is_switched_off_is_warned_of(api: Api, authority: Authority, tmp_path: Path) -> None:
    async with serving(api, authority.server_context(authority.issue(is_expired=True))) as port:
        state, error, warning = await connect(tmp_path, port, cluster={"insecure-skip-tls-verify": True})
        assert (state, error) == ("connected", "")
        assert "insecure-skip-tls-verify" in warning


async def test_client_certificates(api: Api, authority: Authority, tmp_path: Path) -> None:
    tls = authority.server_context(authority.issue(), wants_client=True)
    cluster = {"certificate-authority-data": b64(authority.certificate)}
    async with serving(api, tls) as port:
        good = authority.issue(is_client=True)
        assert (await connect(tmp_path, port, cluster=cluster, user=client_data(good)))[0] == "connected"
        for bad in (None, authority.issue(is_client=True, is_expired=True), Authority("x").issue(is_client=True)):
            user = client_data(bad) if bad else {}
            state, error, _ = await connect(tmp_path, port, cluster=cluster, user=user)
            assert state == "unauthorized"
            assert "client certificate" in error


async def test_a_client_certificate_that_is_refused_with_an_alert(authority: Authority, tmp_path: Path) -> None:
    """The servers above end the connection without a word; others say why."""
    tls = authority.server_context(authority.issue(), wants_client=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_refuse, args=(listener, tls))
        thread.start()
        cluster = {"certificate-authority-data": b64(authority.certificate)}
        try:
            state, error, _ = await connect(tmp_path, listener.getsockname()[1], cluster=cluster)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
    assert (state, "client certificate" in error) == ("unauthorized", True)


def _refuse(listener: socket.socket, tls: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            connection = listener.accept()[0]
            connection.settimeout(5)
            with suppress(OSError):
                tls.wrap_socket(connection, server_side=True)
            connection.close()


async def test_client_certificates_from_files_are_read_again(api: Api, authority: Authority, tmp_path: Path) -> None:
    tls = authority.server_context(authority.issue(), wants_client=True)
    pair = authority.issue(is_client=True, is_expired=True)
    (tmp_path / "ca.crt").write_text(authority.certificate)
    (tmp_path / "me.crt").write_text(pair.certificate)
    (tmp_path / "me.key").write_text(pair.key)
    async with serving(api, tls) as port:
        path = write_kubeconfig(
            tmp_path / "config",
            f"https://127.0.0.1:{port}",
            cluster={"certificate-authority": "ca.crt"},
            user={"client-certificate": "me.crt", "client-key": "me.key"},
        )
        async with following(path) as sink:
            await until(lambda: sink.state.state == "unauthorized")
            pair = authority.issue(is_client=True)
            (tmp_path / "me.crt").write_text(pair.certificate)
            (tmp_path / "me.key").write_text(pair.key)
            await until(lambda: sink.state.state == "connected")


async def test_a_server_without_tls_is_told(api: Api, authority: Authority, tmp_path: Path) -> None:
    async with serving(api) as port:
        state, error, _ = await connect(tmp_path, port)
        assert (state, "does not speak TLS" in error) == ("unreachable", True)


async def test_a_name_that_does_not_resolve_is_told(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path / "config", "https://no-such-host.invalid:6443")
    report = await check(KubeconfigSource(str(path)), settings=QUICK)
    assert report.state == "unreachable"
    assert "cannot be resolved" in report.error
    assert not report.is_reachable


async def test_something_else_at_the_address_is_told(api: Api, tmp_path: Path) -> None:
    async with serving(api) as port:
        api.collections["/version"] = {}
        path = write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{port}/elsewhere")
        report = await check(KubeconfigSource(str(path)), settings=QUICK)
        assert report.state == "error"
        assert "404" in report.error
