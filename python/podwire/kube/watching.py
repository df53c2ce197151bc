"""Reads one watch after the other: events as they come, and how each watch ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic

from podwire.kube.client import ApiClient
from podwire.kube.errors import BrokenStreamError, CutStreamError, SilentStreamError
from podwire.kube.events import Event, EventReader
from podwire.kube.feeds import A, Feed, T
from podwire.kube.patience import Patience
from podwire.kube.streams import LineSplitter
from podwire.settings.kube import KubeSettings

_ON_TIME = 0.9
"""A watch that ends after less than this part of the time that it was asked for was ended by somebody else."""


class WatchReader(Generic[A, T]):
    """Reads the watches of one feed."""

    def __init__(self, feed: Feed[A, T], settings: KubeSettings, *, heard: Callable[[], None]) -> None:
        self._feed = feed
        self._settings = settings
        self._heard = heard
        """Called with each part that arrives."""
        self._events = EventReader(feed)
        self._patience = Patience(settings.watch_seconds)
        self.wanted = f"watch {feed.resource.label}"

    async def read(
        self, client: ApiClient, version: str, *, opened: Callable[[], None], take: Callable[[Event[T]], None]
    ) -> bool:
        """Watch from `version` until the watch ends; return whether it said anything.

        Raises CutStreamError where it was cut after it had stood for a while, as proxies do it on a timer, and
        BrokenStreamError where it ended at once or fell silent.
        """
        asked_seconds, begun = self._patience.draw(), asyncio.get_running_loop().time()
        try:
            has_spoken = await self._read(client, self._params(version, asked_seconds), opened, take)
        except SilentStreamError:
            raise
        except BrokenStreamError as error:
            lasted_seconds = asyncio.get_running_loop().time() - begun
            self._patience.cut(lasted_seconds)
            if lasted_seconds >= self._settings.short_watch_seconds:
                raise CutStreamError(str(error)) from error
            raise
        lasted_seconds = asyncio.get_running_loop().time() - begun
        if not has_spoken and lasted_seconds < self._settings.short_watch_seconds:
            raise BrokenStreamError(f"{client.access.server} ends watches at once: {self.wanted}.")
        if lasted_seconds < asked_seconds * _ON_TIME:
            self._patience.cut(lasted_seconds)
        else:
            self._patience.ended()
        return has_spoken

    def _params(self, version: str, asked_seconds: int) -> dict[str, str]:
        params = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(asked_seconds)}
        return params | self._feed.resource.selector | ({"resourceVersion": version} if version else {})

    async def _read(
        self,
        client: ApiClient,
        params: dict[str, str],
        opened: Callable[[], None],
        take: Callable[[Event[T]], None],
    ) -> bool:
        lines, has_spoken = LineSplitter(most_bytes=self._settings.most_object_bytes), False
        path, silence, accept = self._feed.resource.path, self._settings.silence_seconds, self._feed.watch_accept
        async with client.stream(path, params, wanted=self.wanted, silence_seconds=silence, accept=accept) as chunks:
            opened()
            async for chunk in chunks:
                self._heard()
                for line in lines.feed(chunk):
                    take(self._events.read(line))
                    has_spoken = True
        return has_spoken
