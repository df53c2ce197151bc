"""GET of one object and of lists: resourceVersion semantics, selectors, pages with continue tokens."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podwire_lab.apiserver import problems
from podwire_lab.apiserver.kinds import Resource
from podwire_lab.apiserver.selectors import Test, selector
from podwire_lab.apiserver.store import Key, Store

Object = dict[str, Any]

_TOO_OLD = "The resourceVersion for the provided list is too old."
_PAGE_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
_INCONSISTENT = -1
"""The revision in a token that goes on with what there is now."""


@dataclass(frozen=True)
class Target:
    """What a request is about."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def key(self) -> Key:
        return self.namespace, self.name


def read(store: Store, target: Target) -> Object:
    """One object; ApiError 404 otherwise."""
    found = store.get(target.resource, target.key)
    if found is None:
        raise problems.not_found(target.resource, target.name)
    return found


def parse_revision(query: Mapping[str, str]) -> int | None:
    """The resourceVersion of a query; None where it is unset. ApiError 400 where it is not a number."""
    text = query.get("resourceVersion", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise problems.bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{text}": '
            f'strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    return int(text)


def in_scope(target: Target, key: Key) -> bool:
    """True where a list or watch of `target` covers `key`."""
    return not target.namespace or key[0] == target.namespace


def listing(store: Store, target: Target, query: Mapping[str, str]) -> Object:
    """A list as a `…List` document, or one page of it. ApiError 400, 410, 504 as the real server."""
    test = selector(target.resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    limit = int(query["limit"]) if query.get("limit", "").isdigit() else 0
    wanted = parse_revision(query)
    start, revision = "", store.revision
    if token := query.get("continue", ""):
        if wanted:
            raise problems.bad_request("specifying resource version is not allowed when using continue")
        start, revision = _decode(store, token)
    elif wanted is not None:
        revision, limit = _revision(store, query, wanted, limit)
    return _page(store, target, test, (revision, start, limit))


def _revision(store: Store, query: Mapping[str, str], wanted: int, limit: int) -> tuple[int, int]:
    """The revision to show and the limit in force, for a list that names a resourceVersion."""
    if wanted > store.revision:
        raise problems.too_large_revision(wanted, store.revision)
    match = query.get("resourceVersionMatch", "")
    is_exact = match == "Exact" or (limit > 0 and match != "NotOlderThan" and wanted > 0)
    if is_exact:
        if wanted < store.oldest:
            raise problems.expired(_TOO_OLD)
        return wanted, limit
    # resourceVersion=0 is answered from the watch cache, which knows no pages.
    return store.revision, 0 if wanted == 0 else limit


def _page(store: Store, target: Target, test: Test, place: tuple[int, str, int]) -> Object:
    revision, start, limit = place
    shown = store.revision if revision == _INCONSISTENT else revision
    items = [
        (key, item)
        for key, item in store.snapshot(target.resource, shown)
        if in_scope(target, key) and _path(key) >= start and test(item)
    ]
    metadata: Object = {"resourceVersion": str(shown)}
    if limit and len(items) > limit:
        metadata["continue"] = _encode(shown, _path(items[limit - 1][0]) + "\x00")
        metadata["remainingItemCount"] = len(items) - limit
        items = items[:limit]
    return {
        "kind": f"{target.resource.kind}List",
        "apiVersion": target.resource.api_version,
        "metadata": metadata,
        "items": [_listed(target.resource, item) for _, item in items],
    }


def _listed(resource: Resource, item: Object) -> Object:
    """Built-in kinds leave kind and apiVersion to the list; custom resources repeat them in each item."""
    if resource.is_custom:
        return item
    return {name: value for name, value in item.items() if name not in {"kind", "apiVersion"}}


def _path(key: Key) -> str:
    return f"{key[0]}/{key[1]}" if key[0] else key[1]


def _encode(revision: int, start: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(store: Store, token: str) -> tuple[str, int]:
    """Where to go on and at which revision. ApiError 400 for garbage, 410 with a new token for one too old."""
    try:
        found = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        start, revision = str(found["start"]), int(found["rv"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise problems.bad_request("invalid continue token: continue key is not valid") from error
    if revision != _INCONSISTENT and revision < store.oldest:
        problem = problems.expired(_PAGE_TOO_OLD)
        problem.document["metadata"] = {"continue": _encode(_INCONSISTENT, start)}
        raise problem
    return start, revision
