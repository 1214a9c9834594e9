"""Companies under the names they had, or have beside their own: "Facebook" is Meta Platforms."""

from collections.abc import Iterable

from django.db.models import Q

from deals.customers.models import OtherName
from deals.customers.spelling import plain_spelling

#: A company is known by at most so many words; what stands behind them ("Ireland") is kept.
_LONGEST = 5


def other_names(names: Iterable[str]) -> dict[str, list[str]]:
    """{normalised name: what else it may be written as}, by the vendor's list. One statement."""
    beginnings = {name: _beginnings(name) for name in names}
    asked = {beginning for found in beginnings.values() for beginning in found}
    groups = _groups(asked)
    return {name: _written(name, found, groups) for name, found in beginnings.items()}


def _beginnings(name: str) -> list[str]:
    """The longest first."""
    words = plain_spelling(name).split()
    return [" ".join(words[:end]) for end in range(min(len(words), _LONGEST), 0, -1)]


def _groups(asked: set[str]) -> dict[str, set[str]]:
    """{name: all names of the same company}"""
    meant = OtherName.objects.filter(Q(name_key__in=asked) | Q(company_key__in=asked))
    rows = OtherName.objects.filter(company_key__in=meant.order_by().values("company_key"))
    companies: dict[str, set[str]] = {}
    for name, company in rows.order_by().values_list("name_key", "company_key"):
        companies.setdefault(company, {company}).add(name)
    groups: dict[str, set[str]] = {}
    for together in companies.values():
        for name in together:
            groups.setdefault(name, set()).update(together)
    return groups


def _written(name: str, beginnings: list[str], groups: dict[str, set[str]]) -> list[str]:
    known = next((beginning for beginning in beginnings if beginning in groups), "")
    if not known:
        return []
    rest = plain_spelling(name)[len(known) :]
    return sorted(f"{other}{rest}" for other in groups[known] - {known})
