"""Credentials that must be asked for: exec plugins and auth-providers. Each answer is kept for as long as it is good.

A plugin may ask a person's token store or a cloud for each credential, so that it runs once for many connections: again
only shortly before its credential ends, or when the server has refused it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import importlib
from datetime import UTC, datetime
from typing import Any

import msgspec

from podwire.kube.errors import KubeconfigError
from podwire.kube.exec_plugin import Credential, run_plugin
from podwire.kube.kubeconfig_files import Chosen
from podwire.kube.pods import nanoseconds
from podwire.settings.kube import KubeSettings
from podwire.support.clock import Clock

_PROVIDERS = ("oidc", "gcp")
_SHARE_OF_LIFE = 4
"""A credential is renewed when less than this part of its life is left, if that is sooner than `renew_seconds`."""


class Held(msgspec.Struct, frozen=True):
    """A credential, and until when it is taken as good."""

    credential: Credential
    renew_at_ns: int | None = None
    """When it is asked for anew, in nanoseconds since the epoch; None: not before the server refuses it."""
    has_ended: bool = False
    """True where by this host's clock it had ended when it came: one of the clocks is wrong."""


class CredentialStore:
    """The credentials of one connection. It outlives its sessions; nothing of it is ever written anywhere."""

    def __init__(self, settings: KubeSettings, clock: Clock) -> None:
        self.may_run_plugins = settings.kube_exec_plugins
        """Whether exec plugins may be run; a credential that one has given is used until it ends."""
        self._settings = settings
        self._clock = clock
        self._key = b""
        self._held: Held | None = None

    def forget(self) -> None:
        """Ask anew at the next chance: the server has refused what there is."""
        self._held = None

    async def get(self, chosen: Chosen) -> Held:
        """Return the credential that the kubeconfig's user asks for, or a blank one. Raises KubeconfigError."""
        config, provider = chosen.user.get("exec"), chosen.user.get("auth-provider")
        if config is None and provider is None:
            return Held(Credential())
        key = msgspec.json.encode((config, provider, chosen.cluster, str(chosen.user_base)))
        now_ns = self._clock.now_ns()
        held = self._held
        if held is None or key != self._key or (held.renew_at_ns is not None and now_ns >= held.renew_at_ns):
            if config is not None:
                held = self._hold(await self._exec_credential(config, chosen))
            else:
                held = self._hold(await _provider_credential(provider))
            self._key, self._held = key, held
        return held

    async def _exec_credential(self, config: Any, chosen: Chosen) -> Credential:
        if not isinstance(config, dict):
            raise KubeconfigError("The exec section of the kubeconfig is not a mapping: correct it.")
        if not self.may_run_plugins:
            raise KubeconfigError(
                "The kubeconfig wants to run an exec plugin, which kube-exec-plugins forbids: use a token or "
                "certificate, or allow it with k8s-settings-modify kube-exec-plugins."
            )
        return await run_plugin(config, chosen=chosen, seconds=self._settings.exec_seconds)

    def _hold(self, credential: Credential) -> Held:
        ends_ns, now_ns = nanoseconds(credential.expiration_timestamp), self._clock.now_ns()
        if not ends_ns:
            return Held(credential)
        life_ns = ends_ns - now_ns
        if life_ns <= 0:
            return Held(credential, has_ended=True)
        early_ns = min(int(self._settings.renew_seconds * 1e9), life_ns // _SHARE_OF_LIFE)
        return Held(credential, renew_at_ns=ends_ns - early_ns)


async def _provider_credential(provider: Any) -> Credential:
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
    token = str(configuration.api_key.get("BearerToken") or "").rpartition(" ")[2]
    if not token:
        raise KubeconfigError(f"The auth-provider {name} of the kubeconfig gives no token: log in with it again.")
    return Credential(token=token, expiration_timestamp=end_of_token(token))


class _Claims(msgspec.Struct):
    exp: float | None = None


def end_of_token(token: str) -> str | None:
    """Read when a JSON web token ends (RFC 7519 §4.1.4) as an RFC 3339 time; None where it does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=="), type=_Claims)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, ValueError):
        return None
    if not claims.exp or not 0 < claims.exp < 1 << 33:
        return None
    return datetime.fromtimestamp(claims.exp, UTC).isoformat()
