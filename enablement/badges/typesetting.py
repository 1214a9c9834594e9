"""Typst with nothing at hand but its own fonts: no files, no packages, no fonts of the machine, no clock.

What people wrote is handed over as JSON and shown as text; it never becomes markup.
"""

import tempfile
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import orjson
import typst
from anyascii import anyascii

_FONTS: Final = Path(__file__).parent / "fonts"
_NO_GLYPH: Final = "could not be displayed"
PNG_PPI: Final = 72  # one pixel per point


@cache
def _compiler(*, with_system_fonts: bool) -> typst.Compiler:
    nowhere = tempfile.mkdtemp(prefix="typst-")
    fonts = typst.Fonts(
        include_system_fonts=with_system_fonts, include_embedded_fonts=False, font_paths=[str(_FONTS)]
    )
    return typst.Compiler(root=nowhere, font_paths=fonts, package_path=nowhere, package_cache_path=nowhere)


def pdf(template: bytes, texts: Mapping[str, Any], made_at: datetime) -> bytes:
    """A tagged PDF (PDF/UA-1), the same bytes for the same texts.

    The portal's font has Latin, Greek and Cyrillic letters. Others come from the machine's fonts, and what
    it has none for is written in Latin letters.
    """
    try:
        return _pdf(template, texts, made_at)
    except typst.TypstError as error:
        if _NO_GLYPH not in str(error):
            raise
    try:
        return _pdf(template, texts, made_at, with_system_fonts=True)
    except typst.TypstError as error:
        if _NO_GLYPH not in str(error):
            raise
    return _pdf(template, _latin(texts), made_at)


def _pdf(
    template: bytes, texts: Mapping[str, Any], made_at: datetime, *, with_system_fonts: bool = False
) -> bytes:
    made = _compiler(with_system_fonts=with_system_fonts).compile(
        input=template, format="pdf", sys_inputs={"texts": orjson.dumps(texts).decode()},
        pdf_standards="ua-1", timestamp=int(made_at.timestamp()),
    )  # fmt: skip
    return _bytes(made)


def _latin(value: Any) -> Any:
    """The same in Latin letters, however deep; a picture stays a picture."""
    if isinstance(value, str):
        letters = anyascii if not value.startswith("<svg") else _latin_within
        return letters(value)
    if isinstance(value, Mapping):
        return {key: _latin(one) for key, one in value.items()}
    return [_latin(one) for one in value]


def _latin_within(svg: str) -> str:
    return "".join(letter if letter.isascii() else escape(anyascii(letter)) for letter in svg)


def png(svg: str, width: int, height: int) -> bytes:
    """The picture in this many pixels."""
    page = b"""#let of(name) = int(sys.inputs.at(name)) * 1pt
#set page(width: of("width"), height: of("height"), margin: 0pt, fill: none)
#image(bytes(sys.inputs.svg), format: "svg", width: 100%)"""
    sizes = {"width": str(width), "height": str(height)}
    made = _compiler(with_system_fonts=True).compile(
        input=page, format="png", ppi=PNG_PPI, sys_inputs={"svg": svg, **sizes}
    )
    return _bytes(made)


def _bytes(made: Any) -> bytes:
    if not isinstance(made, bytes):
        raise TypeError("one page was expected")
    return made
