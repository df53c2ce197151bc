"""Follows one resource: lists it once, then watches it for good, and lists again only where the server says it must.

A watch that ends, breaks off or falls silent is opened again at the version that was last seen, which loses nothing.
Only `410 Gone` (also as an ERROR line within a watch) asks for a new list; that one replaces all records, so that
what vanished unseen is let go.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Generic

import msgspec

from podwire.kube.client import ApiClient
from podwire.kube.errors import (
    CONNECTION_ERRORS,
    AbsentError,
    AnswerError,
    BrokenStreamError,
    BusyError,
    ForbiddenError,
    GoneError,
    KubeError,
    MalformedError,
    SetBackError,
)
from podwire.kube.events import CHANGES, EventReader, is_older
from podwire.kube.feeds import A, Feed, Listener, Phase, T
from podwire.kube.schema import ListOfAny
from podwire.kube.streams import LineSplitter, ListSplitter
from podwire.settings.kube import KubeSettings
from podwire.support.backoff import Backoff
from podwire.support.clock import Clock

_log = logging.getLogger(__name__)

_SHORT_SECONDS = 1.0
"""A watch that says nothing and ends sooner than this is a fault: the server asks for at least some."""


class Follower(Generic[A, T]):
    """Keeps the records of one resource. It outlives connections: `run` goes on where the last one ended."""

    def __init__(
        self, feed: Feed[A, T], *, listener: Listener[T], settings: KubeSettings, clock: Clock, is_primary: bool = False
    ) -> None:
        self.feed = feed
        self.records: dict[str, T] = {}
        self.phase = Phase.WAITING
        self.error: KubeError | None = None
        self.last_event_ns: int | None = None
        """When the server last said something here, in nanoseconds since the epoch."""
        self.undecodable = 0
        """Objects whose fields had unexpected types; they are left out."""
        self.lists = 0
        """Complete lists that were read."""
        self._listener = listener
        self._settings = settings
        self._clock = clock
        self._is_primary = is_primary
        """True: its connection faults are the cluster's. Others ask `/version` first, whether it is they alone."""
        self._decoder = msgspec.json.Decoder(feed.api)
        self._events = EventReader(feed)
        self._backoff = Backoff(first_seconds=settings.first_retry_seconds, most_seconds=settings.most_retry_seconds)
        self._version = ""
        self._is_listed = False
        self._list_faults = 0
        self._faults_in_row = 0
        self._is_doubtful = False
        """True: the last watch did not end as it should, so that the server may have been set back since."""
        self._spoke_at = 0.0
        """When the server last said something here, by the loop's clock."""

    def record(self, key: str) -> T | None:
        """Return the record with this key, where there is one."""
        return self.records.get(key)

    def clear(self) -> None:
        """Let all records go and say so, and list anew at the next chance."""
        self.forget_version()
        self._replace({})

    def forget_version(self) -> None:
        """List anew at the next chance: the server may be another one."""
        self._version = ""
        self._is_listed = False

    async def run(self, client: ApiClient) -> None:
        """Follow until cancelled. Raises one of CONNECTION_ERRORS when the connection itself is at fault."""
        if self.phase is Phase.FOLLOWING:
            self._set(Phase.LISTED)
        self._is_doubtful = True
        while True:
            try:
                await self._settle_doubts(client)
                if not self._is_listed:
                    await self.list_once(client)
                self._is_doubtful = True
                await self._watch(client)
            except KubeError as error:
                await self._after(error, client)

    async def _settle_doubts(self, client: ApiClient) -> None:
        """Make sure that a watch can go on where the last one stood.

        A server whose storage was set back to a backup counts from an older version again, and a watch from a version
        that it has not reached yet is silent: what happens there until then would be missed. Raises SetBackError.
        """
        if not self._is_listed or not self._is_doubtful:
            return
        if asyncio.get_running_loop().time() - self._spoke_at > self._settings.resume_seconds:
            # Servers keep some minutes of history; and meanwhile a set-back storage may have counted up again.
            self.forget_version()
        elif self._is_primary:
            resource = self.feed.resource
            path = f"{resource.path}?limit=1"
            meta = (await client.get(path, ListOfAny, wanted=f"list {resource.label}")).metadata
            present = (meta.resource_version or "") if meta else ""
            if is_older(present, self._version):
                raise SetBackError(f"{client.access.server} was set back to an older state: all is listed anew.")

    async def list_once(self, client: ApiClient) -> None:
        """Read the whole list and replace all records."""
        try:
            async with client.list_slots:
                records, version = await self._read_list(client)
        except KubeError as error:
            if not isinstance(error, BusyError) or error.status != 429:
                # A server that is merely busy is not helped by pages, which cost it more.
                self._list_faults += 1
            raise
        self._list_faults = 0
        self.lists += 1
        self._version = version
        self._is_listed, self._is_doubtful = True, False
        self._spoke_at = asyncio.get_running_loop().time()
        self._replace(records)
        self._set(Phase.LISTED)

    async def get_once(self, client: ApiClient) -> None:
        """Read the one object of a resource with a name, for accounts that may do nothing else."""
        resource = self.feed.resource
        try:
            api = await client.get(f"{resource.path}/{resource.name}", self.feed.api, wanted=f"get {resource.label}")
        except AbsentError:
            self._replace({})
        else:
            record = self.feed.convert(api)
            self._replace({self.feed.key(record): record})
        self._set(Phase.FOLLOWING)

    def give_up(self, error: KubeError) -> None:
        """Take what an AbsentError or ForbiddenError says into the phase; records that may be stale are let go."""
        self._is_listed = False
        self._replace({})
        self._set(Phase.DENIED if isinstance(error, ForbiddenError) else Phase.ABSENT, error)

    async def _read_list(self, client: ApiClient) -> tuple[dict[str, T], str]:
        records: dict[str, T] = {}
        params, version = self._list_params(), None
        resource = self.feed.resource
        while True:
            splitter = ListSplitter(self._decode, most_object_bytes=self._settings.most_object_bytes)
            silence = self._settings.answer_seconds
            wanted, accept = f"list {resource.label}", self.feed.list_accept
            async with client.stream(
                resource.path, params, wanted=wanted, silence_seconds=silence, accept=accept
            ) as chunks:
                async for chunk in chunks:
                    self._collect(splitter.feed(chunk), records)
            last, meta = splitter.finish()
            self._collect(last, records)
            self._count_undecodable(splitter.undecodable)
            # All pages of one list are of the same version; the first one's is where the watch has to begin.
            version = version if version is not None else meta.resource_version or ""
            if not meta.continue_:
                return records, version
            params = {"limit": str(self._settings.page_size), "continue": meta.continue_, **resource.selector}

    def _list_params(self) -> dict[str, str]:
        """Ask the server's cache for one whole list, not older than what is known; after a fault, for pages.

        From the cache it is several times faster and costs etcd nothing (client-go's reflector.go does the same).
        """
        if self._list_faults % 2:
            return {"limit": str(self._settings.page_size), **self.feed.resource.selector}
        return {"resourceVersion": self._version or "0", **self.feed.resource.selector}

    def _decode(self, view: memoryview) -> T:
        return self.feed.convert(self._decoder.decode(view))

    def _collect(self, found: list[T], records: dict[str, T]) -> None:
        self.last_event_ns = self._clock.now_ns()
        for record in found:
            key = self.feed.key(record)
            known = self.records.get(key)
            # What is equal stays the same object, so that a second list does not double the memory.
            records[key] = known if known is not None and known == record else record
        if len(records) > self._settings.most_objects:
            raise MalformedError(f"There are more than {self._settings.most_objects} {self.feed.resource.label}.")

    async def _watch(self, client: ApiClient) -> None:
        resource, settings = self.feed.resource, self._settings
        params = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, round(_spread(settings.watch_seconds)))),
            **resource.selector,
        }
        if self._version:
            params["resourceVersion"] = self._version
        lines = LineSplitter(most_bytes=settings.most_object_bytes)
        loop = asyncio.get_running_loop()
        begun, has_spoken = loop.time(), False
        wanted = f"watch {resource.label}"
        silence, accept = settings.silence_seconds, self.feed.watch_accept
        async with client.stream(
            resource.path, params, wanted=wanted, silence_seconds=silence, accept=accept
        ) as chunks:
            self._set(Phase.FOLLOWING)
            async for chunk in chunks:
                self.last_event_ns = self._clock.now_ns()
                for line in lines.feed(chunk):
                    self._take(line, client, wanted)
                    has_spoken = True
        # One that ended without a word, not even a bookmark, is not proven to be alive.
        self._is_doubtful = not has_spoken
        if not has_spoken and loop.time() - begun < _SHORT_SECONDS:
            raise BrokenStreamError(f"{client.access.server} ends watches at once: {wanted}.")
        self._progress()

    def _take(self, line: bytes, client: ApiClient, wanted: str) -> None:
        event = self._events.read(line)
        if event.status is not None:
            raise client.error_in_stream(event.status, wanted)
        if event.record is not None:
            self._apply(event.kind, event.record)
        elif event.kind in CHANGES:
            self._count_undecodable(1)
        if event.kind in CHANGES or event.kind == "BOOKMARK":
            self._version = event.version or self._version
        self._progress()

    def _apply(self, kind: str, record: T) -> None:
        key = self.feed.key(record)
        if kind == "DELETED":
            if self.records.pop(key, None) is not None:
                self._listener.removed(record)
        elif self.records.get(key) != record:
            self.records[key] = record
            self._listener.changed(record)

    def _progress(self) -> None:
        self._spoke_at = asyncio.get_running_loop().time()
        self._faults_in_row = 0
        self._backoff.reset()

    async def _after(self, error: KubeError, client: ApiClient) -> None:
        """Do what an error asks for, then wait."""
        self._faults_in_row += 1
        if isinstance(error, ForbiddenError):
            await self._after_denial(error, client)
            return
        if isinstance(error, AbsentError):
            self.give_up(error)
            await asyncio.sleep(_spread(self._settings.discovery_seconds))
            return
        if isinstance(error, SetBackError):
            raise error
        if isinstance(error, CONNECTION_ERRORS):
            if not self._is_primary:
                await client.version()
            else:
                raise error
        if isinstance(error, AnswerError) and (error.cause == "ResourceVersionTooLarge" or error.status == 400):
            # The server was set back (a restored etcd), or is another one: what we know of versions is void.
            self.forget_version()
            self._list_faults |= 1
        elif isinstance(error, (GoneError, MalformedError)):
            self._is_listed = False
        if self._faults_in_row > 1 or not isinstance(error, (GoneError, BrokenStreamError)):
            self._set(Phase.FAILING, error)
            await asyncio.sleep(self._wait_seconds(error))

    async def _after_denial(self, error: ForbiddenError, client: ApiClient) -> None:
        if self._is_listed:
            # It may list but not watch. What is known goes stale, and the state says so.
            self._set(Phase.DENIED, error)
        elif self.feed.resource.name:
            await self._poll(client)
        else:
            self.give_up(error)
        await asyncio.sleep(_spread(self._settings.denied_retry_seconds))

    async def _poll(self, client: ApiClient) -> None:
        """Get the one object again and again, while nothing else is allowed."""
        while True:
            try:
                await self.get_once(client)
            except ForbiddenError as error:
                self.give_up(error)
                return
            self._progress()
            wait = self._settings.poll_seconds if self.records else self._settings.discovery_seconds
            await asyncio.sleep(_spread(wait))

    def _wait_seconds(self, error: KubeError) -> float:
        retry_after = error.retry_after if isinstance(error, AnswerError) else None
        if retry_after is None:
            return self._backoff.next_seconds()
        # Never sooner than asked, and not all at the same moment.
        return min(retry_after, self._settings.most_retry_after_seconds) * random.uniform(1.0, 1.2)  # noqa: S311

    def _replace(self, records: dict[str, T]) -> None:
        if records or self.records or self.phase is Phase.WAITING:
            self.records = records
            self._listener.replaced(records)

    def _set(self, phase: Phase, error: KubeError | None = None) -> None:
        is_other = phase is not self.phase or str(error or "") != str(self.error or "")
        self.phase, self.error = phase, error.kept() if error is not None else None
        if is_other:
            self._listener.phase_changed()

    def _count_undecodable(self, count: int) -> None:
        if count and not self.undecodable:
            _log.warning("%s: objects with unexpected fields are left out", self.feed.resource.label)
        self.undecodable += count


def _spread(seconds: float) -> float:
    """Draw a wait around `seconds`, so that what began together does not stay together."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing
