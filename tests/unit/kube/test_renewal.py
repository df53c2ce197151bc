"""Credentials that end, rotate or are refused are renewed while the cluster is followed, without a new list."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import json
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from podwire.kube.credentials import CredentialStore
from podwire.kube.errors import KubeconfigError
from podwire.kube.exec_plugin import run_plugin
from podwire.kube.kubeconfig import KubeconfigSource, load_access, read_kubeconfig
from podwire.support.clock import FixedClock, SystemClock

from .authority import Authority
from .conftest import QUICK, cluster, following, pod, until, write_kubeconfig
from .server import Api, serving

PODS = "/api/v1/pods"
V1 = "client.authentication.k8s.io/v1"
SECOND = 1_000_000_000
HOUR = 3600 * SECOND


def time_of(ns: int) -> str:
    return datetime.datetime.fromtimestamp(ns / SECOND, datetime.UTC).isoformat().replace("+00:00", "Z")


class Plugin:
    """An exec plugin that hands out the file `credential` and counts its runs."""

    def __init__(self, folder: Path, version: str = V1) -> None:
        self._folder = folder
        self._version = version
        script = folder / "plugin"
        script.write_text(f'#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >> {folder}/runs\ncat {folder}/credential\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        self.give("first")

    def give(self, token: str, ends_ns: int | None = None) -> None:
        status = {"token": token} | ({"expirationTimestamp": time_of(ends_ns)} if ends_ns else {})
        document = {"kind": "ExecCredential", "apiVersion": self._version, "status": status}
        (self._folder / "credential").write_text(json.dumps(document))

    def user(self, **more: Any) -> dict[str, Any]:
        return {"exec": {"command": "./plugin", "apiVersion": self._version, "interactiveMode": "Never", **more}}

    @property
    def runs(self) -> list[dict[str, Any]]:
        path = self._folder / "runs"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


Trusted = tuple[ssl.SSLContext, dict[str, str]]


def connecting(folder: Path, port: int, about: dict[str, str], user: dict[str, Any]) -> Path:
    return write_kubeconfig(folder / "config", f"https://127.0.0.1:{port}", cluster=about, user=user)


@pytest.fixture
def trusted(authority: Authority) -> Trusted:
    """A server's TLS, and what a kubeconfig says of it: only a proven server is taken up where it stood."""
    data = base64.b64encode(authority.certificate.encode()).decode()
    return authority.server_context(authority.issue()), {"certificate-authority-data": data}


async def test_a_plugin_runs_once_for_many_connections(api: Api, trusted: Trusted, tmp_path: Path) -> None:
    plugin = Plugin(tmp_path)
    api.token = "first"
    tls, about = trusted
    first = serving(api, tls)
    port = await first.__aenter__()
    kubeconfig = connecting(tmp_path, port, about, plugin.user())
    async with following(kubeconfig) as sink:
        await until(lambda: sink.state.state == "connected")
        await first.__aexit__(None, None, None)
        await until(lambda: sink.state.state == "unreachable")
        async with serving(api, tls, port=port):
            await until(lambda: sink.state.state == "connected")
    assert len(plugin.runs) == 1
    assert api.lists(PODS) == 1


async def test_a_credential_that_is_refused_is_asked_for_anew(api: Api, trusted: Trusted, tmp_path: Path) -> None:
    plugin = Plugin(tmp_path)
    api.token = "first"
    tls, about = trusted
    async with serving(api, tls) as port:
        kubeconfig = connecting(tmp_path, port, about, plugin.user())
        async with following(kubeconfig) as sink:
            await until(lambda: sink.state.state == "connected")
            plugin.give("second")
            api.token = "second"
            api.cut()
            api.put(PODS, pod("b", "10.10.2.1"))
            await until(lambda: "b" in sink.pods)
            assert {each.state for each in sink.states} <= {"connecting", "connected"}
    assert len(plugin.runs) == 2
    assert api.lists(PODS) == 1


async def test_a_credential_is_renewed_before_it_ends(api: Api, trusted: Trusted, tmp_path: Path) -> None:
    plugin = Plugin(tmp_path)
    plugin.give("first", SystemClock().now_ns() + SECOND)
    tls, about = trusted
    async with serving(api, tls) as port:
        kubeconfig = connecting(tmp_path, port, about, plugin.user())
        api.token = "first"
        async with following(kubeconfig) as sink:
            await until(lambda: api.watches(PODS))
            plugin.give("second")
            await until(lambda: len(plugin.runs) == 2)
            api.token = "second"
            api.put(PODS, pod("b", "10.10.2.1"))
            await until(lambda: "b" in sink.pods)
            assert {each.state for each in sink.states} <= {"connecting", "connected"}
    assert api.lists(PODS) == 1


@pytest.mark.parametrize(
    ("life_ns", "good_ns"), [(HOUR, HOUR - 60 * SECOND), (120 * SECOND, 90 * SECOND), (4 * SECOND, 3 * SECOND)]
)
async def test_when_a_credential_is_asked_for_again(tmp_path: Path, life_ns: int, good_ns: int) -> None:
    plugin, begin = Plugin(tmp_path), 1_800_000_000 * SECOND
    clock = FixedClock(begin)
    store = CredentialStore(QUICK, clock)
    source = KubeconfigSource(str(write_kubeconfig(tmp_path / "config", "https://a", user=plugin.user())))
    plugin.give("first", begin + life_ns)
    access = await load_access(source, QUICK, store)
    assert access.renew_at_ns == begin + good_ns
    plugin.give("second", begin + 10 * HOUR)
    clock.set_ns(begin + good_ns - 1)
    assert (await load_access(source, QUICK, store)).authorization == "Bearer first"
    clock.set_ns(begin + good_ns)
    assert (await load_access(source, QUICK, store)).authorization == "Bearer second"
    assert len(plugin.runs) == 2


async def test_a_clock_that_is_ahead_does_not_run_the_plugin_again_and_again(tmp_path: Path) -> None:
    plugin, begin = Plugin(tmp_path), 1_800_000_000 * SECOND
    store = CredentialStore(QUICK, FixedClock(begin + HOUR))
    source = KubeconfigSource(str(write_kubeconfig(tmp_path / "config", "https://a", user=plugin.user())))
    plugin.give("first", begin)
    for _ in range(3):
        access = await load_access(source, QUICK, store)
        assert "check the clocks" in access.warning
        assert access.renew_at_ns is None
    assert len(plugin.runs) == 1


async def test_another_command_in_the_kubeconfig_is_run_at_once(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path)
    store = CredentialStore(QUICK, SystemClock())
    path = tmp_path / "config"
    source = KubeconfigSource(str(path))
    for arguments in (["a"], ["a"], ["b"]):
        write_kubeconfig(path, "https://a", user=plugin.user(args=arguments))
        await load_access(source, QUICK, store)
    assert len(plugin.runs) == 2


async def test_the_older_version_of_the_interface(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, "client.authentication.k8s.io/v1beta1")
    path = write_kubeconfig(tmp_path / "config", "https://a", user=plugin.user())
    assert (await load_access(KubeconfigSource(str(path)), QUICK)).authorization == "Bearer first"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "has to name one of"),
        ({"interactiveMode": "Always"}, "wants a terminal"),
    ],
)
async def test_plugins_that_cannot_be_run_here(tmp_path: Path, more: dict[str, str], sentence: str) -> None:
    plugin = Plugin(tmp_path)
    path = write_kubeconfig(tmp_path / "config", "https://a", user=plugin.user(**more))
    with pytest.raises(KubeconfigError, match=sentence):
        await load_access(KubeconfigSource(str(path)), QUICK)
    assert not plugin.runs


async def test_what_a_plugin_is_told_of_the_cluster(authority: Authority, tmp_path: Path) -> None:
    plugin = Plugin(tmp_path)
    (tmp_path / "ca.crt").write_text(authority.certificate)
    about = {
        "certificate-authority": "ca.crt",
        "tls-server-name": "k8s",
        "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}],
    }
    path = write_kubeconfig(tmp_path / "config", "https://a", cluster=about, user=plugin.user(provideClusterInfo=True))
    chosen = read_kubeconfig(KubeconfigSource(str(path)))
    await run_plugin(chosen.user["exec"], chosen=chosen, seconds=10)
    told = plugin.runs[0]
    assert (told["kind"], told["apiVersion"], told["spec"]["interactive"]) == ("ExecCredential", V1, False)
    assert told["spec"]["cluster"].keys() == {"server", "tls-server-name", "certificate-authority-data", "config"}
    assert told["spec"]["cluster"]["config"] == {"audience": "x"}


async def test_a_token_file_that_rotates_is_read_before_the_old_token_is_refused(
    api: Api, trusted: Trusted, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("first")
    tls, about = trusted
    async with serving(api, tls) as port:
        api.token = "first"
        kubeconfig = connecting(tmp_path, port, about, {"tokenFile": "token"})
        async with following(kubeconfig) as sink:
            await until(lambda: api.watches(PODS))
            opened = api.asked(PODS, watch="1")
            api.token = ""
            token.write_text("second")
            await until(lambda: api.asked(PODS, watch="1") > opened)
            assert api.lists(PODS) == 1
            assert not any(each.error for each in sink.states)


async def test_a_kubeconfig_that_is_written_anew_is_taken_up_without_a_fault(api: Api, tmp_path: Path) -> None:
    other = Api()
    other.put(PODS, pod("z", "10.20.1.1"))
    async with serving(other) as second, cluster(api, tmp_path) as sink:
        await until(lambda: "a" in sink.pods)
        write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{second}")
        await until(lambda: sink.pods.keys() == {"z"})
        assert not any(each.error for each in sink.states)


async def test_a_kubeconfig_that_breaks_while_all_works_is_warned_of(api: Api, tmp_path: Path) -> None:
    settings = dataclasses.replace(QUICK, tick_seconds=0.02)
    async with cluster(api, tmp_path, settings) as sink:
        await until(lambda: sink.state.state == "connected")
        good = (tmp_path / "config").read_text()
        (tmp_path / "config").write_text("clusters: [")
        await until(lambda: "cannot be used yet" in sink.state.warning)
        assert sink.state.state == "connected"
        api.put(PODS, pod("b", "10.10.2.1"))
        await until(lambda: "b" in sink.pods)
        (tmp_path / "config").write_text(good)
        await until(lambda: "cannot be used yet" not in sink.state.warning)
        assert api.lists(PODS) == 1


async def test_a_client_certificate_that_rotates_on_disk(api: Api, authority: Authority, tmp_path: Path) -> None:
    tls = authority.server_context(authority.issue(), wants_client=True)
    pair = authority.issue(is_client=True)
    (tmp_path / "ca.crt").write_text(authority.certificate)
    (tmp_path / "me.crt").write_text(pair.certificate)
    (tmp_path / "me.key").write_text(pair.key)
    async with serving(api, tls) as port:
        user = {"client-certificate": "me.crt", "client-key": "me.key"}
        about = {"certificate-authority": "ca.crt"}
        path = write_kubeconfig(tmp_path / "config", f"https://127.0.0.1:{port}", cluster=about, user=user)
        async with following(path) as sink:
            await until(lambda: api.watches(PODS))
            opened = api.asked(PODS, watch="1")
            pair = authority.issue(is_client=True)
            # Between the two writes they do not go together: the earlier ones stay in use.
            (tmp_path / "me.crt").write_text(pair.certificate)
            (tmp_path / "me.key").write_text(pair.key)
            await until(lambda: api.asked(PODS, watch="1") > opened)
            await until(lambda: sink.state.state == "connected" and not sink.state.error)
            assert api.lists(PODS) == 1


async def test_the_end_in_a_json_web_token_counts(tmp_path: Path) -> None:
    begin = 1_800_000_000 * SECOND
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 4_000_000_000}).encode()).decode().rstrip("=")
    user = {"auth-provider": {"name": "oidc", "config": {"id-token": f"e30.{claims}.x"}}}
    path = tmp_path / "config"
    write_kubeconfig(path, "https://a", user=user)
    assert yaml.safe_load(path.read_text())["users"]
    store = CredentialStore(QUICK, FixedClock(begin))
    access = await load_access(KubeconfigSource(str(path)), QUICK, store)
    assert access.renew_at_ns == 4_000_000_000 * SECOND - 60 * SECOND
