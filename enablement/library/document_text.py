"""The words inside a file, so that it is found by them. Never the reason to refuse a file."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from itertools import islice
from typing import Final
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from charset_normalizer import from_bytes
from defusedxml.ElementTree import fromstring
from pypdf import PdfReader

from enablement.library.models import LONGEST_TEXT
from portal.files import kinds
from portal.files.uploads import Upload

logger = logging.getLogger(__name__)
#: Beyond these nobody searches, and somebody waits for the upload.
_MOST_PAGES: Final = 200
_LARGEST_PART: Final = 20 * 2**20
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
#: Where the words stand in each kind of Office document, and what ends a line there.
_PARTS: Final = {
    kinds.WORD.content_type: re.compile(r"word/(document|header\d*|footer\d*|footnotes)\.xml"),
    kinds.POWERPOINT.content_type: re.compile(r"ppt/(slides|notesSlides)/[^/]+\.xml"),
    kinds.EXCEL.content_type: re.compile(r"xl/(sharedStrings|workbook|worksheets/[^/]+)\.xml"),
}
_LINES: Final = ("}p", "}si", "}is")
_CUE: Final = re.compile(r"^(WEBVTT.*|\d+|.*-->.*)$", re.MULTILINE)


def text_of(upload: Upload) -> str:
    """Its words, at most `LONGEST_TEXT` characters; "" for pictures and what cannot be read."""
    read = _READERS.get(upload.content_type)
    if read is None:
        return ""
    try:
        found = read(upload)
    except Exception:  # a library met a file it does not understand; it stays downloadable
        logger.warning("no words read from %s (%s)", upload.name, upload.content_type, exc_info=True)
        return ""
    return re.sub(r"[ \t]+", " ", _CONTROLS.sub(" ", found)).strip()[:LONGEST_TEXT]


def _pdf(upload: Upload) -> str:
    pages = PdfReader(BytesIO(upload.content)).pages
    return _joined(page.extract_text() for page in islice(pages, _MOST_PAGES))


def _office(upload: Upload) -> str:
    wanted = _PARTS[upload.content_type]
    with ZipFile(BytesIO(upload.content)) as archive:
        parts = [entry for entry in archive.infolist() if wanted.fullmatch(entry.filename)]
        parts.sort(key=lambda entry: (len(entry.filename), entry.filename))
        small = (entry for entry in parts if entry.file_size <= _LARGEST_PART)
        return _joined(_lines_of(fromstring(archive.read(entry))) for entry in small)


def _lines_of(root: Element) -> str:
    lines: list[str] = []
    for element in root.iter():
        if element.tag.endswith(_LINES):
            lines.append("".join(part.text or "" for part in element.iter() if part.tag.endswith("}t")))
        elif element.tag.endswith("}sheet"):
            lines.append(element.get("name", ""))
    return "\n".join(line for line in lines if line.strip())


def _plain(upload: Upload) -> str:
    best = from_bytes(upload.content).best()
    return str(best) if best else ""


def _captions(upload: Upload) -> str:
    return _CUE.sub("", _plain(upload))


def _joined(texts: Iterator[str]) -> str:
    """No longer than is kept: the rest is not even read."""
    kept, length = [], 0
    for text in texts:
        kept.append(text)
        length += len(text)
        if length > LONGEST_TEXT:
            break
    return "\n".join(kept)


_READERS: Final[Mapping[str, Callable[[Upload], str]]] = {
    kinds.PDF.content_type: _pdf,
    kinds.WORD.content_type: _office,
    kinds.POWERPOINT.content_type: _office,
    kinds.EXCEL.content_type: _office,
    kinds.TEXT.content_type: _plain,
    kinds.CSV.content_type: _plain,
    kinds.CAPTIONS.content_type: _captions,
}
