"""Cuts the body of a list or a watch into single objects while it streams in, without holding the whole of it.

A list of 150,000 Pods is 600 MB of JSON. The array's elements are found one after the other and decoded as they
complete; what stays in memory is at most one read plus one unfinished object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import msgspec

from podwire.kube.errors import MalformedError
from podwire.kube.schema import ListMeta

T = TypeVar("T")

Decode = Callable[[memoryview], T]
"""Decodes one object; raises `msgspec.DecodeError` for what is no JSON, `ValidationError` where types differ."""

_ITEMS = re.compile(rb'"items"\s*:\s*(\[|null)')
# A quote inside a JSON string is always escaped, so that `"items":` cannot stand inside one.
_OPENING = re.compile(rb'\{\s*"(?:apiVersion|kind)"\s*:\s*"[^"\\]*"|\{\s*"[^"\\]*"\s*:')
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|(\\?\Z))|[{}]', re.DOTALL)
"""A string, whole or cut (then with group 1), or a brace."""
_MOST_GUESSES = 4
_PATIENCE_BYTES = 1 << 16
_BETWEEN = b" \t\r\n,"
_OPEN_BRACE, _CLOSE_BRACE = b"{}"
_MOST_HEAD_BYTES = 1 << 20


class _ListDocument(msgspec.Struct):
    metadata: ListMeta | None = None
    items: list[msgspec.Raw] | None = None


class ListSplitter(Generic[T]):
    """Feeds on the bytes of one List document and gives its decoded objects.

    Raises MalformedError where the document is no List, or an object exceeds `most_object_bytes`. An object whose
    fields have unexpected types is left out and counted in `undecodable`.
    """

    def __init__(self, decode: Decode[T], *, most_object_bytes: int) -> None:
        self._decode = decode
        self._most_object_bytes = most_object_bytes
        self._buffer = bytearray()
        self._head = b""
        self._tail = False
        self._opening = b""
        """How the first object begins: where the same bytes stand again, the next object begins, most likely."""
        self._scan = _Scan()
        self._is_ended = False
        self.undecodable = 0

    def feed(self, chunk: bytes) -> list[T]:
        """Take the next bytes; return the objects that they complete."""
        self._buffer += chunk
        if self._tail:
            if len(self._buffer) > _MOST_HEAD_BYTES:
                raise MalformedError("The answer goes on after the end of its list: it is no Kubernetes list.")
            return []
        if not self._head and not self._read_head():
            return []
        found = self._take_items()
        if not self._tail and len(self._buffer) > self._most_object_bytes + len(chunk):
            raise MalformedError(f"An object in the list is larger than {self._most_object_bytes} bytes.")
        return found

    def finish(self) -> tuple[list[T], ListMeta]:
        """Return the last objects and the list's metadata: the document has ended.

        Raises MalformedError where the document is incomplete.
        """
        self._is_ended = True
        found = self._take_items() if self._head and not self._tail else []
        try:
            document = msgspec.json.decode(self._head + self._buffer, type=_ListDocument)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedError("The answer is not a whole Kubernetes list: it is asked for again.") from error
        if document.metadata is None or not self._head:
            raise MalformedError("The answer is not a Kubernetes list: check what listens at the server's address.")
        return found, document.metadata

    def _read_head(self) -> bool:
        match = _ITEMS.search(self._buffer)
        if match is None:
            if len(self._buffer) > _MOST_HEAD_BYTES:
                raise MalformedError("The answer has no items: check what listens at the server's address.")
            return False
        # With the elements cut out, head and tail together are again a list, and `finish` reads it as one.
        self._head = bytes(self._buffer[: match.end()])
        self._tail = match.group(1) == b"null"
        del self._buffer[: match.end()]
        return not self._tail

    def _take_items(self) -> list[T]:
        """Decode all whole elements and drop their bytes."""
        found: list[T] = []
        with memoryview(self._buffer) as view:
            position = self._walk(view, found)
        del self._buffer[:position]
        return found

    def _walk(self, view: memoryview, found: list[T]) -> int:
        position = 0
        while True:
            start = self._next_start(position)
            if start is None:
                return position
            if self._buffer[start] != _OPEN_BRACE:
                self._end_items(start)
                return start
            end = self._take_one(view, start, found)
            if end is None:
                return start
            position = end

    def _next_start(self, position: int) -> int | None:
        """Skip white space and one comma between elements."""
        buffer = self._buffer
        while position < len(buffer) and buffer[position] in _BETWEEN:
            position += 1
        return position if position < len(buffer) else None

    def _end_items(self, start: int) -> None:
        if self._buffer[start] != ord("]"):
            raise MalformedError("The answer's items are not objects: it is no Kubernetes list.")
        self._tail = True

    def _take_one(self, view: memoryview, start: int, found: list[T]) -> int | None:
        """Decode the element at `start`; return its end, or None where it is not complete."""
        end = None if self._scan.is_begun else self._guess(view, start, found)
        if end is not None:
            return end
        if len(view) - start < _PATIENCE_BYTES and not self._is_ended:
            # The beginning of the next object will come with the next bytes and save the counting.
            return None
        end = self._scan.object_end(self._buffer, start)
        if end is None:
            return None
        self._scan = _Scan()
        try:
            found.append(self._decode(view[start:end]))
        except msgspec.ValidationError:
            self.undecodable += 1
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedError("The answer is not JSON: check what listens at the server's address.") from error
        return end

    def _guess(self, view: memoryview, start: int, found: list[T]) -> int | None:
        """Take the element to end where the next one seems to begin: a search at memory speed.

        A JSON object is never the beginning of another one, so that whatever decodes is exactly this element.
        """
        if not self._opening:
            match = _OPENING.match(self._buffer, start)
            self._opening = match.group() if match else b"{"
        following = start
        for _ in range(_MOST_GUESSES):
            following = self._buffer.find(self._opening, following + 1)
            if following < 0:
                return None
            end = following
            while end > start and self._buffer[end - 1] in _BETWEEN:
                end -= 1
            try:
                found.append(self._decode(view[start:end]))
            except msgspec.ValidationError:
                return None
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            return end
        return None


class _Scan:
    """Finds the end of one object by counting its braces; goes on where it stood when more bytes have come."""

    def __init__(self) -> None:
        self._done = 0
        """Bytes of the object that are counted already."""
        self._depth = 0

    @property
    def is_begun(self) -> bool:
        return self._done > 0

    def object_end(self, buffer: bytearray, start: int) -> int | None:
        """Return where the object that begins at `start` ends (exclusive); None where it is not complete."""
        for match in _TOKEN.finditer(buffer, start + self._done):
            if match.group(1) is not None:
                self._done = match.start() - start
                return None
            token = buffer[match.start()]
            if token == _OPEN_BRACE:
                self._depth += 1
            elif token == _CLOSE_BRACE:
                self._depth -= 1
                if self._depth == 0:
                    return match.end()
        self._done = len(buffer) - start
        return None


class LineSplitter:
    """Cuts a watch body into its lines. Raises MalformedError where one exceeds `most_bytes`."""

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take the next bytes; yield the lines that they complete, without empty ones."""
        lines = chunk.split(b"\n")
        self._rest += lines[0]
        if len(self._rest) > self._most_bytes:
            raise MalformedError(f"An event of the watch is larger than {self._most_bytes} bytes.")
        if len(lines) == 1:
            return
        whole = bytes(self._rest)
        self._rest = bytearray(lines[-1])
        for line in (whole, *lines[1:-1]):
            if line.strip():
                yield line

    @property
    def has_rest(self) -> bool:
        """True while the last line is not complete: a body that ends here has been cut."""
        return bool(self._rest.strip())
