"""The errors that a Kubernetes API answers with: Status documents, in the words of the real server."""

from __future__ import annotations

from typing import Any

from podwire_lab.apiserver.kinds import Resource

Object = dict[str, Any]


class ApiError(Exception):
    """An error answer: its HTTP status, its Status document, and the Retry-After seconds if any."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.document: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
        }
        if details is not None:
            self.document["details"] = details
        self.document["code"] = code

    @property
    def retry_after(self) -> int | None:
        seconds = self.document.get("details", {}).get("retryAfterSeconds")
        return None if seconds is None else int(seconds)


class PlainNotFoundError(Exception):
    """A path that the server does not know at all: plain text, not a Status."""


def _details(resource: Resource, name: str = "") -> Object:
    found: Object = {}
    if name:
        found["name"] = name
    if resource.group:
        found["group"] = resource.group
    found["kind"] = resource.plural
    return found


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(user: str, verb: str, resource: Resource, namespace: str, name: str) -> ApiError:
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    what = f'{resource.id} "{name}"' if name else resource.id
    text = (
        f'{what} is forbidden: User "{user}" cannot {verb} resource "{resource.plural}" '
        f'in API group "{resource.group}" {where}'
    )
    return ApiError(403, "Forbidden", text, _details(resource, name))


def not_found(resource: Resource, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource.id} "{name}" not found', _details(resource, name))


def method_not_allowed() -> ApiError:
    text = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", text, {})


def not_acceptable() -> ApiError:
    text = "406: Not Acceptable\n\nAvailable representations: application/json, application/json;stream=watch"
    return ApiError(406, "NotAcceptable", text, {})


def already_exists(resource: Resource, name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f'{resource.id} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str) -> ApiError:
    text = (
        f'Operation cannot be fulfilled on {resource.id} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    return ApiError(409, "Conflict", text, _details(resource, name))


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def unsupported_media(given: str, known: str) -> ApiError:
    text = f"the body of the request was in an unknown format ({given}) - accepted media types include: {known}"
    return ApiError(415, "UnsupportedMediaType", text)


def invalid(what: str, message: str) -> ApiError:
    return ApiError(422, "Invalid", f'{what} "" is invalid: {message}', {})


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def too_many(message: str = "too many requests", seconds: int = 1) -> ApiError:
    return ApiError(429, "TooManyRequests", message, {"retryAfterSeconds": seconds})


def too_large_revision(wanted: int, current: int) -> ApiError:
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    text = f"Timeout: Too large resource version: {wanted}, current: {current}"
    return ApiError(504, "Timeout", text, {"causes": causes, "retryAfterSeconds": 1})


_REASONS = {500: "InternalError", 502: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}


def server_error(code: int) -> ApiError:
    reason = _REASONS.get(code, "InternalError")
    return ApiError(code, reason, f"the lab's API server answers {code} because it was told to", {})
