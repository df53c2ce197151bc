"""Makes an `Access` of a kubeconfig, or says in one sentence why it cannot.

The files are read anew on every try, so that a renewed token, certificate or context is taken up; nothing is ever
written back into them.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
from hashlib import sha256
from pathlib import Path

from podwire.kube.access import Access, TlsParts, checked_server, identity_of, tls_context
from podwire.kube.credentials import CredentialStore
from podwire.kube.errors import KubeconfigError
from podwire.kube.exec_plugin import Credential
from podwire.kube.kubeconfig_files import (
    Chosen,
    KubeconfigSource,
    Mark,
    Section,
    kubeconfig_paths,
    mark_of,
    named_files,
    read_kubeconfig,
    read_named_file,
    text_of,
)
from podwire.kube.proxy import proxy_for
from podwire.settings.kube import KubeSettings
from podwire.support.clock import SystemClock

__all__ = ["KubeconfigSource", "load_access", "read_kubeconfig"]


async def load_access(source: KubeconfigSource, settings: KubeSettings, store: CredentialStore | None = None) -> Access:
    """Read the kubeconfig and get its credentials. Raises KubeconfigError with a sentence for the operator.

    `store` keeps what plugins hand out from one call to the next; without it they run each time.
    """
    marks = await asyncio.to_thread(lambda: [mark_of(each) for each in kubeconfig_paths(source)])
    chosen = await asyncio.to_thread(read_kubeconfig, source)
    marks += await asyncio.to_thread(lambda: [mark_of(each) for each in named_files(chosen)])
    return await _access(chosen, store or CredentialStore(settings, SystemClock()), marks)


async def _access(chosen: Chosen, store: CredentialStore, marks: list[Mark]) -> Access:
    server = checked_server(text_of(chosen.cluster, "server", "cluster"))
    proxy = proxy_for(server, text_of(chosen.cluster, "proxy-url", "cluster"), os.environ)
    held = await store.get(chosen)
    parts = await asyncio.to_thread(_tls_parts, chosen, held.credential)
    authorization = await asyncio.to_thread(_authorization, chosen, held.credential)
    is_tls = server.startswith("https:")
    tls = await asyncio.to_thread(tls_context, parts) if is_tls else None
    server_name = text_of(chosen.cluster, "tls-server-name", "cluster")
    headers = _impersonation(chosen.user)
    identity = identity_of(server, parts)
    whole = (identity, authorization, server_name, proxy, headers, parts.certificate, parts.key, parts.is_verified)
    return Access(
        server=server,
        tls=tls,
        authorization=authorization,
        server_name=server_name,
        proxy=proxy,
        headers=headers,
        identity=identity,
        is_verified=is_tls and parts.is_verified,
        warning=" ".join(_warnings(server, parts, has_ended=held.has_ended)),
        digest=sha256(repr(whole).encode()).hexdigest(),
        marks=tuple(marks),
        renew_at_ns=held.renew_at_ns,
    )


def _warnings(server: str, parts: TlsParts, *, has_ended: bool) -> list[str]:
    found = []
    if not server.startswith("https:"):
        found.append(f"{server} is asked without TLS: anyone between can change what podwire shows.")
    elif not parts.is_verified:
        text = f"The certificate of {server} is not verified (insecure-skip-tls-verify): anyone between can pose as it."
        found.append(text)
    if has_ended:
        found.append("The credential had ended by this host's clock when it came: check the clocks of both sides.")
    return found


def _impersonation(user: Section) -> tuple[tuple[str, str], ...]:
    """Return the headers that ask as whom to act (`as`, `as-uid`, `as-groups`, `as-user-extra`)."""
    name, uid = text_of(user, "as", "user"), text_of(user, "as-uid", "user")
    groups, extra = user.get("as-groups") or [], user.get("as-user-extra") or {}
    if not isinstance(groups, list) or not isinstance(extra, dict):
        raise KubeconfigError("The as-groups or as-user-extra in the kubeconfig's user are malformed: correct them.")
    if not name:
        if uid or groups or extra:
            raise KubeconfigError("The kubeconfig's user names groups to act for but not as whom: add the key as.")
        return ()
    found = [("Impersonate-User", name)]
    found += [("Impersonate-Uid", uid)] if uid else []
    found += [("Impersonate-Group", str(each)) for each in groups]
    for key, values in extra.items():
        found += [(f"Impersonate-Extra-{key}", str(each)) for each in (values if isinstance(values, list) else ())]
    if not all(each.isascii() and each.isprintable() for pair in found for each in pair):
        raise KubeconfigError("The kubeconfig's user is to act as somebody whose name no header can hold: correct it.")
    return tuple(found)


def _tls_parts(chosen: Chosen, credential: Credential) -> TlsParts:
    authority = _pem(chosen.cluster_base, chosen.cluster, "certificate-authority")
    is_verified = not chosen.cluster.get("insecure-skip-tls-verify", False)
    if credential.client_certificate_data and credential.client_key_data:
        certificate, key = credential.client_certificate_data, credential.client_key_data
    else:
        certificate = _pem(chosen.user_base, chosen.user, "client-certificate")
        key = _pem(chosen.user_base, chosen.user, "client-key")
    return TlsParts(authority, certificate, key, is_verified)


def _pem(base: Path, section: Section, key: str) -> str:
    """Read `key`-data (base64) or, where it is not there, the file that `key` names."""
    data = text_of(section, f"{key}-data", "user or cluster")
    if data:
        try:
            return base64.b64decode("".join(data.split()), validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            raise KubeconfigError(
                f"The {key}-data in the kubeconfig is not base64 of a PEM text: replace it."
            ) from None
    name = text_of(section, key, "user or cluster")
    return read_named_file(base / name, key) if name else ""


def _authorization(chosen: Chosen, credential: Credential) -> str:
    user = chosen.user
    if credential.token:
        return _header("Bearer", credential.token)
    token = _token(chosen)
    if token:
        return _header("Bearer", token)
    name, password = text_of(user, "username", "user"), text_of(user, "password", "user")
    if name:
        return _header("Basic", base64.b64encode(f"{name}:{password}".encode()).decode())
    return ""


def _token(chosen: Chosen) -> str:
    """Return the token: the file wins over the one beside it, as in kubectl, because it is the one that is renewed."""
    token = text_of(chosen.user, "token", "user")
    file_name = text_of(chosen.user, "tokenFile", "user")
    if not file_name:
        return token
    try:
        found = read_named_file(chosen.user_base / file_name, "tokenFile")
        if not found.strip() and not token:
            path = chosen.user_base / file_name
            raise KubeconfigError(f"The tokenFile {path} that the kubeconfig names is empty: put the token into it.")
        return found if found.strip() else token
    except KubeconfigError:
        if token:
            return token
        raise


def _header(scheme: str, value: str) -> str:
    value = value.strip()
    if not value.isascii() or not value.isprintable():
        raise KubeconfigError("The token of the kubeconfig holds characters that no token has: get a new one.")
    return f"{scheme} {value}"
