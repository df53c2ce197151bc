"""A noun that is declared is everywhere: on the console, in REST, in the handlers and in the reference page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from litestar import Litestar

from podwire.api.application import make_application
from podwire.catalog import NOUNS, Noun
from podwire.cli.grammar import parse
from podwire.commands.dispatch import Commands
from podwire.support.clock import FixedClock

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "docs" / "reference" / "commands.md"


@pytest.fixture(scope="module")
def application() -> Litestar:
    return make_application(Commands([], clock=FixedClock(0)), version="0")


@pytest.fixture(scope="module")
def openapi(application: Litestar) -> dict[str, Any]:
    return cast("dict[str, Any]", application.openapi_schema.to_schema())


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_every_noun_has_a_handler_file(noun: Noun) -> None:
    assert (ROOT / "python/podwire/commands" / f"{noun.name.replace('-', '_')}.py").is_file()
    assert (ROOT / "python/podwire/catalog" / f"{noun.name.replace('-', '_')}.py").is_file()


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_every_noun_has_its_routes(noun: Noun, openapi: dict[str, Any]) -> None:
    paths = openapi["paths"]
    assert "get" in paths[f"/vRest/{noun.plural}"]
    for verb in noun.verbs:
        method = {"create": "post", "modify": "put", "delete": "delete"}.get(verb.name)
        path = f"/vRest/{noun.plural}" + ("" if method else f"/{verb.name}")
        assert (method or "post") in paths[path]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_every_command_can_be_typed(noun: Noun) -> None:
    assert parse([noun.show_command]).noun is noun
    for column in noun.columns:
        assert parse([noun.show_command, "format", column.name]).noun is noun


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_every_word_is_in_the_reference_page(noun: Noun) -> None:
    page = REFERENCE.read_text(encoding="utf-8")
    for command in (noun.show_command, *(f"{noun.name}-{verb.name}" for verb in noun.verbs)):
        assert f"### {command}" in page, "run `make docs`"
    for column in noun.columns:
        assert f"`{column.name}`" in page, "run `make docs`"


def test_the_reference_page_is_up_to_date() -> None:
    namespace: dict[str, Any] = {"__name__": "write_reference"}
    source = (ROOT / "scripts" / "write-reference").read_text(encoding="utf-8")
    exec(compile(source, "write-reference", "exec"), namespace)  # noqa: S102 - the project's own script
    assert namespace["page"]() == REFERENCE.read_text(encoding="utf-8"), "run `make docs`"
