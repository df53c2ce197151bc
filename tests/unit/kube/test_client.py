"""Whatever a server answers comes out as a value or as one of the room's errors, and no secret with it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podwire.kube.access import Access
from podwire.kube.client import ApiClient
from podwire.kube.errors import AnswerError, BrokenStreamError, BusyError, KubeError, MalformedError, UnreachableError
from podwire.kube.schema import Version
from podwire.settings.kube import KubeSettings

from .conftest import QUICK

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
SECRET = "geheim-und-lang"


@asynccontextmanager
async def answering(answer: Answer, options: KubeSettings = QUICK) -> AsyncIterator[ApiClient]:
    server = web.Server(answer, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    access = Access(server=f"http://127.0.0.1:{runner.addresses[0][1]}", tls=None, authorization=f"Bearer {SECRET}")
    try:
        async with ApiClient(access, options) as client:
            yield client
    finally:
        await runner.cleanup()


async def failure(answer: Answer, options: KubeSettings = QUICK) -> KubeError:
    async with answering(answer, options) as client:
        with pytest.raises(KubeError) as caught:
            await client.get("/version", Version, wanted="get /version")
    assert SECRET not in str(caught.value)
    return caught.value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([200, 301, 400, 401, 403, 404, 409, 410, 429, 500, 503, 504]), st.binary(max_size=60))
def test_any_answer_is_a_value_or_an_error_of_ours(status: int, body: bytes) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body)

    async def ask() -> None:
        async with answering(answer) as client:
            try:
                await client.get("/version", Version, wanted="get /version")
            except KubeError as error:
                assert str(error).endswith((".", "…")) or "(" in str(error)
                if isinstance(error, AnswerError):
                    assert error.status == status

    asyncio.run(ask())


async def test_a_server_that_repeats_the_token_does_not_make_us_tell_it() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = {"kind": "Status", "message": f"no: {request.headers['Authorization']}"}
        return web.json_response(body, status=500)

    assert "no: Bearer …" in str(await failure(answer))


async def test_redirects_are_not_followed() -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    error = await failure(answer)
    assert isinstance(error, AnswerError)
    assert error.status == 302


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("x", None), ("-1", None), ("9" * 400, None)])
async def test_retry_after(header: str, seconds: float | None) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=503, headers={"Retry-After": header})

    error = await failure(answer)
    assert isinstance(error, BusyError)
    assert error.retry_after == seconds


async def test_an_answer_that_is_too_large_is_not_read() -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 5000)

    assert isinstance(await failure(answer, dataclasses.replace(QUICK, most_answer_bytes=1000)), MalformedError)


async def test_a_server_that_says_nothing() -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    error = await failure(answer, dataclasses.replace(QUICK, answer_seconds=0.05))
    assert isinstance(error, UnreachableError)
    assert "does not answer" in str(error)


async def test_a_body_that_falls_silent() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await asyncio.sleep(30)
        return response

    error = await failure(answer, dataclasses.replace(QUICK, answer_seconds=0.05))
    assert isinstance(error, BrokenStreamError)
    assert "fell silent" in str(error)


async def test_a_body_that_breaks_off() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 100
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport is not None
        request.transport.close()
        return response

    error = await failure(answer)
    assert isinstance(error, BrokenStreamError)
    assert "broke an answer off" in str(error)


async def test_compression_is_asked_for_only_where_it_is_wanted() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers["Accept-Encoding"])
        response = web.json_response({"gitVersion": "v1"})
        response.enable_compression()
        return response

    for wanted in (False, True):
        async with answering(answer, dataclasses.replace(QUICK, use_compression=wanted)) as client:
            assert await client.version() == "v1"
    assert asked == ["identity", "gzip"]
