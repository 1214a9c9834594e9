"""From bytes to text, whatever program wrote them."""

import codecs

import charset_normalizer

#: Byte order marks, the longer before those they begin with.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: What spreadsheets and databases export outside UTF-8. A longer list guesses wrong in short texts.
_LEGACY = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "mac_roman", "cp850",
]  # fmt: skip
_SAMPLE = 64 * 1024


class Unreadable(ValueError):
    """The file as a whole cannot be read; the message says what to do about it."""


def decoded(data: bytes, encoding: str = "") -> tuple[str, str]:
    """(text, encoding). Recognises the encoding unless it is given.

    A byte that does not belong to the encoding becomes a lone surrogate, so that the one cell it stands
    in is rejected and not the whole file. Raises Unreadable for an unknown encoding or no text at all.
    """
    encoding = encoding or recognised(data)
    try:
        return data.decode(encoding, errors="surrogateescape"), encoding
    except LookupError as error:
        raise Unreadable(f"There is no encoding called {encoding!r}.") from error
    except UnicodeDecodeError as error:
        message = f"The file is not {encoding}: byte {error.start + 1} cannot be read. Save it as UTF-8."
        raise Unreadable(message) from error


def recognised(data: bytes) -> str:
    """The encoding by its byte order mark, else UTF-8 where that fits, else what the letters suggest."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    return _utf16_without_mark(data) or _utf8(data) or _legacy(data)


def _utf16_without_mark(data: bytes) -> str:
    """Latin text in UTF-16 has a zero in every second byte."""
    head = data[:4096]
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if half and odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if half and even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return ""


def _utf8(data: bytes) -> str:
    """UTF-8, also when a few damaged bytes stand among more that are right."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="surrogateescape")
        damaged = sum("\udc80" <= char <= "\udcff" for char in text)
        right = sum(char > "\x7f" for char in text) - damaged
        return "utf-8" if right > damaged else ""
    return "utf-8"


def _legacy(data: bytes) -> str:
    """By the letters of the lines that have any beyond ASCII; Western European when they do not tell."""
    sample = b"\n".join(line for line in data.splitlines() if not line.isascii())[:_SAMPLE]
    matches = charset_normalizer.from_bytes(sample, cp_isolation=_LEGACY)
    best = matches.best()
    if best is None:
        raise Unreadable("The encoding of the file is not recognised. Save it as UTF-8.")
    if str(best) == sample.decode("cp1252", errors="replace"):
        return "cp1252"
    western = next((match for match in matches if match.encoding == "cp1252"), None)
    if western and best.coherence == western.coherence == 0 and western.chaos <= best.chaos:
        return "cp1252"
    return best.encoding
