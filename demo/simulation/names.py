"""Names of companies and people, by country, out of names.toml."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from deals.customers.match_keys import LEGAL_FORMS

LONG_NAMES = 0.06  # share of companies with a name that tries a layout
_SPELLED = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ø", "oe"), ("æ", "ae"))


@dataclass(frozen=True, slots=True)
class Country:
    """How companies and people of one country are called, and how its addresses end."""

    code: str
    top_level: str
    cities: tuple[str, ...]
    forms: tuple[str, ...]  # legal forms
    openings: tuple[str, ...]
    endings: tuple[str, ...]
    partners: tuple[str, ...]  # what partners do
    customers: tuple[str, ...]  # what customers do
    given: tuple[str, ...]
    family: tuple[str, ...]
    long_names: tuple[str, ...] = ()  # with {city}

    def partner_name(self, random: Random) -> str:
        if self.long_names and random.random() < LONG_NAMES:
            return random.choice(self.long_names).format(city=random.choice(self.cities))
        return f"{self._stem(random)} {random.choice(self.partners)} {random.choice(self.forms)}"

    def customer_name(self, random: Random) -> tuple[str, str]:
        """(name, sector)"""
        sector = random.choice(self.customers)
        return f"{self._stem(random)} {sector} {random.choice(self.forms)}", sector

    def person(self, random: Random) -> tuple[str, str]:
        return random.choice(self.given), random.choice(self.family)

    def _stem(self, random: Random) -> str:
        return random.choice(self.openings) + random.choice(self.endings)


def _countries() -> dict[str, Country]:
    told = tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))
    return {code: _country(code, told["words"], **given) for code, given in told["countries"].items()}


def _country(code: str, languages: dict[str, Any], words: str, top_level: str, **lists: Any) -> Country:
    """What a country does not say itself, its language says."""
    named = {name: _listed(value) for name, value in {**languages[words], **lists}.items()}
    return Country(code=code, top_level=top_level, **named)


def _listed(value: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(value.split() if isinstance(value, str) else value)


COUNTRIES = _countries()


def ascii_slug(text: str) -> str:
    """ "Großschädl & Söhne" -> "grossschaedl-soehne": umlauts as they are spelled in addresses."""
    text = text.lower()
    for letter, spelled in _SPELLED:
        text = text.replace(letter, spelled)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")


def web_name(company: str) -> str:
    """The company's name as it would stand in an address: at most three words, no legal form."""
    words = [word for word in company.split() if word.lower().replace(".", "") not in LEGAL_FORMS]
    return ascii_slug(" ".join(words[:3]))


class Unique:
    """Gives out each name once; to one that is taken it appends a number."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def take(self, name: str) -> str:
        candidate, number = name, 1
        while candidate in self._taken:
            number += 1
            candidate = f"{name}-{number}"
        self._taken.add(candidate)
        return candidate
