"""gunicorn's threaded worker, with requests read whole before a thread takes them.

Slow clients, and connections that never say anything, then cost an open file each and no thread: two hundred
of them do not hold up the next one. What is announced as too large is refused before it is sent. A proxy that
buffers (docker/nginx.conf.template) does the same one step earlier, for keep-alive and TLS as well.
"""

import os
import re
import socket
import struct
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from selectors import EVENT_READ
from typing import IO, Any, Final

from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

#: The largest request in bytes: all files of a deal, and what a form is besides.
MOST_BYTES: Final = int(os.environ.get("REQUEST_LIMIT_MB", "120")) * 2**20
MOST_HEAD: Final = 64 * 2**10
#: Seconds for the head of a request, for the whole of it, and for a reader who takes nothing.
HEAD_SECONDS: Final = 20
REQUEST_SECONDS: Final = 300
SEND_SECONDS: Final = 30
#: Bytes of a refused request that are still taken off the line, so that its sender reads the answer.
DRAINED: Final = 2**20
_CHUNK: Final = 64 * 2**10
_IN_MEMORY: Final = 2**20
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
_EXPECTS: Final = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)
_REFUSAL: Final = (
    b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%s"
)


class Incoming:
    """One request as it comes in; large ones lie in a file."""

    def __init__(self) -> None:
        # Closed once it has been answered, or with the connection.
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self.head = b""
        self.tail = b""
        self.size = 0
        self.length: int | None = None  # of head and body, once known
        self.is_chunked = False

    def take(self, data: bytes) -> None:
        self.file.write(data)
        self.size += len(data)
        self.tail = (self.tail + data)[-5:]
        if self.length is None and not self.is_chunked:
            self._read_head(data)

    def _read_head(self, data: bytes) -> None:
        self.head += data
        end = self.head.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.head = self.head[: end + 2]
        self.is_chunked = bool(_CHUNKED.search(head))
        found = _LENGTH.search(head)
        self.length = None if self.is_chunked else end + 4 + (int(found[1]) if found else 0)

    @property
    def has_head(self) -> bool:
        return self.length is not None or self.is_chunked

    @property
    def is_whole(self) -> bool:
        if self.is_chunked:
            return self.tail == b"0\r\n\r\n"
        return self.length is not None and self.size >= self.length

    @property
    def refusal(self) -> bytes:
        """The status to refuse it with; b'' while nothing is wrong."""
        if max(self.size, self.length or 0) > MOST_BYTES:
            return b"413 Content Too Large"
        if not self.has_head and self.size > MOST_HEAD:
            return b"431 Request Header Fields Too Large"
        return b""

    @property
    def waits_for_continue(self) -> bool:
        return bool(_EXPECTS.search(self.head)) and not self.is_whole

    def chunks(self) -> Iterator[bytes]:
        self.file.seek(0)
        while data := self.file.read(_CHUNK):
            yield data


class BufferingWorker(ThreadWorker):
    """Takes connections as `ThreadWorker`, but reads them in its loop; each answers one request."""

    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
        conn = TConn(self.cfg, client, address, listener.getsockname())
        conn.incoming, conn.refused = Incoming(), False
        conn.timeout = time.monotonic() + HEAD_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(client, EVENT_READ, partial(self._more, conn))

    def _more(self, conn: Any, client: socket.socket) -> None:
        """Something came in on a connection that waits."""
        try:
            data = client.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._drop(conn)
            return
        if conn.refused:
            conn.refused += len(data)
            if conn.refused > DRAINED:
                self._drop(conn)
            return
        self._taken(conn, client, data)

    def _taken(self, conn: Any, client: socket.socket, data: bytes) -> None:
        incoming, had_head = conn.incoming, conn.incoming.has_head
        incoming.take(data)
        if incoming.refusal:
            self._refuse(conn, client, incoming.refusal)
        elif incoming.is_whole:
            self._hand_over(conn)
        elif incoming.has_head and not had_head:
            conn.timeout += REQUEST_SECONDS
            if incoming.waits_for_continue:
                client.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, conn: Any, client: socket.socket, status: bytes) -> None:
        """Answer at once, and take a little more off the line: a reset would swallow the answer."""
        conn.refused = 1
        conn.timeout = time.monotonic() + HEAD_SECONDS
        text = b"This request is larger than the portal takes."
        try:
            client.send(_REFUSAL % (status, len(text), text))
            client.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)

    def _hand_over(self, conn: Any) -> None:
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        # The parser reads what was kept, never the socket.
        conn.parser = http.get_parser(self.cfg, conn.incoming.chunks(), conn.client)
        conn.initialized = conn.data_ready = True
        self.enqueue_req(conn)

    def _drop(self, conn: Any) -> None:
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        self.nr_conns -= 1
        conn.incoming.file.close()
        conn.close()

    def murder_pending(self) -> None:
        """Whoever has not said enough by now. All are looked at: what has a head may wait longer."""
        now = time.monotonic()
        for conn in [conn for conn in self.pending_conns if conn.timeout <= now]:
            self._drop(conn)

    def finish_request(self, conn: Any, done: Any) -> None:
        """One request per connection: nothing unread is left, and a plain close loses nothing."""
        self.nr_conns -= 1
        conn.incoming.file.close()
        conn.close()
