"""The routes, made from the catalog: a path a noun, with the HTTP methods that its verbs need.

GET    /vRest/vports?svc-name=pluribus       vport-show svc-name pluribus
POST   /vRest/k8s-connections                k8s-connection-create
PUT    /vRest/k8s-connections                k8s-connection-modify
DELETE /vRest/k8s-connections?cluster-name=… k8s-connection-delete
POST   /vRest/connections/clear              connection-clear
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from podwire.api.answers import Body, success
from podwire.api.exports import asked_form, exported
from podwire.catalog import NOUNS, Noun, Verb
from podwire.catalog.rest import method_of, path_of
from podwire.commands.access import AccessControl, require
from podwire.commands.dispatch import Commands
from podwire.support.errors import ForbiddenError, UsageError
from podwire.support.words import quoted

MOST_BODY_BYTES = 1 << 20
"""What a request may carry: a command's values are a few hundred bytes."""

_SWITCHES, _THIS_SWITCH = "api.switch", ("fabric", "local")
"""NetVisor's argument that says which switches are asked, and what means this one while it is alone."""

_Request = Request[Any, Any, Any]
_Endpoint = Callable[[_Request], Awaitable[Response[Body] | Stream]]


def make_routes(commands: Commands, access: AccessControl | None) -> list[HTTPRouteHandler]:
    """Return the handlers of every noun and verb."""
    routes = []
    for noun in NOUNS:
        shown = _show(commands, access, noun)
        routes.append(_route(shown, noun, "show", noun.show_help))
        routes += [_route(_act(commands, access, noun, each), noun, each.name, each.help) for each in noun.verbs]
    return routes


def _route(endpoint: _Endpoint, noun: Noun, verb: str, summary: str) -> HTTPRouteHandler:
    decorate = HTTPRouteHandler(
        path_of(noun, verb),
        http_method=method_of(verb),  # type: ignore[arg-type]
        operation_id=f"{noun.name}-{verb}",
        summary=summary,
        tags=[noun.name],
        status_code=200,
        media_type=MediaType.JSON,
        request_max_body_size=MOST_BODY_BYTES,
        name=f"{noun.name}-{verb}",
    )
    return decorate(endpoint)


def _show(commands: Commands, access: AccessControl | None, noun: Noun) -> _Endpoint:
    async def show(request: _Request) -> Response[Body] | Stream:
        await _check(access, request, noun, "show")
        answer = await commands.show(noun, _params(request))
        form = asked_form(request.headers.get("accept", ""))
        return exported(noun, answer, form) if form else Response(success(answer, scope=noun.scope))

    return show


def _params(request: _Request) -> list[tuple[str, str]]:
    """Return the words of a show command; which switches are to answer is no word of it."""
    given = list(request.query_params.multi_items())
    other = next((text for name, text in given if name == _SWITCHES and text not in _THIS_SWITCH), None)
    if other is not None:
        msg = f"{_SWITCHES}: {quoted(other)} is not known here; this switch answers to {' and '.join(_THIS_SWITCH)}."
        raise UsageError(msg)
    return [each for each in given if each[0] != _SWITCHES]


def _act(commands: Commands, access: AccessControl | None, noun: Noun, verb: Verb) -> _Endpoint:
    async def act(request: _Request) -> Response[Body]:
        await _check(access, request, noun, verb.name)
        values = dict(request.query_params.multi_items()) | await _body(request)
        answer = await commands.act(noun, verb.name, values)
        return Response(success(answer, scope=noun.scope))

    return act


async def _check(access: AccessControl | None, request: _Request, noun: Noun, verb: str) -> None:
    """Raise ForbiddenError where whoever sends the request may not give the command."""
    authorization = request.headers.get("authorization")
    if access is not None:
        require(await access.principal(authorization), noun, verb)
    elif authorization is not None:
        msg = "This switch has no users."
        raise ForbiddenError(msg)


async def _body(request: _Request) -> dict[str, Any]:
    """Read a JSON object from the request; nothing at all is an empty one."""
    content = await request.body()
    if not content:
        return {}
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.MsgspecError:
        msg = "The body must be a JSON object of options and values."
        raise UsageError(msg) from None
