"""Reads a kubeconfig and makes an `Access` of it, or says in one sentence why it cannot.

The file is read anew on every try, so that a renewed token, certificate or context is taken up. Tokens of OIDC and
Google providers are refreshed by kubernetes_asyncio; nothing is ever written back into the file.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import importlib
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from podwire.kube.access import Access, TlsParts, checked_server, identity_of, tls_context
from podwire.kube.errors import KubeconfigError, NoKubeconfigError
from podwire.kube.exec_plugin import Credential, run_plugin
from podwire.settings.kube import KubeSettings

_MOST_BYTES = 4 << 20
_PROVIDERS = ("oidc", "gcp")
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Section = dict[str, Any]


class KubeconfigSource(Struct, frozen=True):
    """Which kubeconfig, and which of its contexts: the file's current one where None."""

    path: str
    context: str | None = None


class Chosen(Struct):
    """The three sections that a context of a kubeconfig picks."""

    base: Path
    """The file's folder: relative paths in it start here."""
    context_name: str
    cluster: Section
    user: Section
    document: Section

    def __repr__(self) -> str:
        return f"Chosen(context_name={self.context_name!r})"


async def load_access(source: KubeconfigSource, settings: KubeSettings) -> Access:
    """Read the kubeconfig and get its credentials. Raises KubeconfigError with a sentence for the operator."""
    return await _access(await asyncio.to_thread(read_kubeconfig, source), settings)


async def _access(chosen: Chosen, settings: KubeSettings) -> Access:
    server = checked_server(_text(chosen.cluster, "server", "cluster"))
    credential = await _exec_credential(chosen, settings)
    parts = await asyncio.to_thread(_tls_parts, chosen, credential)
    authorization = await _authorization(chosen, credential)
    is_tls = server.startswith("https:")
    tls = await asyncio.to_thread(tls_context, parts) if is_tls else None
    return Access(
        server=server,
        tls=tls,
        authorization=authorization,
        server_name=_text(chosen.cluster, "tls-server-name", "cluster"),
        proxy=_text(chosen.cluster, "proxy-url", "cluster"),
        identity=identity_of(server, parts),
        is_verified=is_tls and parts.is_verified,
        warning=_warning(server, parts),
    )


def _warning(server: str, parts: TlsParts) -> str:
    if not server.startswith("https:"):
        return f"{server} is asked without TLS: anyone between can change what podwire shows."
    if not parts.is_verified:
        return f"The certificate of {server} is not verified (insecure-skip-tls-verify): anyone between can pose as it."
    return ""


def read_kubeconfig(source: KubeconfigSource) -> Chosen:
    """Read the file and pick the context's cluster and user; blocks on the file system."""
    path = Path(source.path).expanduser()
    document = _document(path)
    name = source.context or document.get("current-context")
    if not isinstance(name, str) or not name:
        raise KubeconfigError(f"The kubeconfig {path} has no current-context: set it with kubectl config use-context.")
    context = _named(document, "contexts", name, path)
    cluster = _named(document, "clusters", _text(context, "cluster", "context"), path)
    user_name = _text(context, "user", "context")
    user = _named(document, "users", user_name, path) if user_name else {}
    return Chosen(base=path.absolute().parent, context_name=name, cluster=cluster, user=user, document=document)


def _document(path: Path) -> Section:
    data = _read_file(path)
    try:
        document = yaml.load(data, Loader=_LOADER)  # noqa: S506 - a safe loader, the C one where it is built in
    except (yaml.YAMLError, ValueError, RecursionError):
        # The parser's own text quotes the line, which may hold a key.
        raise KubeconfigError(
            f"The kubeconfig {path} is not YAML: write it anew, e.g. with kubectl config view."
        ) from None
    if not isinstance(document, dict) or not ({"clusters", "contexts"} & document.keys()):
        raise KubeconfigError(f"{path} is not a kubeconfig (it has neither clusters nor contexts): give another path.")
    return document


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise NoKubeconfigError(f"There is no kubeconfig {path}: create it, or give another path.") from None
    except NotADirectoryError:
        raise NoKubeconfigError(f"There is no kubeconfig {path}: a part of its path is a file.") from None
    except IsADirectoryError:
        raise KubeconfigError(f"The kubeconfig {path} is a directory: give the file in it.") from None
    except PermissionError:
        raise KubeconfigError(f"The kubeconfig {path} may not be read: give podwire's user the right to.") from None
    except (OSError, ValueError) as error:
        raise KubeconfigError(f"The kubeconfig {path} cannot be read ({type(error).__name__}).") from None
    if len(data) > _MOST_BYTES:
        raise KubeconfigError(f"{path} is too large for a kubeconfig: give another path.")
    return data


def _named(document: Section, key: str, name: str, path: Path) -> Section:
    """Return the section `name` of the list `key`: `{name: …, cluster: {…}}` gives the inner mapping."""
    what = key.removesuffix("s")
    entries = document.get(key) or []
    if not isinstance(entries, list):
        raise KubeconfigError(f"The {key} of the kubeconfig {path} are not a list: correct the file.")
    for entry in entries:
        if isinstance(entry, dict) and entry.get("name") == name:
            section = entry.get(what) or {}
            if isinstance(section, dict):
                return section
            raise KubeconfigError(f'The {what} "{name}" of the kubeconfig {path} is not a mapping: correct the file.')
    raise KubeconfigError(f'The kubeconfig {path} has no {what} "{name}": add it, or choose another context.')


def _text(section: Section, key: str, what: str) -> str:
    value = section.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise KubeconfigError(f"The {key} in the kubeconfig's {what} is not a text: correct it.")
    return value


async def _exec_credential(chosen: Chosen, settings: KubeSettings) -> Credential:
    config = chosen.user.get("exec")
    if config is None:
        return Credential()
    if not isinstance(config, dict):
        raise KubeconfigError("The exec section of the kubeconfig is not a mapping: correct it.")
    if not settings.kube_exec_plugins:
        raise KubeconfigError(
            "The kubeconfig wants to run an exec plugin, which kube-exec-plugins forbids: use a token or certificate, "
            "or allow it."
        )
    return await run_plugin(config, cluster=chosen.cluster, base=chosen.base, seconds=settings.exec_seconds)


def _tls_parts(chosen: Chosen, credential: Credential) -> TlsParts:
    authority = _pem(chosen, chosen.cluster, "certificate-authority")
    is_verified = not chosen.cluster.get("insecure-skip-tls-verify", False)
    if credential.client_certificate_data and credential.client_key_data:
        certificate, key = credential.client_certificate_data, credential.client_key_data
    else:
        certificate = _pem(chosen, chosen.user, "client-certificate")
        key = _pem(chosen, chosen.user, "client-key")
    return TlsParts(authority, certificate, key, is_verified)


def _pem(chosen: Chosen, section: Section, key: str) -> str:
    """Read `key`-data (base64) or, where it is not there, the file that `key` names."""
    data = _text(section, f"{key}-data", "user or cluster")
    if data:
        try:
            return base64.b64decode("".join(data.split()), validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            raise KubeconfigError(
                f"The {key}-data in the kubeconfig is not base64 of a PEM text: replace it."
            ) from None
    name = _text(section, key, "user or cluster")
    return _read_text(chosen.base / name, key) if name else ""


def _read_text(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("ascii")
    except ValueError:
        raise KubeconfigError(f"The {what} {path} that the kubeconfig names is not a text: replace it.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise KubeconfigError(f"The {what} {path} that the kubeconfig names cannot be read ({reason}).") from None


async def _authorization(chosen: Chosen, credential: Credential) -> str:
    user = chosen.user
    if credential.token:
        return _header("Bearer", credential.token)
    provider = user.get("auth-provider")
    if provider is not None:
        return await _provider_token(provider)
    token = _text(user, "token", "user")
    file_name = _text(user, "tokenFile", "user")
    if file_name:
        # The file wins over the token beside it, as in kubectl: it is the one that is renewed.
        token = await asyncio.to_thread(_read_text, chosen.base / file_name, "tokenFile")
    if token:
        return _header("Bearer", token)
    name, password = _text(user, "username", "user"), _text(user, "password", "user")
    if name:
        return _header("Basic", base64.b64encode(f"{name}:{password}".encode()).decode())
    return ""


def _header(scheme: str, value: str) -> str:
    value = value.strip()
    if not value.isascii() or not value.isprintable():
        raise KubeconfigError("The token of the kubeconfig holds characters that no token has: get a new one.")
    return f"{scheme} {value}"


async def _provider_token(provider: Any) -> str:
    """Let kubernetes_asyncio get the token of an auth-provider; only then is that large package loaded."""
    name = provider.get("name") if isinstance(provider, dict) else None
    if name not in _PROVIDERS:
        raise KubeconfigError("The kubeconfig's auth-provider is not supported: use an exec plugin or a token.")
    library = await asyncio.to_thread(importlib.import_module, "kubernetes_asyncio.config.kube_config")
    configuration = library.Configuration()
    document = {
        "current-context": "only",
        "contexts": [{"name": "only", "context": {"cluster": "only", "user": "only"}}],
        "clusters": [{"name": "only", "cluster": {"server": "http://unused.invalid"}}],
        "users": [{"name": "only", "user": {"auth-provider": provider}}],
    }
    try:
        await library.load_kube_config_from_dict(document, client_configuration=configuration)
    except Exception:
        # Providers raise whatever they like, with tokens in the text.
        raise KubeconfigError(
            f"The auth-provider {name} of the kubeconfig gives no token: log in with it again."
        ) from None
    token = str(configuration.api_key.get("BearerToken") or "")
    if not token:
        raise KubeconfigError(f"The auth-provider {name} of the kubeconfig gives no token: log in with it again.")
    scheme, _, value = token.partition(" ")
    return _header(scheme, value)
