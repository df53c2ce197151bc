"""The client of the REST server on its unix socket.

A connection lives for one request, so that a daemon that was restarted meanwhile needs no care. A failure below HTTP
becomes an UnavailableError that names the socket and what to do; a refusal a RefusedError in the server's words.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from podwire.catalog import Noun, Verb
from podwire.catalog.rest import MEDIA_TYPES, NOTES_HEADER, method_of, path_of
from podwire.cli.transport import Answer, Export, RefusedError
from podwire.settings.questions import ANSWER_SECONDS
from podwire.support.errors import UnavailableError

ACT_SECONDS = 60.0
"""The same for verbs, which may have to reach a cluster."""
MOST_ANSWER_BYTES = 1 << 30
"""The longest answer that is read: far above the largest table, and a bound on what a faulty server may cost."""

_PIECE_BYTES = 1 << 18


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, *, timeout_seconds: float) -> None:
        super().__init__("localhost", timeout=timeout_seconds)
        self._path = path

    def connect(self) -> None:
        """Open the socket. Raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class HttpTransport:
    """A `cli.transport.Transport` over HTTP on a unix socket."""

    is_live = True

    def __init__(
        self,
        path: Path,
        *,
        get_seconds: float = ANSWER_SECONDS,
        act_seconds: float = ACT_SECONDS,
        authorization: str = "",
    ) -> None:
        """Take the socket, and the `Authorization` header of whoever does not come as the socket's owner."""
        self._path = path
        self._headers = {"Connection": "close"} | ({"Authorization": authorization} if authorization else {})
        self._get_seconds = get_seconds
        self._act_seconds = act_seconds

    def show(self, noun: Noun, params: list[tuple[str, str]]) -> Answer:
        """Ask for rows. Raises RefusedError, or UnavailableError where no daemon answers."""
        return self._ask("GET", _target(path_of(noun), params), None, self._get_seconds)

    def export(self, noun: Noun, params: list[tuple[str, str]], kind: str) -> Export:
        """Ask for rows in a form for programs. Raises RefusedError, or UnavailableError where no daemon answers."""
        pieces = self._stream(_target(path_of(noun), params), MEDIA_TYPES[kind])
        # The notes come first: whatever is refused, is refused here.
        return Export(pieces, _notes(next(pieces)))

    def _stream(self, target: str, media_type: str) -> Iterator[bytes]:
        """Yield the notes as JSON, then the body as it comes."""
        connection = _UnixConnection(self._path, timeout_seconds=self._get_seconds)
        with contextlib.closing(connection), self._translated(self._get_seconds):
            connection.request("GET", target, None, self._headers | {"Accept": media_type})
            response = connection.getresponse()
            if response.getheader("Content-Type", "").partition(";")[0] != media_type:
                read_answer(response.status, response.read(MOST_ANSWER_BYTES))
                msg = f"podwire serve on {self._path} is another version of it, which does not know this form."
                raise UnavailableError(msg)
            yield response.getheader(NOTES_HEADER, "[]").encode()
            while piece := response.read1(_PIECE_BYTES):
                yield piece

    def act(self, noun: Noun, verb: Verb, values: dict[str, Any]) -> Answer:
        """Have `verb` carried out. Raises RefusedError, or UnavailableError where no daemon answers."""
        method, path = method_of(verb.name), path_of(noun, verb.name)
        if method == "DELETE":
            return self._ask(method, _target(path, _texts(values)), None, self._act_seconds)
        return self._ask(method, _target(path, ()), json.dumps(values).encode(), self._act_seconds)

    def _ask(self, method: str, target: str, body: bytes | None, timeout_seconds: float) -> Answer:
        headers = self._headers | {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = _UnixConnection(self._path, timeout_seconds=timeout_seconds)
        with contextlib.closing(connection), self._translated(timeout_seconds):
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            content = response.read(MOST_ANSWER_BYTES + 1)
            # A read with a bound gives what came before the connection broke, where an unbounded one would complain.
            if response.length and len(content) <= MOST_ANSWER_BYTES:
                raise http.client.IncompleteRead(content, response.length)
        if len(content) > MOST_ANSWER_BYTES:
            msg = f"The answer is longer than {MOST_ANSWER_BYTES >> 30} GiB; narrow the command, or use limit-output."
            raise UnavailableError(msg)
        return read_answer(response.status, content)

    @contextlib.contextmanager
    def _translated(self, timeout_seconds: float) -> Iterator[None]:
        """Turn what can go wrong below HTTP into the sentence to print."""
        try:
            yield
        except FileNotFoundError as error:
            msg = f"There is no socket {self._path}: start podwire serve, or name its socket with --socket."
            raise UnavailableError(msg) from error
        except ConnectionRefusedError as error:
            what = "start podwire serve" if self._path.is_socket() else "it is no socket; name that of podwire serve"
            msg = f"Nothing answers on {self._path}: {what}."
            raise UnavailableError(msg) from error
        except PermissionError as error:
            msg = f"{self._path} may not be opened by this user: use the account that runs podwire serve, or root."
            raise UnavailableError(msg) from error
        except TimeoutError as error:
            msg = f"podwire serve on {self._path} gave no answer within {timeout_seconds:g} s; its log may say why."
            raise UnavailableError(msg) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            msg = f"podwire serve on {self._path} cannot be asked: {reason}; see that it runs, and try again."
            raise UnavailableError(msg) from error


def _notes(content: bytes) -> list[str]:
    try:
        notes = json.loads(content)
    except ValueError:
        return []
    return [str(note) for note in notes] if isinstance(notes, list) else []


def _target(path: str, params: Iterable[tuple[str, str]]) -> str:
    query = urlencode(list(params))
    return path + (f"?{query}" if query else "")


def _texts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in values.items()]


def read_answer(status: int, content: bytes) -> Answer:
    """Read the body of an answer. Raises RefusedError for a failure, UnavailableError for what is no answer."""
    try:
        body = json.loads(content)
        if status >= 400 or body["result"]["status"] != "Success":
            raise RefusedError(_refusal(body))
        return _checked(
            Answer(
                rows=body["data"],
                columns=body["columns"],
                count=body["count"],
                notes=body["notes"],
                sums=body.get("sums", {}),
            )
        )
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        msg = f"What answers on the socket is not podwire serve, or another version of it (HTTP status {status})."
        raise UnavailableError(msg) from error


def _checked(answer: Answer) -> Answer:
    """Return the answer if its parts are of their types. Raises TypeError."""
    texts = (answer.columns, answer.notes)
    is_well_formed = (
        isinstance(answer.count, int)
        and isinstance(answer.sums, dict)
        and all(isinstance(total, int) for total in answer.sums.values())
        and all(isinstance(part, list) for part in (answer.rows, *texts))
        and all(isinstance(row, dict) for row in answer.rows)
        and all(isinstance(text, str) for part in texts for text in part)
    )
    if not is_well_formed:
        raise TypeError
    return answer


def _refusal(body: Any) -> str:
    """Return the sentences of the switches that failed."""
    results = body["result"]["result"]
    sentences = [result["message"] for result in results if result["status"] != "Success" and result["message"]]
    return " ".join(dict.fromkeys(map(str, sentences))) or "the switch refused the command without saying why"
