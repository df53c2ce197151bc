"""Keeps the way into a cluster up to date: credentials are renewed before they end, and files that change are read."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NoReturn

from podwire.kube.access import Access
from podwire.kube.credentials import CredentialStore
from podwire.kube.errors import KubeconfigError, KubeError
from podwire.kube.kubeconfig import load_access
from podwire.kube.kubeconfig_files import KubeconfigSource, Mark, mark_of
from podwire.settings.kube import KubeSettings
from podwire.support.clock import Clock


class RenewedError(KubeError):
    """There is another way in than the one that is used: connect again. Nothing is wrong."""


class AccessKeeper:
    """The access of one connection. It outlives its sessions."""

    def __init__(self, source: KubeconfigSource, settings: KubeSettings, clock: Clock) -> None:
        self.warning = ""
        """One sentence, where a change cannot be used and the earlier access still is."""
        self._source = source
        self._settings = settings
        self._clock = clock
        self._store = CredentialStore(settings, clock)
        self._next: Access | None = None

    async def get(self) -> Access:
        """Return the access for a new session. Raises KubeconfigError."""
        access, self._next = self._next, None
        if access is None:
            access = await load_access(self._source, self._settings, self._store)
        self.warning = ""
        return access

    def allow_plugins(self, is_allowed: bool) -> None:
        """Let the kubeconfig's exec plugin be run from now on, or no more."""
        self._store.may_run_plugins = is_allowed

    def refused(self) -> None:
        """The server does not take the credentials: whoever hands them out is asked anew."""
        self._store.forget()
        self._next = None

    async def watch(self, access: Access) -> NoReturn:
        """Look at the files and the time until there is another access, then raise RenewedError."""
        marks, renew_at_ns = access.marks, access.renew_at_ns
        while True:
            await asyncio.sleep(self._settings.access_check_seconds)
            present = await asyncio.to_thread(_present, marks)
            is_due = renew_at_ns is not None and self._clock.now_ns() >= renew_at_ns
            if present == marks and not is_due:
                continue
            try:
                fresh = await load_access(self._source, self._settings, self._store)
            except KubeconfigError as error:
                # What is used still works; the file may be half written.
                self.warning = f"The kubeconfig has changed and cannot be used yet: {error}"
                continue
            self.warning = ""
            if fresh.digest != access.digest:
                self._next = fresh
                raise RenewedError("The credentials are renewed.")
            marks, renew_at_ns = fresh.marks, fresh.renew_at_ns


def _present(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    return tuple(mark_of(Path(path)) for path, *_ in marks)
