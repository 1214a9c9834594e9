"""Whether a ZIP file may come in, and its members one by one. Nothing is ever unpacked onto the disk.

Whatever an archive says of itself is checked before a byte is expanded, and what expands is counted while it
does. Raises ValidationError with a text for the person who chose the file.
"""

import lzma
import re
import stat
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat

_MOST_ENTRIES: Final = 5_000
_MOST_RATIO: Final = 200
#: Small files may pack very well without being a bomb.
_RATIO_COUNTS_FROM: Final = 10 * 2**20
_CHUNK: Final = 2**16
_LONGEST_NAME: Final = 240
_BAD_LETTERS: Final = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
#: What the reader of archives raises on broken, encrypted or unusual ones.
_UNREADABLE: Final = (
    BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError, ValueError, EOFError,
    zlib.error, lzma.LZMAError, struct.error,
)  # fmt: skip
#: A script of another host in a page. Such a page would not run here: content may load its own files only.
_FOREIGN_SCRIPT: Final = re.compile(
    rb"<script\b[^>]*?\bsrc\s*=\s*[\"']?\s*((?:https?:)?//[^\"'\s>]+)", re.IGNORECASE
)
_PAGES: Final = (".html", ".htm", ".xhtml")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the archive. `name` is its path with forward slashes, `at` the name to read it by."""

    name: str
    at: str
    size: int


class Archive:
    """A checked ZIP file. Names are looked up whole; nothing joins them with a path of this machine."""

    def __init__(self, zipped: ZipFile, entries: dict[str, Entry]) -> None:
        self._zipped, self.entries = zipped, entries

    def read(self, name: str, most: int | None = None) -> bytes:
        """The content of a file; KeyError when there is none, ValidationError when it is not what it says."""
        entry = self.entries[name]
        return b"".join(_expanded(self._zipped, entry, most or entry.size))

    def has(self, name: str) -> bool:
        return name in self.entries


def opened(file: IO[bytes]) -> Archive:
    """The archive, when its directory is in order; only names and sizes are looked at."""
    size = file.seek(0, 2)
    limit = settings.PACKAGE_LIMIT
    if size > limit:
        raise ValidationError(f"This package is larger than {filesizeformat(limit)}.", code="large")
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise ValidationError(
            "This is no ZIP file. Export the package from your authoring tool again.", code="kind"
        )
    try:
        zipped = ZipFile(file)
        infos = zipped.infolist()
    except _UNREADABLE as error:
        raise ValidationError("This ZIP file is damaged or incomplete.", code="damaged") from error
    _refuse_bomb(infos, size)
    entries: dict[str, Entry] = {}
    seen: set[str] = set()
    for info in infos:
        entry = _entry(info)
        if entry is None:
            continue
        folded = unicodedata.normalize("NFC", entry.name).casefold()
        if folded in seen:
            raise ValidationError(f"The package holds {entry.name} twice.", code="twice")
        seen.add(folded)
        entries[entry.name] = entry
    return Archive(zipped, entries)


def checked(file: IO[bytes]) -> Archive:
    """The archive, when every byte expands to what its directory says, and its pages run by themselves."""
    archive = opened(file)
    for name, entry in archive.entries.items():
        is_page = name.lower().endswith(_PAGES)
        page = bytearray()
        for chunk in _expanded(archive._zipped, entry, entry.size):  # noqa: SLF001
            if is_page:
                page += chunk
        _refuse_foreign_scripts(name, bytes(page))
    return archive


def _refuse_bomb(infos: list[ZipInfo], size: int) -> None:
    if len(infos) > _MOST_ENTRIES:
        raise ValidationError(f"The package holds more than {_MOST_ENTRIES:,} files.", code="many")
    packed = sum(info.compress_size for info in infos)
    unpacked = sum(info.file_size for info in infos)
    # More packed than there is: entries that share bytes, or sizes (up to 2^64) that are made up.
    if packed > size:
        raise ValidationError("The sizes in this ZIP file are made up, so it is not accepted.", code="bomb")
    most = settings.PACKAGE_UNPACKED_LIMIT
    if unpacked > most or (unpacked > _RATIO_COUNTS_FROM and unpacked > _MOST_RATIO * size):
        raise ValidationError(
            f"The package unpacks to {filesizeformat(unpacked)}, far more than one may hold.", code="bomb"
        )


def _entry(info: ZipInfo) -> Entry | None:
    """None for folders."""
    name = info.filename.replace("\\", "/")
    mode = info.external_attr >> 16
    shown = _BAD_LETTERS.sub("?", name)[:80]
    if stat.S_ISLNK(mode) or (stat.S_IFMT(mode) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))):
        raise ValidationError(f"{shown} is a link, not a file, so the package is not accepted.", code="link")
    if info.flag_bits & 0x1:
        raise ValidationError(
            "The package is protected with a password. Export it without one.", code="locked"
        )
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise ValidationError(
            f"{shown} is packed in an unusual way. Pack the package as plain ZIP.", code="method"
        )
    parts = name.rstrip("/").split("/")
    leads_out = name.startswith("/") or any(part in ("", ".", "..") for part in parts)
    if leads_out or _BAD_LETTERS.search(name):
        raise ValidationError(
            f"The name {shown} leads out of the package, so it is not accepted.", code="slip"
        )
    if len(name) > _LONGEST_NAME:
        raise ValidationError(f"The name {shown} is too long.", code="long")
    return None if info.is_dir() or name.endswith("/") else Entry(name, info.filename, info.file_size)


def _expanded(zipped: ZipFile, entry: Entry, most: int) -> Iterator[bytes]:
    """The content in pieces, never more than its directory announced or `most`."""
    left = min(entry.size, most)
    try:
        with zipped.open(entry.at) as member:
            while chunk := member.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise ValidationError(f"{entry.name} is larger than the ZIP file says.", code="bomb")
                yield chunk
    except _UNREADABLE as error:
        raise ValidationError(
            f"{entry.name} is damaged. Export the package again.", code="damaged"
        ) from error


def _refuse_foreign_scripts(name: str, page: bytes) -> None:
    found = _FOREIGN_SCRIPT.search(page)
    if found:
        address = found[1].decode("latin-1")[:120]
        raise ValidationError(
            f"{name} loads a script from outside ({address}). It would not run; put it into the package.",
            code="outside",
        )


def looks_like_xml(file: IO[bytes]) -> bool:
    """Whether the file begins as XML does, byte order mark and blanks aside."""
    file.seek(0)
    begin = file.read(200).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    return bool(begin.startswith(b"<"))
