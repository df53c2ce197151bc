"""Reads one whole list, from the server's cache or in pages, into records by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple

import msgspec

from podwire.kube.client import ApiClient
from podwire.kube.errors import MalformedError
from podwire.kube.feeds import A, Feed, T
from podwire.kube.resources import Resource
from podwire.kube.streams import ListSplitter
from podwire.settings.kube import KubeSettings


class Listed(NamedTuple, Generic[T]):
    """A whole list."""

    records: dict[str, T]
    version: str
    """From which a watch goes on."""
    undecodable: int
    """Objects whose fields had unexpected types; they are left out."""


class ListReader(Generic[A, T]):
    """Reads the lists of one feed."""

    def __init__(self, feed: Feed[A, T], settings: KubeSettings, *, heard: Callable[[], None]) -> None:
        self._feed = feed
        self._settings = settings
        self._heard = heard
        """Called with each part that arrives."""
        self._decoder = msgspec.json.Decoder(feed.api)

    async def read(self, client: ApiClient, known: Mapping[str, T], *, version: str, in_pages: bool) -> Listed[T]:
        """Read all, not older than `version`; what equals what is `known` is that. Raises KubeError."""
        records: dict[str, T] = {}
        feed, first_version, undecodable = self._feed, None, 0
        params = self._first(version, in_pages=in_pages)
        while True:
            splitter = ListSplitter(self._decode, most_object_bytes=self._settings.most_object_bytes)
            silence, wanted = self._settings.answer_seconds, f"list {feed.resource.label}"
            async with client.stream(
                feed.resource.path, params, wanted=wanted, silence_seconds=silence, accept=feed.list_accept
            ) as chunks:
                async for chunk in chunks:
                    self._collect(splitter.feed(chunk), known, records)
            last, meta = splitter.finish()
            self._collect(last, known, records)
            undecodable += splitter.undecodable
            # All pages of one list are of the same version; the first one's is where the watch has to begin.
            first_version = first_version if first_version is not None else meta.resource_version or ""
            if not meta.continue_:
                return Listed(records, first_version, undecodable)
            params = {"limit": str(self._settings.page_size), "continue": meta.continue_, **feed.resource.selector}

    def _first(self, version: str, *, in_pages: bool) -> dict[str, str]:
        """Ask the server's cache for one whole list, or for the first page.

        From the cache it is several times faster and costs etcd nothing (client-go's reflector.go does the same).
        """
        selector = self._feed.resource.selector
        if in_pages:
            return {"limit": str(self._settings.page_size), **selector}
        return {"resourceVersion": version or "0", **selector}

    def _decode(self, view: memoryview) -> T:
        return self._feed.convert(self._decoder.decode(view))

    def _collect(self, found: list[T], known: Mapping[str, T], records: dict[str, T]) -> None:
        self._heard()
        for record in found:
            key = self._feed.key(record)
            earlier = known.get(key)
            # What is equal stays the same object, so that a second list does not double the memory.
            records[key] = earlier if earlier is not None and earlier == record else record
        if len(records) > self._settings.most_objects:
            raise too_many(self._feed.resource, self._settings.most_objects)


def too_many(resource: Resource, most: int) -> MalformedError:
    """Return the error of a cluster that has more objects of one kind than are kept."""
    return MalformedError(f"There are more than {most} {resource.label}.")
