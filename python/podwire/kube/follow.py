"""Follows one resource: lists it once, then watches it for good, and lists again only where the server says it must.

A watch that ends, breaks off or falls silent is opened again at the version that was last seen, which loses nothing.
Only `410 Gone` (also as an ERROR line within a watch) asks for a new list; that one replaces all records, so that
what vanished unseen is let go.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Generic

from podwire.kube.client import ApiClient
from podwire.kube.errors import (
    CONNECTION_ERRORS,
    AbsentError,
    AnswerError,
    BrokenStreamError,
    BusyError,
    CutStreamError,
    ForbiddenError,
    GoneError,
    KubeError,
    MalformedError,
    SetBackError,
)
from podwire.kube.events import CHANGES, Event, is_older
from podwire.kube.feeds import A, Feed, Listener, Phase, T
from podwire.kube.listing import ListReader, too_many
from podwire.kube.patience import spread, wait_after
from podwire.kube.schema import ListOfAny
from podwire.kube.watching import WatchReader
from podwire.settings.kube import KubeSettings
from podwire.support.backoff import Backoff
from podwire.support.clock import Clock

_log = logging.getLogger(__name__)


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
        self.retry_at_ns: int | None = None
        """When it is tried again, in nanoseconds since the epoch, while something stands against it."""
        self.undecodable = 0
        """Objects whose fields had unexpected types; they are left out."""
        self.lists = 0
        """Complete lists that were read."""
        self._listener = listener
        self._settings = settings
        self._clock = clock
        self._is_primary = is_primary
        """True: its connection faults are the cluster's. Others ask `/version` first, whether it is they alone."""
        self._lists = ListReader(feed, settings, heard=self._hear)
        self._watches = WatchReader(feed, settings, heard=self._hear)
        self._backoff = Backoff(first_seconds=settings.first_retry_seconds, most_seconds=settings.most_retry_seconds)
        self._version = ""
        self._is_listed = False
        self._list_faults = 0
        self._faults_in_row = 0
        self._is_doubtful = False
        """True: the last watch did not end as it should, so that the server may have been set back since."""
        self._spoke_at = 0.0
        """When the server last said something here, by the loop's clock."""
        self._denied_at: float | None = None
        """Since when the right to watch is missing, by the loop's clock; None while it is there."""

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
        elif self._is_primary and is_older(await self._present_version(client), self._version):
            raise SetBackError(f"{client.access.server} was set back to an older state: all is listed anew.")

    async def _present_version(self, client: ApiClient) -> str:
        resource = self.feed.resource
        path = f"{resource.path}?limit=1"
        meta = (await client.get(path, ListOfAny, wanted=f"list {resource.label}")).metadata
        return (meta.resource_version or "") if meta else ""

    async def list_once(self, client: ApiClient) -> None:
        """Read the whole list and replace all records."""
        try:
            async with client.list_slots:
                # After a fault, and then by turns, in pages: the other way may be the one that the server can go.
                listed = await self._lists.read(
                    client, self.records, version=self._version, in_pages=bool(self._list_faults % 2)
                )
        except KubeError as error:
            if not isinstance(error, BusyError) or error.status != 429:
                # A server that is merely busy is not helped by pages, which cost it more.
                self._list_faults += 1
            raise
        self._list_faults = 0
        self.lists += 1
        self._version = listed.version
        self._is_listed, self._is_doubtful = True, False
        self._spoke_at = asyncio.get_running_loop().time()
        self._count_undecodable(listed.undecodable)
        self._replace(listed.records)
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

    async def _watch(self, client: ApiClient) -> None:
        has_spoken = await self._watches.read(
            client, self._version, opened=self._opened, take=lambda event: self._take(event, client)
        )
        # One that ended without a word, not even a bookmark, is not proven to be alive.
        self._is_doubtful = not has_spoken
        self._calm()

    def _opened(self) -> None:
        self._denied_at = None
        self._set(Phase.FOLLOWING)

    def _hear(self) -> None:
        self.last_event_ns = self._clock.now_ns()

    def _take(self, event: Event[T], client: ApiClient) -> None:
        if event.status is not None:
            raise client.error_in_stream(event.status, self._watches.wanted)
        if event.record is not None:
            self._apply(event.kind, event.record)
        elif event.kind in CHANGES:
            self._count_undecodable(1)
        if event.kind in CHANGES or event.kind == "BOOKMARK":
            self._version = event.version or self._version
        self._spoke_at = asyncio.get_running_loop().time()
        self._calm()

    def _apply(self, kind: str, record: T) -> None:
        key = self.feed.key(record)
        if kind == "DELETED":
            if self.records.pop(key, None) is not None:
                self._listener.removed(record)
        elif self.records.get(key) != record:
            if key not in self.records and len(self.records) >= self._settings.most_objects:
                raise too_many(self.feed.resource, self._settings.most_objects)
            self.records[key] = record
            self._listener.changed(record)

    def _calm(self) -> None:
        self._faults_in_row = 0
        self._backoff.reset()

    async def _after(self, error: KubeError, client: ApiClient) -> None:
        """Do what an error asks for, then wait."""
        self._faults_in_row = 0 if isinstance(error, CutStreamError) else self._faults_in_row + 1
        if isinstance(error, ForbiddenError):
            await self._after_denial(error, client)
            return
        if isinstance(error, AbsentError):
            self.give_up(error)
            await asyncio.sleep(spread(self._settings.discovery_seconds))
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
            await self._wait(wait_after(error, self._backoff, self._settings), Phase.FAILING, error)

    async def _after_denial(self, error: ForbiddenError, client: ApiClient) -> None:
        """Keep what is known for a while, since servers that just began may deny for a moment what they grant later."""
        now, most = asyncio.get_running_loop().time(), self._settings.denied_retry_seconds
        self._denied_at = now if self._denied_at is None else self._denied_at
        if self._is_listed and not await self._is_denied_for_good(client, now - self._denied_at):
            # What is known goes stale, and the state says so.
            await self._wait(min(self._backoff.next_seconds(), most), Phase.DENIED, error)
            return
        if self.feed.resource.name and not self._is_listed:
            await self._poll(client)
        else:
            self.give_up(error)
        await self._wait(spread(most), self.phase, self.error)

    async def _is_denied_for_good(self, client: ApiClient, seconds: float) -> bool:
        """Say whether what was listed is to be let go: the right to list is gone too, and not for a moment only.

        Pods stay: what they claim is in doubt from the last word on anyway, and their names are back with the right.
        """
        if self._is_primary or seconds < self._settings.denied_grace_seconds:
            return False
        try:
            await self._present_version(client)
        except ForbiddenError:
            return True
        return False

    async def _poll(self, client: ApiClient) -> None:
        """Get the one object again and again, while nothing else is allowed."""
        while True:
            try:
                await self.get_once(client)
            except ForbiddenError as error:
                self.give_up(error)
                return
            self._calm()
            wait = self._settings.poll_seconds if self.records else self._settings.discovery_seconds
            await asyncio.sleep(spread(wait))

    async def _wait(self, seconds: float, phase: Phase, error: KubeError | None) -> None:
        """Tell the phase and when it is tried again, and wait until then."""
        self.retry_at_ns = self._clock.now_ns() + int(seconds * 1e9)
        try:
            self._set(phase, error, is_other=True)
            await asyncio.sleep(seconds)
        finally:
            self.retry_at_ns = None

    def _replace(self, records: dict[str, T]) -> None:
        if records or self.records or self.phase is Phase.WAITING:
            self.records = records
            self._listener.replaced(records)

    def _set(self, phase: Phase, error: KubeError | None = None, *, is_other: bool = False) -> None:
        is_other = is_other or phase is not self.phase or str(error or "") != str(self.error or "")
        self.phase, self.error = phase, error.kept() if error is not None else None
        if is_other:
            self._listener.phase_changed()

    def _count_undecodable(self, count: int) -> None:
        if count and not self.undecodable:
            _log.warning("%s: objects with unexpected fields are left out", self.feed.resource.label)
        self.undecodable += count
