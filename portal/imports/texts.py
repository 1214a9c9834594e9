"""What the text of a cell is, once what programs put there is taken off.

Spreadsheets write errors and "nothing" in many ways, our own exports put an apostrophe before what looks
like a formula, and copying brings line breaks and characters nobody sees. A form takes none of it, nor does
an import.
"""

import re
from functools import lru_cache
from typing import Final

from portal.money.amounts import Figure
from portal.text import tidy

#: Characters; as much as a spreadsheet's cell can hold.
LARGEST_CELL: Final = 32_767
#: How programs write that there is nothing. "Null" in this case is somebody's name.
_NOTHING: Final = frozenset(
    {
        *(
            "-",
            "--",
            "---",
            "–",
            "—",
            "#N/A",
            "#n/a",
            "#NV",
            "#N/D",
            "N/A",
            "n/a",
            "N.A.",
            "n.a.",
            "NA",
            "nan",
        ),
        *(
            "NULL",
            "null",
            "(null)",
            "(NULL)",
            "<null>",
            "<NULL>",
            "\\N",
            "NaN",
            "NAN",
            "none",
            "None",
            "NONE",
            "nil",
        ),
        "undefined",
    }
)
_ERROR = re.compile(r"#[A-ZÀ-Þ0-9/¡¿ ]{2,20}[!?]|#{3,}|#GETTING_DATA")
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_LIVE = re.compile("'+[=+\\-@\t\r]")


class Unsolved(str):
    """The text of a formula whose result is not in the file."""


def cleaned(text: str, *, lines: bool = False, word: str = "") -> str:
    """The text of a cell as it is kept, on one line unless `lines`; "" for nothing, unless it is this `word`.

    What cannot be kept at all comes back as it is, to be refused with its reason.
    """
    clean = _cleaned_once if len(text) <= _SHORT else _cleaned
    return clean(text, lines, word)


def _cleaned(text: str, lines: bool, word: str) -> str:
    if isinstance(text, Figure | Unsolved) or unstorable(text):
        return text
    if text.isascii() and text.isalnum():  # most cells of most files
        return "" if text in _NOTHING and text != word else text
    text = text[1:] if _LIVE.match(text) else text
    kept = "\n".join(map(tidy, text.splitlines())).strip() if lines else tidy(text)
    return "" if kept in _NOTHING and kept != word else kept


#: Short texts come again and again in a file. A number is not the text that looks like it.
_SHORT: Final = 60
_cleaned_once = lru_cache(maxsize=2**14, typed=True)(_cleaned)


def unstorable(text: str) -> str:
    """Why the database cannot hold this text; "" where it can."""
    if "\0" in text:
        return "There is a NUL character in this cell."
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return "There are bytes in this cell that do not belong to the file's encoding."
    if len(text) > LARGEST_CELL:
        return f"This cell has {len(text):,} characters; at most {LARGEST_CELL:,} are taken."
    return ""


def mishap(text: str) -> str:
    """What went wrong in the program this text comes from; "" where nothing did."""
    if isinstance(text, Unsolved):
        return "This formula's result is not in the file. Open and save it in a spreadsheet program first."
    if _ERROR.fullmatch(text):
        return "This is a spreadsheet's error. Correct its formula, or leave the cell empty."
    return ""


def is_cut_key(text: str) -> bool:
    """Whether a spreadsheet has made a rounded number of a long key: "1.23457E+11"."""
    return bool(_SCIENTIFIC.fullmatch(text))
