"""Show commands for programs: which form the `Accept` header asks for, and the answer streamed in it."""

from __future__ import annotations

import json

from litestar.response import Stream

from podwire.catalog import Noun
from podwire.catalog.rest import MEDIA_TYPES, NOTES_HEADER
from podwire.commands.answer import Answer
from podwire.commands.export import export

_FORMS = {media_type: form for form, media_type in MEDIA_TYPES.items()}
"""The form of each media type; any other one is the JSON document of `answers`."""

_MOST_NOTES_CHARACTERS = 4_000
"""What a header may carry everywhere."""


def asked_form(accept: str) -> str:
    """Return the form that an `Accept` header names first among those known here; empty for the JSON document."""
    for part in accept.split(","):
        media_type = part.partition(";")[0].strip().lower()
        if media_type in _FORMS:
            return media_type
        if media_type in ("application/json", "*/*"):
            return ""
    return ""


def exported(noun: Noun, answer: Answer, media_type: str) -> Stream:
    """Wrap the answer in the form of `media_type`."""
    notes = json.dumps(answer.notes)
    # The media type is said as a header: the route's own, which is that of every other answer, would hide it.
    headers = {NOTES_HEADER: notes if len(notes) <= _MOST_NOTES_CHARACTERS else "[]", "content-type": media_type}
    return Stream(export(noun, answer, _FORMS[media_type]), headers=headers)
