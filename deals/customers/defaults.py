"""What a new vendor begins with: companies known under several names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from deals.customers.match_keys import normalised_name
from deals.customers.models import OtherName
from deals.customers.spelling import plain_spelling

_LIST: Final = Path(__file__).parent / "data" / "other_names.txt"


def other_names_begin(vendor: Any) -> None:
    """Fill the vendor's list of other names, unless it has one already. Runs under its system scope."""
    if not OtherName.objects.exists():
        OtherName.objects.bulk_create(OtherName(name=name, company=company) for name, company in listed())


def listed() -> Iterator[tuple[str, str]]:
    """(another name, company as it is called now), without those that are recognised as one anyway."""
    seen: set[tuple[str, str]] = set()
    for line in _LIST.read_text().splitlines():
        company, _, others = line.partition(": ")
        for name in others.split("; ") if others and not line.startswith("#") else ():
            keys = plain_spelling(normalised_name(name)), plain_spelling(normalised_name(company))
            if keys[0] != keys[1] and keys not in seen:
                seen.add(keys)
                yield name, company
