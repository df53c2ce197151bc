"""The REST application: routes, and the one place where errors become HTTP answers."""

from __future__ import annotations

import logging
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from podwire.api.answers import Body, failure, status_of
from podwire.api.routes import make_routes
from podwire.catalog import NOUNS
from podwire.catalog.rest import ROOT, path_of
from podwire.commands.access import AccessControl
from podwire.commands.dispatch import Commands
from podwire.support.errors import PodwireError
from podwire.support.words import advice

_log = logging.getLogger(__name__)
_Request = Request[Any, Any, Any]


def make_application(commands: Commands, *, version: str, access: AccessControl | None = None) -> Litestar:
    """Build the REST application over `commands`; without `access`, only the socket's owner is known."""
    # The description alone: a page that shows it would load its script from elsewhere.
    described = OpenAPIConfig(
        title="podwire",
        version=version,
        path=f"{ROOT}/api-docs",
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    )
    return Litestar(
        route_handlers=make_routes(commands, access),
        exception_handlers={PodwireError: _refused, HTTPException: _not_served, Exception: _failed},
        openapi_config=described,
        logging_config=None,
    )


def _refused(_: _Request, error: Exception) -> Response[Body]:
    assert isinstance(error, PodwireError)
    return Response(failure(str(error)), status_code=status_of(error))


def _not_served(request: _Request, error: Exception) -> Response[Body]:
    assert isinstance(error, HTTPException)
    text = f"Resource Not Found{_elsewhere(request.url.path)}" if error.status_code == 404 else error.detail
    return Response(failure(f"{request.method} {request.url.path}: {text}"), status_code=error.status_code)


def _elsewhere(path: str) -> str:
    """Return what was likely meant, as the end of a sentence."""
    nouns = {path_of(noun): noun for noun in NOUNS}
    above = next((known for known in nouns if path.startswith(f"{known}/")), "")
    if above:
        key = next((column.name for column in nouns[above].columns if column.is_key), "name")
        return f"; options stand in the query, as in {above}?{key}=…"
    return f"; {advice(path, nouns, otherwise=f'{ROOT}/api-docs/openapi.json lists what there is')}"


def _failed(request: _Request, error: Exception) -> Response[Body]:
    """A fault of podwire's own: logged with its trace, told without it."""
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return Response(failure("podwire failed to answer; its log has the details."), status_code=500)
