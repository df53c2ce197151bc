"""What is needed to talk to one API server: address, TLS, credentials. Made from a kubeconfig, used by the client."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlsplit

from podwire.kube.errors import KubeconfigError
from podwire.kube.kubeconfig_files import Mark


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a server. Its text form holds no secret."""

    server: str
    """The address without a user part or trailing slash: `https://host:6443`, perhaps with a path."""
    tls: ssl.SSLContext | None = field(repr=False)
    """None for a server without TLS."""
    authorization: str = field(repr=False)
    """The value of the Authorization header; empty where a client certificate does it, or nothing."""
    server_name: str = ""
    """The name to expect in the server's certificate, where it is not the one in `server`."""
    proxy: str = field(default="", repr=False)
    identity: str = ""
    """Equal for the same server under the same authority: what was read from it stays true when we come back."""
    is_verified: bool = True
    """False with insecure-skip-tls-verify."""
    warning: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Further headers of every request: as whom to act."""
    digest: str = field(default="", repr=False)
    """Equal for the same way in with the same credentials."""
    marks: tuple[Mark, ...] = ()
    """The files that it was made of, as they were just before they were read."""
    renew_at_ns: int | None = None
    """When its credential should be asked for anew, in nanoseconds since the epoch; None where it tells no end."""


@dataclass(frozen=True, slots=True)
class TlsParts:
    """The PEM texts that TLS is set up from."""

    authority: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    is_verified: bool = True


def checked_server(text: str) -> str:
    """Return the server's address in the form that is shown, or raise KubeconfigError where it is none."""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        has_host = parts.scheme in ("http", "https") and bool(parts.hostname)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        has_host, host, port, parts = False, "", None, urlsplit("")
    if not has_host:
        raise KubeconfigError("The server in the kubeconfig is not an address like https://host:6443: correct it.")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def identity_of(server: str, parts: TlsParts) -> str:
    """Name the cluster behind a server by its address and authority."""
    return f"{server} {sha256(parts.authority.encode()).hexdigest()}"


def tls_context(parts: TlsParts) -> ssl.SSLContext:
    """Set TLS up. Raises KubeconfigError that names the part which cannot be used."""
    try:
        context = ssl.create_default_context(cadata=parts.authority or None)
    except (ssl.SSLError, ValueError) as error:
        # ValueError is what Python raises for text that is not ASCII.
        raise KubeconfigError(
            "The certificate-authority in the kubeconfig is not a certificate in PEM: replace it."
        ) from error
    # Kubernetes authorities often lack the extensions that Python asks for since 3.13; Go, and so kubectl, does not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not parts.is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if parts.certificate or parts.key:
        _load_client(context, parts)
    return context


def _load_client(context: ssl.SSLContext, parts: TlsParts) -> None:
    if not parts.certificate or not parts.key:
        missing = "client-key" if parts.certificate else "client-certificate"
        raise KubeconfigError(f"The kubeconfig has no {missing} to go with its counterpart: add it.")
    with _in_memory(parts.certificate) as certificate, _in_memory(parts.key) as key:
        try:
            context.load_cert_chain(certificate, key, password=_refuse_password)
        except (ssl.SSLError, OSError, ValueError):
            raise KubeconfigError(
                "The client-certificate and client-key in the kubeconfig are not a PEM pair without password: "
                "replace them."
            ) from None


def _refuse_password() -> str:
    """Answer for a key that is encrypted: OpenSSL would otherwise ask at the terminal."""
    raise ValueError


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """Give `text` a path without writing it to a disk: Python reads client keys from files only."""
    descriptor = os.memfd_create("podwire-key", os.MFD_CLOEXEC)
    try:
        with os.fdopen(descriptor, "w", closefd=False) as file:
            file.write(text)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
