"""Reads what an API server says when it does not give what was asked: a Status object, or the plain text of a proxy."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import msgspec

from podwire.kube.errors import AbsentError, AnswerError, BusyError, ForbiddenError, GoneError, UnauthorizedError

_MOST_TEXT = 300


class _Cause(msgspec.Struct):
    reason: str | None = None


class _Details(msgspec.Struct):
    causes: list[_Cause] | None = None
    retry_after: float | None = msgspec.field(name="retryAfterSeconds", default=None)


class Status(msgspec.Struct):
    """`meta/v1.Status`: how the Kubernetes API reports a failure."""

    message: str | None = None
    reason: str | None = None
    code: int | None = None
    details: _Details | None = None


_decoder = msgspec.json.Decoder(Status)


def status_of(body: bytes | memoryview | msgspec.Raw) -> Status:
    """Read a Status; whatever else is in `body` gives an empty one."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Status()


def seconds_of(header: str | None) -> float | None:
    """Read `Retry-After` as seconds (RFC 9110 §10.2.3); its date form is not used by API servers and is ignored."""
    if header is None or not header.strip().isdecimal() or len(header) > 9:
        return None
    return float(header)


def skew_of(date: str | None, now: float) -> float:
    """Return how many seconds the clock behind a `Date` header (RFC 9110 §6.6.1) is ahead of `now`; 0 without one."""
    try:
        moment = parsedate_to_datetime(date) if date else None
    except ValueError:
        moment = None
    # The header's seconds are cut off: on the average half a second is missing.
    return moment.timestamp() + 0.5 - now if moment is not None else 0.0


def error_of(code: int, status: Status, *, wanted: str, server: str, retry_after: float | None = None) -> AnswerError:
    """Make the error for HTTP status (or Status code) `code`. `wanted` says what was asked: `list pods`."""
    details = status.details or _Details()
    if retry_after is None:
        retry_after = details.retry_after
    said = " ".join((status.message or "").split())[:_MOST_TEXT]
    if code == 401:
        return UnauthorizedError(
            f"{server} does not accept the credentials of the kubeconfig (401): renew the token or certificate.",
            status=code,
        )
    if code == 403:
        return ForbiddenError(f"The account may not {wanted} (403): grant it that right. {said}".rstrip(), status=code)
    if code == 404:
        return AbsentError(f"{server} has no such thing (404): {wanted}.", status=code)
    if code == 410:
        return GoneError(f"{server} no longer has the version asked for (410): {wanted}.", status=code)
    cause = next((each.reason for each in details.causes or () if each.reason), "")
    if code == 429 or code >= 500:
        what = "is busy" if code == 429 else "has a fault of its own"
        text = f"{server} {what} ({code}) and is asked again: {wanted}. {said}".rstrip()
        return BusyError(text, status=code, retry_after=retry_after, cause=cause)
    return AnswerError(f"{server} answers {code} to {wanted}. {said}".rstrip(), status=code, cause=cause)
