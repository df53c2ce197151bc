"""What can go wrong with an API server, one class a remedy, each a sentence for the operator.

UnavailableError (support)
└── KubeError                   .state is the word that a cluster's state shows
    ├── KubeconfigError         bad-kubeconfig: the file is there but cannot be used
    │   └── NoKubeconfigError   no-kubeconfig: there is no such file
    ├── UnreachableError        unreachable: refused, no route, no name, no answer in time
    ├── CertificateError        certificate: the server's certificate does not prove what it should
    ├── MalformedError          error: the answer is not what an API server says
    ├── BrokenStreamError       error: an answer ended in its middle
    │   ├── SilentStreamError   an answer fell silent
    │   └── CutStreamError      a watch was ended from outside after it had stood for a while
    ├── SetBackError            error: the server's storage was set back; what is known of it is void
    └── AnswerError             error: the server answered with a failure; .status is the HTTP status
        ├── UnauthorizedError   unauthorized (401, or the TLS client certificate was refused)
        ├── ForbiddenError      forbidden (403)
        ├── AbsentError         404
        ├── GoneError           410: the version asked for is too old, list again
        └── BusyError           429 and 5xx: .retry_after says when to come back, where the server said so

Foreign exceptions are translated at one door, `translate`, and chained.
"""

from __future__ import annotations

import ssl
from typing import Self

import aiohttp

from podwire.support.errors import UnavailableError


class KubeError(UnavailableError):
    """Something about one cluster's API server."""

    state = "error"

    def kept(self) -> Self:
        """Return the error without its traceback, which would keep alive all that its frames held."""
        for each in (self, self.__cause__, self.__context__):
            if each is not None:
                each.__traceback__ = None
        return self


class KubeconfigError(KubeError):
    """The kubeconfig is there but cannot be used."""

    state = "bad-kubeconfig"


class NoKubeconfigError(KubeconfigError):
    """There is no such kubeconfig."""

    state = "no-kubeconfig"


class UnreachableError(KubeError):
    """The server cannot be reached, or says nothing."""

    state = "unreachable"


class CertificateError(KubeError):
    """The server's certificate cannot be verified."""

    state = "certificate"


class MalformedError(KubeError):
    """The answer is not what an API server says."""


class BrokenStreamError(KubeError):
    """An answer ended in its middle."""


class SilentStreamError(BrokenStreamError):
    """An answer fell silent in its middle."""


class CutStreamError(BrokenStreamError):
    """A watch was cut after it had stood for a while: it goes on where it stood, and nothing is wrong."""


class SetBackError(KubeError):
    """The server counts from an older version again: its storage was set back to a backup."""


class AnswerError(KubeError):
    """The server answered with a failure."""

    def __init__(self, text: str, *, status: int, retry_after: float | None = None, cause: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.retry_after = retry_after
        """Seconds to wait, where the server named them."""
        self.cause = cause
        """The first `details.causes[].reason` of the Status, e.g. ResourceVersionTooLarge."""


class UnauthorizedError(AnswerError):
    """The server does not accept the credentials."""

    state = "unauthorized"


class ForbiddenError(AnswerError):
    """The account lacks a right."""

    state = "forbidden"


class AbsentError(AnswerError):
    """There is no such object or resource."""


class GoneError(AnswerError):
    """The version asked for is too old."""


class BusyError(AnswerError):
    """The server asks to come back later, or has a fault of its own."""


CONNECTION_ERRORS = (UnreachableError, CertificateError, UnauthorizedError)
"""What concerns the whole connection rather than one resource."""

_CERTIFICATE_FAULTS = {
    9: "is not valid yet: check the clocks of both sides",
    10: "has expired: renew it on the server",
    18: "is self-signed and not the one in the kubeconfig: put its certificate into certificate-authority-data",
    19: "was issued by an authority that the kubeconfig does not name: put that one into certificate-authority-data",
    20: "was issued by an authority that the kubeconfig does not name: put that one into certificate-authority-data",
    62: "is made out to another name: use a name that it holds, or set tls-server-name in the kubeconfig",
    64: "is made out to another address: use an address that it holds, or set tls-server-name in the kubeconfig",
}
"""By OpenSSL's X509_V_ERR_* number (x509_vfy.h)."""


_SENTENCES: tuple[tuple[tuple[type[Exception], ...], type[KubeError], str], ...] = (
    (
        (aiohttp.ClientPayloadError,),
        BrokenStreamError,
        "The API server {server} broke an answer off: it is asked again.",
    ),
    (
        (aiohttp.ClientConnectorDNSError,),
        UnreachableError,
        "The name in {server} cannot be resolved: check the name and this host's DNS.",
    ),
    (
        (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError),
        UnreachableError,
        "The proxy on the way to {server} does not let us through: check proxy-url in the kubeconfig.",
    ),
    (
        (TimeoutError,),
        UnreachableError,
        "The API server {server} does not answer: check the route and the firewalls to it.",
    ),
    (
        (ConnectionRefusedError,),
        UnreachableError,
        "{server} refuses connections: check that the API server runs and listens there.",
    ),
    (
        (aiohttp.ServerDisconnectedError, ConnectionResetError),
        UnreachableError,
        "{server} closes the connection without an answer: check what listens there.",
    ),
)
"""The first line that fits is taken; an error fits where it, or the socket's error within it, is of the type."""


def translate(error: Exception, server: str) -> KubeError:
    """Turn what aiohttp, ssl or the socket layer raised while talking to `server` into an error of ours."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate_error(error.certificate_error, server)
    inner = next((each for each in _causes(error) if isinstance(each, ssl.SSLError)), None)
    if inner is not None:
        return _tls_error(inner, server)
    for types, kind, sentence in _SENTENCES:
        if any(isinstance(each, types) for each in _causes(error)):
            return kind(sentence.format(server=server))
    if isinstance(error, OSError):
        reason = (error.strerror or type(error).__name__).splitlines()[0][:80]
        return UnreachableError(f"The API server {server} cannot be reached ({reason}): check the route to it.")
    return MalformedError(f"{server} does not answer like an API server ({type(error).__name__}).")


def is_cut(error: Exception) -> bool:
    """Return whether the other side ended a connection on which it should have answered."""
    kinds = (aiohttp.ServerDisconnectedError, ConnectionResetError, BrokenPipeError)
    return any(isinstance(each, kinds) for each in _causes(error))


def refused_certificate(server: str) -> UnauthorizedError:
    """Make the error for a server that does not accept our side's certificate, or wants one."""
    text = f"{server} does not accept the client certificate: check that the kubeconfig has one that is valid there."
    return UnauthorizedError(text, status=401)


def _causes(error: BaseException) -> list[BaseException]:
    inner = (error.__cause__, getattr(error, "os_error", None))
    # The innermost first: aiohttp's own classes are OSErrors and SSLErrors too, without their fields.
    return [*(each for each in inner if isinstance(each, BaseException)), error]


def _certificate_error(error: Exception, server: str) -> KubeError:
    code = getattr(error, "verify_code", 0)
    message = getattr(error, "verify_message", "") or "it does not verify"
    fault = _CERTIFICATE_FAULTS.get(code, f"cannot be trusted ({message})")
    return CertificateError(f"The certificate of {server} {fault}.")


def _tls_error(error: ssl.SSLError, server: str) -> KubeError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_error(error, server)
    reason = error.reason or ""
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason or "ACCESS_DENIED" in reason):
        return refused_certificate(server)
    if reason in ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"):
        return UnreachableError(f"{server} does not speak TLS: check scheme and port of the server in the kubeconfig.")
    return UnreachableError(f"No TLS connection to {server} ({reason or type(error).__name__}).")
