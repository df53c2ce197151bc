"""Faults on demand: what the emulator is told to get wrong, for whom and how often."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from podwire_lab.apiserver import problems
from podwire_lab.apiserver.kinds import Resource
from podwire_lab.apiserver.problems import ApiError
from podwire_lab.errors import LabError

MAX_FAULTS = 64


@dataclass
class Fault:
    """One thing to get wrong. Requests that match it get `code`, or no answer at all where `hang` is set."""

    code: int = 0
    """401, 403, 410, 429, or any of 500–599; 0 with `hang`."""
    resource: str = "*"
    """`pods`, `ippools.crd.projectcalico.org`, …; `*` for all, discovery too."""
    verb: str = "*"
    """`get`, `list`, `watch`, …; `*` for all."""
    times: int | None = None
    """How many requests it meets; None until it is cleared."""
    retry_after: int = 1
    """Seconds in the Retry-After of 429."""
    hang: bool = False
    """Takes the request and stays silent until the fault is cleared."""

    def __post_init__(self) -> None:
        if not self.hang and self.code not in {401, 403, 410, 429} and not 500 <= self.code <= 599:
            raise LabError(f"A fault's code is 401, 403, 410, 429 or 500 to 599, not {self.code}.")

    def meets(self, verb: str, resource: str) -> bool:
        return self.verb in {"*", verb} and self.resource in {"*", resource}


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._cleared = asyncio.Event()

    def add(self, fault: Fault) -> None:
        """Puts a fault in force; LabError where there are too many."""
        if len(self._active) >= MAX_FAULTS:
            raise LabError(f"The lab keeps {MAX_FAULTS} faults at most; clear them first.")
        self._active.append(fault)

    def clear(self) -> None:
        """Ends all faults; requests that hang are answered now."""
        self._active.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    def listing(self) -> list[dict[str, Any]]:
        return [dict(vars(fault)) for fault in self._active]

    def denies(self, verb: str, resource: str) -> bool:
        """True where a 403 is in force, as an access review has to know."""
        return any(fault.code == 403 and fault.meets(verb, resource) for fault in self._active)

    async def apply(self, request: Request) -> None:
        """Does to one request what the first fault that meets it says; ApiError where that is an answer."""
        for fault in self._active:
            if not fault.meets(request.verb, request.resource.id if request.resource else ""):
                continue
            self._count(fault)
            if fault.hang:
                await self._cleared.wait()
                return
            raise _problem(fault, request)

    def _count(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            self._active.remove(fault)


@dataclass(frozen=True)
class Request:
    """What a fault may ask of a request."""

    user: str
    verb: str
    resource: Resource | None
    namespace: str = ""
    name: str = ""


_EXPIRED = "The resourceVersion for the provided list is too old."


def _problem(fault: Fault, request: Request) -> ApiError:
    if fault.code == 403 and request.resource is not None:
        return problems.forbidden(request.user, request.verb, request.resource, request.namespace, request.name)
    if fault.code == 401:
        return problems.unauthorized()
    if fault.code == 403:
        return ApiError(403, "Forbidden", f'forbidden: User "{request.user}" cannot get path', {})
    if fault.code == 410:
        return problems.expired(_EXPIRED)
    if fault.code == 429:
        return problems.too_many(seconds=fault.retry_after)
    return problems.server_error(fault.code)
