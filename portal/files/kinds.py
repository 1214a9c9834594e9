"""What kind of file this is, decided by its content and never by what it calls itself.

A file is accepted when its content is one of `KINDS` and its name agrees. Everything else is refused with a
text for people: pages and drawings that can hold scripts, programs, macros, archives, and whatever pretends.
"""

import lzma
import re
import struct
import unicodedata
import zlib
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from io import BytesIO
from typing import Final
from zipfile import BadZipFile, ZipFile, ZipInfo

import puremagic
from django.core.exceptions import ValidationError


@dataclass(frozen=True, slots=True)
class FileKind:
    """`ending` closes every whole file of the kind; `main_part` tells the kinds of Office document apart."""

    label: str
    content_type: str
    extensions: tuple[str, ...]
    ending: bytes = b""
    main_part: bytes = b""


_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
PDF: Final = FileKind("PDF", "application/pdf", ("pdf",), b"%%EOF")
PNG: Final = FileKind("PNG picture", "image/png", ("png",), b"IEND\xaeB`\x82")
JPEG: Final = FileKind("JPEG picture", "image/jpeg", ("jpg", "jpeg"), b"\xff\xd9")
WEBP: Final = FileKind("WebP picture", "image/webp", ("webp",), b"WEBPVP8")
WORD: Final = FileKind(
    "Word document",
    f"{_OFFICE}.wordprocessingml.document",
    ("docx",),
    main_part=b"wordprocessingml.document.main+xml",
)
EXCEL: Final = FileKind(
    "Excel workbook", f"{_OFFICE}.spreadsheetml.sheet", ("xlsx",), main_part=b"spreadsheetml.sheet.main+xml"
)
POWERPOINT: Final = FileKind(
    "PowerPoint presentation",
    f"{_OFFICE}.presentationml.presentation",
    ("pptx",),
    main_part=b"presentationml.presentation.main+xml",
)
TEXT: Final = FileKind("plain text", "text/plain", ("txt",))
CSV: Final = FileKind("CSV", "text/csv", ("csv",))
CAPTIONS: Final = FileKind("captions", "text/vtt", ("vtt",))
MAIL: Final = FileKind("e-mail", "message/rfc822", ("eml",))

KINDS: Final = (PDF, WORD, EXCEL, POWERPOINT, PNG, JPEG, WEBP, TEXT, CSV, CAPTIONS, MAIL)
ACCEPT: Final = ",".join(f".{extension}" for kind in KINDS for extension in kind.extensions)
ACCEPTED: Final = (
    "PDF, Word (.docx), Excel (.xlsx), PowerPoint (.pptx), PNG, JPEG, WebP, text, CSV, captions (.vtt) and"
    " e-mail (.eml)"
)

_BY_SIGNATURE: Final = (PDF, PNG, JPEG, WEBP)
_ARCHIVE: Final = b"PK\x03\x04"
_MOST_ENTRIES: Final = 5_000
_MOST_UNPACKED: Final = 300 * 2**20
_MOST_RATIO: Final = 150
_MOST_PARTS: Final = 50
#: What a browser would run if it ever showed the text as a page; and what a shell would run.
_MARKUP: Final = re.compile(rb"<\s*(!doctype|html|head|body|script|iframe|svg|\?xml|\?php|!\[cdata)", re.I)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_HEADER: Final = re.compile(rb"[A-Za-z][A-Za-z0-9-]*:")
#: What the reader of archives raises on broken, encrypted or unusual ones.
_UNREADABLE: Final = (
    BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError, ValueError, EOFError,
    zlib.error, lzma.LZMAError, struct.error,
)  # fmt: skip
_RISKY: Final = (
    "vbaproject.bin", ".exe", ".dll", ".js", ".vbs", ".bat", ".cmd", ".ps1", ".scr", ".jar", ".hta", ".lnk",
)  # fmt: skip


def file_kind_of(name: str, content: bytes) -> FileKind:
    """The kind of `content`; ValidationError when it is none of `KINDS` or `name` says something else."""
    extension = _extension(name)
    kind = _by_content(content, extension)
    if extension and extension not in kind.extensions:
        raise ValidationError(
            f"The name ends in .{extension}, but the content is {_a(kind.label)}. "
            f"Save it as .{kind.extensions[0]} and choose it again.",
            code="disguised",
        )
    return kind


def harmless_name(name: str, kind: FileKind) -> str:
    """`name` as it may be shown and downloaded, ending as files of this kind do."""
    name = _printable(name)
    extension = _extension(name)
    if extension not in kind.extensions:
        name, extension = f"{name}.", kind.extensions[0]
    stem = name.rpartition(".")[0][:100].rstrip(" .")
    return f"{stem or 'file'}.{extension}"


def _printable(name: str) -> str:
    """Without folders, control and direction characters or anything a file system minds."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    name = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")
    return re.sub(r'[<>:"|?*%;]', "_", " ".join(name.split())).strip(" .")


def _extension(name: str) -> str:
    """What stands after the last point when it can be an extension, in lower case: "2. Angebot" has none."""
    _, point, extension = name.rpartition(".")
    return extension.lower() if point and re.fullmatch(r"[A-Za-z0-9]{1,8}", extension) else ""


def _by_content(content: bytes, extension: str) -> FileKind:
    if content.startswith(_ARCHIVE):
        return _office_document(content)
    signed = _signed(content)
    if signed:
        return signed
    if extension in MAIL.extensions:
        return _mail(content)
    _refuse_unless_text(content)
    if extension in CAPTIONS.extensions and content.removeprefix(b"\xef\xbb\xbf").startswith(b"WEBVTT"):
        return CAPTIONS
    return CSV if extension in CSV.extensions else TEXT


def _signed(content: bytes) -> FileKind | None:
    try:
        found = {match.mime_type for match in puremagic.magic_string(content)}
    except (puremagic.PureError, ValueError):
        return None
    kind = next((kind for kind in _BY_SIGNATURE if kind.content_type in found), None)
    if kind and kind.ending not in content:
        raise ValidationError(f"This {kind.label} is damaged or incomplete.", code="damaged")
    return kind


def _refuse_unless_text(content: bytes) -> None:
    text = _decoded(content)
    if text is None or _CONTROLS.search(text):
        raise _not_accepted()
    if content.startswith(b"#!") or _MARKUP.search(text.encode()):
        raise ValidationError("Web pages, drawings and scripts are not accepted.", code="script")


def _decoded(content: bytes) -> str | None:
    encodings = ["utf-16"] if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


# Office documents: archives of parts ----------------------------------------------------------------------


def _office_document(content: bytes) -> FileKind:
    try:
        with ZipFile(BytesIO(content)) as archive:
            _refuse_bomb(archive.infolist(), len(content))
            with archive.open("[Content_Types].xml") as parts:
                types = parts.read(2**20)
    except _UNREADABLE as error:
        raise _not_accepted() from error
    kind = next((kind for kind in (WORD, EXCEL, POWERPOINT) if kind.main_part in types), None)
    if b"macroEnabled" in types or kind is None:
        raise _not_accepted()
    return kind


def _refuse_bomb(entries: list[ZipInfo], size: int) -> None:
    """Entries that overlap, many, or far larger than what they are packed into; programs among them."""
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > _MOST_ENTRIES or packed > size or unpacked > min(_MOST_UNPACKED, _MOST_RATIO * size):
        raise ValidationError(
            "This document unpacks to far more than a document holds, so it is not accepted.", code="bomb"
        )
    if any(entry.filename.lower().endswith(_RISKY) for entry in entries):
        raise ValidationError("Documents with macros or programs in them are not accepted.", code="script")


# E-mails ---------------------------------------------------------------------------------------------------


def _mail(content: bytes) -> FileKind:
    """A message whose attachments would all be accepted by themselves."""
    if not _HEADER.match(content) or b"\0" in content or content.lower().count(b"boundary=") > _MOST_PARTS:
        raise _not_accepted()
    try:
        message = message_from_bytes(content)
        parts = list(message.walk())
    except (RecursionError, ValueError, LookupError) as error:
        raise _not_accepted() from error
    if not (message["From"] and message["Date"]):
        raise _not_accepted()
    for part in parts:
        _refuse_part(part)
    return MAIL


def _refuse_part(part: Message) -> None:
    name = str(part.get_filename() or "")
    if part.is_multipart() or (not name and part.get_content_maintype() == "text"):
        return
    payload = part.get_payload(decode=True)
    inside = payload if isinstance(payload, bytes) else b""
    try:
        file_kind_of(name, inside)
    except ValidationError as error:
        shown = _printable(name)[:100] or "Something"
        raise ValidationError(f"{shown} inside this e-mail is not accepted.", code="attached") from error


def _not_accepted() -> ValidationError:
    return ValidationError(f"This kind of file is not accepted. Choose {ACCEPTED}.", code="kind")


def _a(label: str) -> str:
    return f"{'an' if label[0] in 'Ee' else 'a'} {label}" if label != TEXT.label else label
