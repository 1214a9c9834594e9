"""How money of a fund is told and drawn. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from mdf.ledger.models import Account, Balance
from portal.ui.formatting import format_date, format_money

#: The marks of a bar in their order, with the class that fills them.
_MARKS: Final = (
    (Account.PAID, "c-ink", "Paid"),
    (Account.CLAIMED, "c-claimed", "Claimed"),
    (Account.COMMITTED, "c-committed", "Committed"),
    (Account.FREE, "c-free", "Free"),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One part of a bar 1,000 wide; `amount` in minor units."""

    label: str
    css: str
    amount: int
    x: int
    width: int


def balance_marks(balance: Balance) -> list[Mark]:
    return _marks({account.value: getattr(balance, account.value) for account, _, _ in _MARKS})


def sums_marks(fund: Any) -> list[Mark]:
    return _marks({account.value: getattr(fund, f"sum_{account.value}") for account, _, _ in _MARKS})


def _marks(amounts: Mapping[str, int]) -> list[Mark]:
    whole, made, before = sum(amounts.values()) or 1, [], 0
    for account, css, label in _MARKS:
        amount = amounts[account.value]
        start, end = before * 1000 // whole, (before + amount) * 1000 // whole
        made.append(Mark(label, css, amount, start, max(end - start - 4, 0)))
        before += amount
    return made


def headline(balances: Sequence[Balance], today: date) -> str:
    """What a partner has free in the fund that ends first, of those that run."""
    running = [one for one in balances if one.fund.starts_on <= today <= one.fund.ends_on and one.free]
    if not running:
        return "No money of a fund is free now"
    first = min(running, key=lambda one: one.fund.ends_on)
    free = format_money(first.free, first.fund.currency)
    more = ", and more in other funds" if len(running) > 1 else ""
    return f"{free} is free until {format_date(first.fund.ends_on, 'year')}{more}"
