"""Which API groups a server has: read from `/apis`, again and again, because plugins are installed later too."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping

from podwire.kube.client import ApiClient
from podwire.kube.errors import CONNECTION_ERRORS, ForbiddenError, KubeError
from podwire.kube.resources import CUSTOM_KINDS
from podwire.kube.schema import ApiGroups
from podwire.settings.kube import KubeSettings
from podwire.support.backoff import Backoff

Groups = Mapping[str, tuple[str, ...]]
"""Served versions by group name, the preferred one first."""


async def read_groups(client: ApiClient) -> Groups:
    """Read the groups once."""
    answer = await client.get("/apis", ApiGroups, wanted="get /apis")
    found: dict[str, tuple[str, ...]] = {}
    for group in answer.groups or ():
        preferred = group.preferred_version.version if group.preferred_version else None
        versions = [preferred, *(each.version for each in group.versions or ())]
        if group.name:
            found[group.name] = tuple(dict.fromkeys(each for each in versions if each))
    return found


class Discovery:
    """Keeps the groups up to date."""

    def __init__(self, settings: KubeSettings, changed: Callable[[], None]) -> None:
        self.groups: Groups | None = None
        """None until they are known."""
        self.is_denied = False
        self._settings = settings
        self._changed = changed
        self._backoff = Backoff(first_seconds=settings.first_retry_seconds, most_seconds=settings.discovery_seconds)

    @property
    def candidates(self) -> Groups:
        """What to look for: the groups, or all that could be of interest where they may not be read."""
        if self.is_denied:
            return {kind.group: (kind.version,) for kind in CUSTOM_KINDS}
        return self.groups or {}

    async def run(self, client: ApiClient) -> None:
        """Read the groups at a steady pace until cancelled. Raises one of CONNECTION_ERRORS."""
        while True:
            try:
                await self.read_once(client)
            except CONNECTION_ERRORS:
                raise
            except KubeError:
                await asyncio.sleep(self._backoff.next_seconds())
            else:
                self._backoff.reset()
                spread = random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing
                await asyncio.sleep(self._settings.discovery_seconds * spread)

    async def read_once(self, client: ApiClient) -> None:
        """Read the groups and tell where they are others than before."""
        try:
            groups, is_denied = await read_groups(client), False
        except ForbiddenError:
            groups, is_denied = {}, True
        if groups != self.groups or is_denied != self.is_denied:
            self.groups, self.is_denied = groups, is_denied
            self._changed()
