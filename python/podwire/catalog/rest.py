"""The words of the REST API, which server and console share: paths, HTTP methods, media types and a header.

The shape is that of NetVisor's vREST: `/vRest/` and a noun in the plural.
"""

from __future__ import annotations

from podwire.catalog.nouns import Noun

ROOT = "/vRest"

MEDIA_TYPES = {
    "json": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
"""The media type of each form for programs; every other answer is a JSON document."""

NOTES_HEADER = "podwire-notes"
"""Carries the notes of an answer whose body has no place for them: a JSON list in ASCII."""

_METHODS = {"create": "POST", "modify": "PUT", "delete": "DELETE"}
"""The HTTP method of a verb on its noun's own path; a verb that is not listed is a POST to a path of its own."""


def path_of(noun: Noun, verb_name: str = "show") -> str:
    """Return the path of a command."""
    own = "" if verb_name == "show" or verb_name in _METHODS else f"/{verb_name}"
    return f"{ROOT}/{noun.plural}{own}"


def method_of(verb_name: str) -> str:
    """Return the HTTP method of a command with this verb, `show` among them."""
    return "GET" if verb_name == "show" else _METHODS.get(verb_name, "POST")
