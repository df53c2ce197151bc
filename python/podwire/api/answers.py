"""The bodies that the REST server sends, in the shape of NetVisor's vREST."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from podwire.commands.answer import Answer
from podwire.support.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PodwireError,
    UnavailableError,
    UsageError,
)

STATUS_BY_ERROR: tuple[tuple[type[PodwireError], int], ...] = (
    (UsageError, 400),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (UnavailableError, 503),
)
"""Which HTTP status an error is; the first class that fits."""


class SwitchResult(Struct, frozen=True, rename={"switch_name": "api.switch-name"}):
    """What one switch says of the request."""

    switch_name: str
    scope: str
    status: str
    code: int
    message: str


class Result(Struct, frozen=True):
    """What all switches say of the request."""

    status: str
    result: list[SwitchResult]


class Body(Struct, frozen=True):
    """Every answer."""

    data: list[dict[str, Any]]
    columns: list[str]
    count: int
    notes: list[str]
    sums: dict[str, int]
    result: Result


def success(answer: Answer, *, scope: str) -> Body:
    """Wrap the answer of a command."""
    result = Result("Success", [SwitchResult("local", scope, "Success", 0, "")])
    return Body(answer.as_rows(), answer.columns, answer.count, answer.notes, answer.sums, result)


def failure(message: str, *, scope: str = "local") -> Body:
    """Wrap the sentence of a refusal."""
    return Body([], [], 0, [], {}, Result("Failure", [SwitchResult("local", scope, "Failure", 1, message)]))


def status_of(error: PodwireError) -> int:
    """Return the HTTP status for `error`."""
    return next((status for kind, status in STATUS_BY_ERROR if isinstance(error, kind)), 500)
