"""Servers behind proxies, and servers with IPv6 addresses, over real sockets."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from podwire.kube import KubeconfigSource, check
from podwire.kube.errors import KubeconfigError
from podwire.kube.proxy import proxy_for

from .authority import Authority
from .conftest import QUICK, write_kubeconfig
from .server import Api, serving


@dataclass
class Proxy:
    """A proxy that tunnels (`CONNECT`, RFC 9110 §9.3.6) and remembers what it was asked."""

    asked: list[str] = field(default_factory=list)
    status: str = "200 OK"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            host, _, port = head.split()[1].rpartition(":")
            writer.write(f"HTTP/1.1 {self.status}\r\n\r\n".encode())
            if self.status.startswith("200"):
                inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
                await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()


@asynccontextmanager
async def proxying(proxy: Proxy, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.01)


def trusting(authority: Authority, **more: object) -> dict[str, object]:
    return {"certificate-authority-data": base64.b64encode(authority.certificate.encode()).decode(), **more}


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_server_behind_a_proxy(api: Api, authority: Authority, tmp_path: Path, scheme: str) -> None:
    tls = authority.server_context(authority.issue())
    proxy = Proxy()
    async with serving(api, tls) as port, proxying(proxy, tls if scheme == "https" else None) as proxy_port:
        about = trusting(authority, **{"proxy-url": f"{scheme}://me:geheim@127.0.0.1:{proxy_port}"})
        path = write_kubeconfig(tmp_path / "config", f"https://127.0.0.1:{port}", cluster=about)
        report = await check(KubeconfigSource(str(path)), settings=QUICK)
    assert (report.state, report.error) == ("connected", "")
    assert proxy.asked[0].startswith(f"CONNECT 127.0.0.1:{port} ")
    assert base64.b64encode(b"me:geheim").decode() in proxy.asked[0]


async def test_a_proxy_that_refuses(api: Api, authority: Authority, tmp_path: Path) -> None:
    proxy = Proxy(status="403 Forbidden")
    async with proxying(proxy) as proxy_port:
        about = trusting(authority, **{"proxy-url": f"http://me:geheim@127.0.0.1:{proxy_port}"})
        path = write_kubeconfig(tmp_path / "config", "https://192.0.2.1:6443", cluster=about)
        report = await check(KubeconfigSource(str(path)), settings=QUICK)
    assert report.state == "unreachable"
    assert "check proxy-url" in report.error
    assert "geheim" not in repr(report)


async def test_a_proxy_that_is_not_there(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path / "config", "https://192.0.2.1:6443", cluster={"proxy-url": "http://127.0.0.1:9"})
    report = await check(KubeconfigSource(str(path)), settings=QUICK)
    assert (report.state, "proxy" in report.error) == ("unreachable", True)


async def test_the_proxy_of_the_environment(
    api: Api, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy()
    async with serving(api, authority.server_context(authority.issue())) as port, proxying(proxy) as proxy_port:
        monkeypatch.setattr(os, "environ", os.environ | {"HTTPS_PROXY": f"127.0.0.1:{proxy_port}", "NO_PROXY": ""})
        url = f"https://127.0.0.1:{port}"
        path = write_kubeconfig(tmp_path / "config", url, cluster=trusting(authority))
        assert (await check(KubeconfigSource(str(path)), settings=QUICK)).state == "connected"
        assert not proxy.asked, "this host is never asked through a proxy of the environment"
        about = trusting(authority, **{"tls-server-name": "127.0.0.1"})
        path = write_kubeconfig(tmp_path / "config", f"https://host.invalid:{port}", cluster=about)
        assert (await check(KubeconfigSource(str(path)), settings=QUICK)).state == "unreachable"
        assert proxy.asked[0].startswith(f"CONNECT host.invalid:{port} ")


@pytest.mark.parametrize(
    ("server", "no_proxy", "is_used"),
    [
        ("https://k8s.example.org:6443", "", True),
        ("https://k8s.example.org:6443", "*", False),
        ("https://k8s.example.org:6443", "example.org", False),
        ("https://example.org", "example.org", False),
        ("https://example.org", ".example.org", True),
        ("https://k8s.example.org", "*.example.org", False),
        ("https://badexample.org", "example.org", True),
        ("https://k8s.example.org:6443", "other, K8S.example.org:6443", False),
        ("https://k8s.example.org:6443", "k8s.example.org:443", True),
        ("https://192.0.2.7:6443", "192.0.2.0/24", False),
        ("https://192.0.2.7:6443", "192.0.2.7", False),
        ("https://192.0.2.7:6443", "192.0.2.7:6443", False),
        ("https://198.51.100.7:6443", "192.0.2.0/24,nonsense/99", True),
        ("https://[2001:db8::7]:6443", "2001:db8::/32", False),
        ("https://[2001:db8::7]:6443", "[2001:db8::7]:6443", False),
        ("https://localhost:6443", "", False),
        ("https://[::1]:6443", "", False),
        ("http://k8s.example.org", "", False),
    ],
)
def test_where_the_proxy_of_the_environment_is_used(server: str, no_proxy: str, is_used: bool) -> None:
    environment = {"https_proxy": "http://proxy:3128", "NO_PROXY": no_proxy}
    assert proxy_for(server, "", environment) == ("http://proxy:3128" if is_used else "")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("socks5://geheim@proxy:1080", "SOCKS proxy"),
        ("ftp://proxy", "is not an address"),
        ("proxy:3128", "is not an address"),
        ("http://proxy:99999", "is not an address"),
    ],
)
def test_proxies_that_cannot_be_used_are_told(url: str, sentence: str) -> None:
    with pytest.raises(KubeconfigError, match=sentence) as caught:
        proxy_for("https://a", url, {})
    assert "geheim" not in str(caught.value)


async def test_a_server_with_an_ipv6_address(api: Api, authority: Authority, tmp_path: Path) -> None:
    try:
        serving_there = serving(api, authority.server_context(authority.issue(host="::1")), host="::1")
        port = await serving_there.__aenter__()
    except OSError:
        pytest.skip("there is no IPv6 here")
    path = write_kubeconfig(tmp_path / "config", f"https://[::1]:{port}", cluster=trusting(authority))
    report = await check(KubeconfigSource(str(path)), settings=QUICK)
    await serving_there.__aexit__(None, None, None)
    assert (report.state, report.server) == ("connected", f"https://[::1]:{port}")
