"""multipart/mixed (RFC 2046) as xAPI uses it: the statements first, then the attachments by their digest."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from enablement.records.grammar import Invalid

_LINE: Final = b"\r\n"
_BOUNDARY: Final = re.compile(r"boundary=(?:\"([^\"]+)\"|([^\s;]+))", re.IGNORECASE)
_MOST_PARTS: Final = 500


@dataclass(frozen=True, slots=True)
class Part:
    """One part; `headers` with lower-case names."""

    headers: dict[str, str]
    content: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


def parts_of(content: bytes, content_type: str) -> list[Part]:
    """The parts of a body; Invalid when it is not what its header says."""
    found = _BOUNDARY.search(content_type)
    if not found:
        raise Invalid("A multipart/mixed request names its boundary.")
    mark = b"--" + (found[1] or found[2]).encode()
    pieces = re.split(rb"(?:^|\r?\n)" + re.escape(mark), content)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise Invalid("The body does not hold its parts between the boundary it names.")
    if len(pieces) > _MOST_PARTS:
        raise Invalid("The request has too many parts.")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    # The line end belongs to the boundary above; headers end at the first empty line.
    head, gap, content = re.sub(rb"^[ \t]*\r?\n", b"\r\n", piece, count=1).partition(b"\r\n\r\n")
    if not gap:
        raise Invalid("A part lacks the empty line between its headers and its content.")
    headers = {}
    for line in head.decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Part(headers, content)


def assembled(statements: bytes, attachments: Iterable[tuple[str, str, bytes]]) -> tuple[bytes, str]:
    """Body and Content-Type of an answer; attachments as (content type, sha2, content)."""
    boundary = f"part-{secrets.token_hex(16)}"
    mark = f"--{boundary}".encode()
    pieces = [mark, b"Content-Type: application/json", b"", statements]
    for content_type, sha2, content in attachments:
        pieces += [
            mark,
            f"Content-Type: {content_type}".encode(),
            b"Content-Transfer-Encoding: binary",
            f"X-Experience-API-Hash: {sha2}".encode(),
            b"",
            content,
        ]
    return _LINE.join([*pieces, mark + b"--", b""]), f"multipart/mixed; boundary={boundary}"
