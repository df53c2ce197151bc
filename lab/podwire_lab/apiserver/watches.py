"""Watches: the changes of a resource as a stream of events, with bookmarks, initial events and 410 as a line."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from podwire_lab.apiserver import problems
from podwire_lab.apiserver.kinds import Resource
from podwire_lab.apiserver.problems import ApiError
from podwire_lab.apiserver.reads import Target, in_scope, parse_revision
from podwire_lab.apiserver.selectors import Test, selector
from podwire_lab.apiserver.store import Change, Store, at_revision

Object = dict[str, Any]
Event = tuple[str, Object]
"""(ADDED, MODIFIED, DELETED, BOOKMARK or ERROR; the object)."""

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
_MIN_SECONDS = 1800
"""Without timeoutSeconds a watch ends after this long, to twice as long (kube-apiserver --min-request-timeout)."""


@dataclass(frozen=True)
class WatchOrder:
    """What a watch request asks for, already validated."""

    target: Target
    test: Test
    since: int | None
    """None: begin with synthetic ADDED events of all there is."""
    has_bookmarks: bool
    has_initial_end: bool
    seconds: float


def order_of(query: Mapping[str, str], target: Target, has_watch_list: bool) -> WatchOrder:
    """Reads the query of a watch. ApiError 400 or 422 where a real server would refuse it."""
    has_initial = _is_true(query.get("sendInitialEvents", ""))
    _check_initial(query, has_watch_list)
    revision = parse_revision(query)
    seconds = query.get("timeoutSeconds", "")
    fields = query.get("fieldSelector", "")
    if target.name:
        fields = ",".join(filter(None, (fields, f"metadata.name={target.name}")))
    return WatchOrder(
        target=target,
        test=selector(target.resource, query.get("labelSelector", ""), fields),
        since=None if not revision or has_initial else revision,
        has_bookmarks=_is_true(query.get("allowWatchBookmarks", "")),
        has_initial_end=has_initial,
        seconds=float(seconds) if seconds.isdigit() and int(seconds) else _MIN_SECONDS * random.uniform(1, 2),  # noqa: S311
    )


def _is_true(text: str) -> bool:
    return text.lower() in {"1", "true", "t"}


def _check_initial(query: Mapping[str, str], has_watch_list: bool) -> None:
    match = query.get("resourceVersionMatch", "")
    if "sendInitialEvents" not in query:
        if match:
            text = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            raise problems.invalid("ListOptions.meta.k8s.io", f"resourceVersionMatch: Forbidden: {text}")
        return
    if not has_watch_list:
        text = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        raise problems.invalid("ListOptions.meta.k8s.io", f"sendInitialEvents: Forbidden: {text}")
    if match != "NotOlderThan":
        text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise problems.invalid("ListOptions.meta.k8s.io", f"resourceVersionMatch: Forbidden: {text}")


async def events(store: Store, order: WatchOrder, bookmark_seconds: float) -> AsyncIterator[Event]:
    """The stream of a watch until its time is over; a revision too old is one ERROR event, then the end."""
    loop = asyncio.get_running_loop()
    end = loop.time() + order.seconds
    cursor = store.revision
    if order.since is None:
        for event in _initial(store, order, cursor):
            yield event
    else:
        cursor = order.since
    next_bookmark = loop.time() + bookmark_seconds
    while True:
        if problem := _gone(store, cursor):
            yield "ERROR", problem.document
            return
        changes = store.changes_since(order.target.resource, cursor)
        cursor = max(cursor, store.revision)
        for change in changes:
            if seen := _event(order, change):
                yield seen
        remaining = min(end, next_bookmark) - loop.time()
        if remaining > 0 and await _woken(store, cursor, remaining):
            continue
        if order.has_bookmarks:
            yield "BOOKMARK", _bookmark(order.target.resource, cursor)
        if loop.time() >= end:
            return
        next_bookmark = loop.time() + bookmark_seconds


async def _woken(store: Store, cursor: int, seconds: float) -> bool:
    """True once something was written; False after `seconds`."""
    try:
        await asyncio.wait_for(store.wait(cursor), seconds)
    except TimeoutError:
        return False
    return True


def _gone(store: Store, cursor: int) -> ApiError | None:
    if cursor < store.oldest:
        return problems.expired(f"too old resource version: {cursor} ({store.oldest})")
    return None


def _initial(store: Store, order: WatchOrder, revision: int) -> list[Event]:
    found: list[Event] = [
        ("ADDED", item)
        for key, item in store.snapshot(order.target.resource, revision)
        if in_scope(order.target, key) and order.test(item)
    ]
    if order.has_initial_end and order.has_bookmarks:
        mark = _bookmark(order.target.resource, revision)
        mark["metadata"]["annotations"] = {INITIAL_EVENTS_END: "true"}
        found.append(("BOOKMARK", mark))
    return found


def _bookmark(resource: Resource, revision: int) -> Object:
    return {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": str(revision)},
        "spec": {},
    }


def _event(order: WatchOrder, change: Change) -> Event | None:
    """What a change is to a watch with a selector: entering it is ADDED, leaving it is DELETED."""
    if not in_scope(order.target, change.key):
        return None
    was = change.old is not None and order.test(change.old)
    if change.new is not None and order.test(change.new):
        return ("MODIFIED" if was else "ADDED"), change.new
    if was and change.old is not None:
        return "DELETED", at_revision(change.old, change.revision)
    return None
