"""Runs the credential command that a kubeconfig names (client.authentication.k8s.io, ExecCredential).

Bounded in time and output, without a terminal, and nothing of what it prints ever reaches a log or an error: plugins
print tokens, and their stderr may too.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from podwire.kube.errors import KubeconfigError
from podwire.kube.kubeconfig_files import Chosen, read_named_file

_MOST_OUTPUT_BYTES = 1 << 20
_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_CLUSTER_KEYS = (
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "certificate-authority-data",
    "proxy-url",
    "disable-compression",
)
_EXTENSION = "client.authentication.k8s.io/exec"
"""The cluster's extension that is meant for plugins."""


class Credential(msgspec.Struct, rename="camel"):
    """`ExecCredentialStatus`: a bearer token, or a client certificate with its key, both in PEM."""

    token: str | None = None
    expiration_timestamp: str | None = None
    """RFC 3339; when the credential ends."""
    client_certificate_data: str | None = None
    client_key_data: str | None = None

    def __repr__(self) -> str:
        return "Credential(…)"


class _ExecCredential(msgspec.Struct, rename="camel"):
    api_version: str | None = None
    status: Credential | None = None


async def run_plugin(config: dict[str, Any], *, chosen: Chosen, seconds: float) -> Credential:
    """Run the command of the kubeconfig's `exec` section and return what it hands out.

    Raises KubeconfigError where the command is missing, fails, takes longer than `seconds` or gives no credential.
    """
    command = _command(config, chosen.user_base)
    api_version = str(config.get("apiVersion") or "")
    if api_version not in _VERSIONS:
        raise KubeconfigError(f"The kubeconfig's exec section has to name one of {', '.join(_VERSIONS)} as apiVersion.")
    if config.get("interactiveMode") == "Always":
        raise KubeconfigError("The kubeconfig's exec plugin wants a terminal, which podwire has none of: use a token.")
    output = await _run([command, *_arguments(config)], _environment(config, chosen, api_version), seconds)
    name = Path(command).name
    try:
        answer = msgspec.json.decode(output, type=_ExecCredential)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise KubeconfigError(f"The exec plugin {name} prints no ExecCredential: run it by hand to see.") from None
    if answer.api_version != api_version:
        raise KubeconfigError(
            f"The exec plugin {name} answers in another apiVersion than the kubeconfig's: align them."
        )
    status = answer.status
    if status is None or not (status.token or (status.client_certificate_data and status.client_key_data)):
        raise KubeconfigError(f"The exec plugin {name} gives neither a token nor a certificate: log in with it again.")
    return status


def _command(config: dict[str, Any], base: Path) -> str:
    command = config.get("command")
    if not isinstance(command, str) or not command:
        raise KubeconfigError("The kubeconfig's exec section names no command: add it.")
    path = str(base / command) if "/" in command else command
    found = shutil.which(path)
    if found is None:
        name = Path(command).name
        raise KubeconfigError(
            f"The exec plugin {name} of the kubeconfig is not installed here: install it or use a token."
        )
    return found


def _arguments(config: dict[str, Any]) -> list[str]:
    arguments = config.get("args") or []
    if not isinstance(arguments, list):
        raise KubeconfigError("The args of the kubeconfig's exec section are not a list: correct them.")
    return [str(each) for each in arguments]


def _cluster_info(chosen: Chosen) -> dict[str, Any]:
    """Describe the cluster for a plugin (`client.authentication.k8s.io/v1`, Cluster): its authority as data."""
    cluster = chosen.cluster
    info = {key: cluster[key] for key in _CLUSTER_KEYS if cluster.get(key)}
    name = cluster.get("certificate-authority")
    if isinstance(name, str) and name and "certificate-authority-data" not in info:
        pem = read_named_file(chosen.cluster_base / name, "certificate-authority")
        info["certificate-authority-data"] = base64.b64encode(pem.encode()).decode()
    for each in cluster.get("extensions") or ():
        if isinstance(each, dict) and each.get("name") == _EXTENSION:
            info["config"] = each.get("extension")
    return info


def _environment(config: dict[str, Any], chosen: Chosen, api_version: str) -> dict[str, str]:
    spec: dict[str, Any] = {"interactive": False}
    if config.get("provideClusterInfo"):
        spec["cluster"] = _cluster_info(chosen)
    info = {"kind": "ExecCredential", "apiVersion": api_version, "spec": spec}
    extra = config.get("env") or []
    if not isinstance(extra, list) or not all(isinstance(each, dict) and "name" in each for each in extra):
        raise KubeconfigError("The env of the kubeconfig's exec section is not a list of names and values: correct it.")
    named = {str(each["name"]): str(each.get("value") or "") for each in extra}
    return os.environ | named | {"KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()}


async def _run(command: list[str], environment: dict[str, str], seconds: float) -> bytes:
    name = Path(command[0]).name
    with _bounded_output() as output:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise KubeconfigError(f"The exec plugin {name} cannot be started ({type(error).__name__}).") from None
        try:
            async with asyncio.timeout(seconds):
                code = await process.wait()
        except TimeoutError:
            text = f"The exec plugin {name} did not end within {seconds:g} s: run it by hand to see."
            raise KubeconfigError(text) from None
        finally:
            await _end(process)
        printed = os.pread(output, _MOST_OUTPUT_BYTES, 0).rstrip(b"\0")
    if len(printed) == _MOST_OUTPUT_BYTES:
        raise KubeconfigError(f"The exec plugin {name} prints more than a credential: run it by hand to see.")
    if code != 0:
        raise KubeconfigError(f"The exec plugin {name} failed with exit status {code}: run it by hand to see why.")
    return printed


@contextlib.contextmanager
def _bounded_output() -> Iterator[int]:
    """Give a file in memory that cannot grow. A pipe would be kept open by whatever the plugin leaves running."""
    descriptor = os.memfd_create("podwire-credential", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, _MOST_OUTPUT_BYTES)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
        yield descriptor
    finally:
        os.close(descriptor)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the plugin and what it started: they are a process group of their own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.returncode is None:
        await process.wait()
