"""How a command changes the configuration: the store first, durably, then the running engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from podwire.fabric.store import ConfigurationStore, change
from podwire.settings.configuration import Configuration


class Configurator:
    """The one way in which commands change what operators configure."""

    def __init__(self, store: ConfigurationStore, *, apply: Callable[[Configuration], Awaitable[None]]) -> None:
        self._store = store
        self._apply = apply
        # One change at a time: the engine must see the documents in the order in which they were written.
        self._lock = asyncio.Lock()

    @property
    def configuration(self) -> Configuration:
        """The document as it stands."""
        return self._store.read()[0]

    async def change(self, edit: Callable[[Configuration], Configuration]) -> Configuration:
        """Apply `edit`, which may raise to refuse; on return the change is durable and in force."""
        async with self._lock:
            # The write syncs to disk, which may take long: off the event loop.
            document = await asyncio.to_thread(change, self._store, edit)
            await self._apply(document)
            return document
