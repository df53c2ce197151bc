"""Bodies are cut into the same objects wherever the network cuts them, and nothing but our error ever comes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podwire.kube import streams
from podwire.kube.errors import MalformedError
from podwire.kube.streams import LineSplitter, ListSplitter

TEXT = st.text(max_size=20) | st.sampled_from(['"items":[', '{"metadata":{', "}]}", '\\"', "\\", '","'])
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
OBJECT = st.dictionaries(TEXT | st.sampled_from(["metadata", "apiVersion", "kind"]), VALUE, max_size=4)
META = {"resourceVersion": "7", "continue": ""}


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    begin = 0
    for cut in sorted(each % (len(data) + 1) for each in cuts):
        yield data[begin:cut]
        begin = cut
    yield data[begin:]


def split(data: bytes, cuts: list[int], **options: Any) -> tuple[list[Any], str | None]:
    splitter: ListSplitter[Any] = ListSplitter(msgspec.json.decode, **({"most_object_bytes": 1 << 20} | options))
    found = [each for piece in pieces(data, cuts) for each in splitter.feed(piece)]
    rest, meta = splitter.finish()
    return found + rest, meta.resource_version


@given(
    st.lists(OBJECT, max_size=6), st.lists(st.integers(0, 10**4), max_size=6), st.sampled_from([None, 1]), st.booleans()
)
def test_a_list_is_cut_as_json_reads_it(items: list[Any], cuts: list[int], indent: int | None, is_sorted: bool) -> None:
    document = {"kind": "AnyList", "metadata": META, "items": items}
    data = json.dumps(document, indent=indent, sort_keys=is_sorted, ensure_ascii=False).encode("utf-8", "replace")
    expected = json.loads(data)["items"]
    assert split(data, cuts) == (expected, "7")


@given(st.lists(OBJECT, max_size=6), st.lists(st.integers(0, 10**4), max_size=6))
def test_counting_braces_gives_the_same(items: list[Any], cuts: list[int]) -> None:
    data = json.dumps({"metadata": META, "items": items}).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "_PATIENCE_BYTES", 0)
        patch.setattr(streams, "_MOST_GUESSES", 0)
        assert split(data, cuts) == (items, "7")


@pytest.mark.parametrize("body", [b"{}", b"", b"null", b"[]", b"<html>", b'{"items":[]}', b'{"metadata":{},"items":5}'])
def test_what_is_no_list_is_told(body: bytes) -> None:
    with pytest.raises(MalformedError):
        split(body, [])


def test_lists_without_items() -> None:
    assert split(b'{"metadata":{"resourceVersion":"7"},"items":null}', []) == ([], "7")
    assert split(b'{"items": [ ] , "metadata":{"resourceVersion":"7"}}', []) == ([], "7")


@given(st.lists(OBJECT, min_size=1, max_size=3), st.integers(1, 10**4))
def test_a_list_that_is_cut_off_is_told(items: list[Any], cut: int) -> None:
    data = json.dumps({"metadata": META, "items": items}).encode()
    with pytest.raises(MalformedError):
        split(data[: -1 - cut % (len(data) - 1)], [])


@settings(max_examples=300)
@given(st.binary(max_size=200), st.booleans(), st.lists(st.integers(0, 300), max_size=3))
def test_any_bytes_give_objects_or_our_error(data: bytes, is_listed: bool, cuts: list[int]) -> None:
    if is_listed:
        data = b'{"metadata":{},"items":[' + data
    try:
        split(data, cuts)
    except MalformedError as error:
        assert str(error).endswith(".")


def test_objects_have_a_bound() -> None:
    data = json.dumps({"metadata": META, "items": [{"a": "x" * 5000}]}).encode()
    with pytest.raises(MalformedError, match="larger than 1000 bytes"):
        split(data, list(range(0, 5000, 100)), most_object_bytes=1000)


def test_objects_of_unexpected_types_are_left_out_and_counted() -> None:
    decoder = msgspec.json.Decoder(dict[str, int])
    splitter = ListSplitter(decoder.decode, most_object_bytes=1000)
    found = splitter.feed(b'{"metadata":{},"items":[{"a":1},{"a":"x"},{"a":2}]}')
    assert found + splitter.finish()[0] == [{"a": 1}, {"a": 2}]
    assert splitter.undecodable == 1


@given(
    st.lists(st.binary(max_size=20).filter(lambda each: b"\n" not in each)), st.lists(st.integers(0, 300), max_size=5)
)
def test_lines_are_the_same_wherever_they_are_cut(lines: list[bytes], cuts: list[int]) -> None:
    splitter = LineSplitter(most_bytes=100)
    data = b"".join(each + b"\n" for each in lines)
    found = [each for piece in pieces(data + b"rest", cuts) for each in splitter.feed(piece)]
    assert found == [each for each in lines if each.strip()]
    assert splitter.has_rest


def test_lines_have_a_bound() -> None:
    splitter = LineSplitter(most_bytes=100)
    with pytest.raises(MalformedError, match="larger than 100 bytes"):
        list(splitter.feed(b"x" * 101))
