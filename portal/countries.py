"""Countries as people write them: ISO codes, and names in many languages."""

import unicodedata
from collections import defaultdict
from functools import cache
from typing import Final

from babel import Locale
from django_countries import countries

from portal.text import folded_name

#: Languages whose names of countries are understood beside English ones.
_LANGUAGES: Final = (
    "de", "fr", "es", "it", "pt", "nl", "da", "sv", "nb", "nn", "fi", "is", "et", "lv", "lt", "pl", "cs",
    "sk", "hu", "sl", "hr", "sr", "bs", "mk", "sq", "ro", "bg", "el", "tr", "ru", "uk", "ca", "eu", "gl",
    "ga", "mt", "ar", "he", "fa", "hi", "th", "vi", "id", "ms", "zh", "zh_Hant", "ja", "ko",
)  # fmt: skip
#: How umlauts are written where there are none.
_TWO_LETTERS: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
)
#: What the lists lack: short, older and other names in everyday use.
_ALSO: Final = {
    "GB": "UK, Great Britain, Britain, England, Scotland, Wales, Northern Ireland, Großbritannien, "
    "Grossbritannien, Grande-Bretagne, Gran Bretaña, Gran Bretagna, Reino Unido de Gran Bretaña",
    "US": "USA, U.S., America, United States of America, Etats-Unis d'Amérique, EE.UU., Amerika",
    "CZ": "Czech Republic, Czech Rep., Tschechische Republik, Ceska republika",
    "NL": "Holland, The Netherlands",
    "TR": "Turkey, Turkiye",
    "MK": "Macedonia, FYROM",
    "SZ": "Swaziland",
    "CV": "Cape Verde",
    "CI": "Ivory Coast",
    "MM": "Burma",
    "TL": "East Timor",
    "VA": "Vatican, Holy See",
    "RU": "Russian Federation",
    "KR": "South Korea, Republic of Korea, Korea (South)",
    "KP": "North Korea",
    "AE": "UAE, U.A.E., Emirates",
    "BA": "Bosnia",
    "VN": "Viet Nam",
    "TW": "Taiwan",
    "HK": "Hong Kong",
    "MO": "Macau, Macao",
    "LA": "Laos",
    "SY": "Syria",
    "IR": "Iran",
    "BO": "Bolivia",
    "VE": "Venezuela",
    "TZ": "Tanzania",
    "MD": "Moldova",
    "PS": "Palestine",
    "BN": "Brunei",
    "SK": "Slovak Republic",
    "CH": "Schweizerische Eidgenossenschaft, Swiss",
    "DE": "Federal Republic of Germany, BRD",
    "CN": "PR China, PRC, China PR, Mainland China, VR China",
    "CD": "DR Congo, DRC, Congo-Kinshasa, Zaire",
    "CG": "Congo-Brazzaville, Republic of the Congo",
    "IE": "Republic of Ireland, Eire",
}


def country_code(text: str) -> str:
    """The ISO code of a country by its code or a name; "" where there is none, or several of this name."""
    key = _key(text)
    return _english().get(key) or _elsewhere().get(key, "")


@cache
def _english() -> dict[str, str]:
    """{folded name or code: ISO code}; what comes later in here is surer."""
    known = {code for code, _ in countries}
    codes = {_key(countries.alpha3(code)): code for code in known}
    codes |= {_key(name): code for code, name in Locale("en").territories.items() if code in known}
    codes |= {_key(name): code for code, names in _ALSO.items() for name in names.split(", ")}
    codes |= {_key(str(name)): code for code, name in countries}
    return codes | {_key(code): code for code in known}


@cache
def _elsewhere() -> dict[str, str]:
    """The same in all other languages, as far as a name means one country; a second to make."""
    known = {code for code, _ in countries}
    meant: dict[str, set[str]] = defaultdict(set)
    for language in _LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if code in known:
                meant[_key(name)].add(code)
                meant[_key(name.translate(_TWO_LETTERS))].add(code)
    return {name: codes.pop() for name, codes in meant.items() if len(codes) == 1}


def _key(text: str) -> str:
    """Without case, accents, points and a leading "the"; "&" is "and"."""
    spread = unicodedata.normalize("NFKD", folded_name(text).replace("&", " and "))
    plain = "".join(char for char in spread if not unicodedata.combining(char) and char not in ".,'’()")
    return " ".join(plain.split()).removeprefix("the ")
