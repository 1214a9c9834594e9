"""How money moves: postings with their entries and the balances they change, all or none.

Nobody else writes these tables. Every posting is one amount from one account to another.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from mdf.funds.models import Fund
from mdf.ledger.models import OF_FUND, Account, Balance, Entry, Posting, PostingKind
from portal.tenancy.models import Vendor
from portal.tenancy.scope import current_scope, entered, system_scope
from portal.ui.formatting import format_date, format_money

#: What is said when an account has less than is asked of it.
_SHORT: Final = {
    Account.UNALLOCATED: "Only {left} of the fund is not allocated yet.",
    Account.FREE: "Only {left} is free.",
    Account.COMMITTED: "Only {left} is committed.",
    Account.CLAIMED: "Only {left} is claimed.",
    Account.PAID: "Only {left} was paid.",
    Account.EXPIRED: "Only {left} has expired.",
    Account.FUNDING: "No more than was put in can be taken out.",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A posting to be made: `amount` (minor units of the fund, above zero) from one account to another.

    `key` is the caller's own name of it, unique for the vendor. Without `day` it counts today.
    """

    key: str
    kind: PostingKind
    fund: Fund
    partner_id: int | None
    amount: int
    source: Account
    target: Account
    reason: str
    subject: str = ""
    day: date | None = None

    @property
    def sides(self) -> tuple[tuple[Account, int | None, int], ...]:
        """(account, partner, amount) of both entries."""
        return (
            (self.source, self._owner(self.source), -self.amount),
            (self.target, self._owner(self.target), self.amount),
        )

    def _owner(self, account: Account) -> int | None:
        return None if account in OF_FUND else self.partner_id


@transaction.atomic
def post(*, vendor: Vendor, drafts: Sequence[Draft], linked: bool = True) -> list[Posting]:
    """Make these postings together, or none of them; those made before under the same keys are returned.

    Without `linked` they only share the way: the ledger does not tell them as one.

    Runs as the vendor: whoever asks for it has been asked whether they may. ValidationError, with code
    "overdrawn" where an account has too little, "closed" for a closed day, and "other" where a key
    stands for another posting already. Accounts are locked in one order: two never wait for each other.
    """
    scope = current_scope()
    actor_id = scope.actor_id if scope else None
    with entered(system_scope(vendor.pk, actor_id)):
        there = _posted_before(drafts)
        if there:
            return there
        try:
            with transaction.atomic():
                return _made(vendor, drafts, actor_id, drafts[0].key if linked and drafts[1:] else "")
        except IntegrityError as error:
            return _explained(error, drafts)


def _posted_before(drafts: Sequence[Draft]) -> list[Posting]:
    """Those of the same keys, when they all say the same."""
    found = {one.key: one for one in Posting.objects.filter(key__in=[draft.key for draft in drafts])}
    if not found:
        return []
    told = {
        (entry.posting_id, entry.account, entry.partner_id, entry.amount)
        for entry in Entry.objects.filter(posting__in=found.values())
    }
    for draft in drafts:
        one = found.get(draft.key)
        if one is None or one.fund_id != draft.fund.pk or {(one.pk, *side) for side in draft.sides} - told:
            raise ValidationError("This was posted already, and said something else.", code="other")
    return [found[draft.key] for draft in drafts]


def _made(vendor: Vendor, drafts: Sequence[Draft], actor_id: int | None, link: str) -> list[Posting]:
    """Keys first: the same one posted beside this waits here, before it holds any balance."""
    ordered = sorted(drafts, key=lambda draft: draft.key)
    postings = Posting.objects.bulk_create(_posting(vendor, draft, link, actor_id) for draft in ordered)
    made = {one.key: one for one in postings}
    _move(drafts)
    Entry.objects.bulk_create(
        Entry(
            posting=made[draft.key],
            fund=draft.fund,
            partner_id=partner_id,
            account=account,
            amount=amount,
            day=made[draft.key].day,
        )
        for draft in drafts
        for account, partner_id, amount in draft.sides
    )
    return [made[draft.key] for draft in drafts]


def _posting(vendor: Vendor, draft: Draft, link: str, actor_id: int | None) -> Posting:
    if draft.amount <= 0:
        raise ValueError("a posting moves an amount above zero")
    return Posting(
        fund=draft.fund,
        partner_id=draft.partner_id,
        key=draft.key,
        link=link,
        kind=draft.kind,
        reason=draft.reason[:300],
        subject=draft.subject,
        day=draft.day or vendor.today,
        actor_id=actor_id,
    )


# Balances ------------------------------------------------------------------------------------------------


def _move(drafts: Sequence[Draft]) -> None:
    deltas: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    funds = {draft.fund.pk: draft.fund for draft in drafts}
    for draft in drafts:
        for account, partner_id, amount in draft.sides:
            deltas[draft.fund.pk, partner_id or 0][account.value] += amount
    for (fund_id, partner_id), changes in sorted(deltas.items()):
        _change(funds[fund_id], partner_id or None, {name: by for name, by in changes.items() if by})


def _change(fund: Fund, partner_id: int | None, changes: dict[str, int]) -> None:
    """One conditional update: it waits for whoever holds the row, and then asks again what is there."""
    if not changes or _updated(fund, partner_id, changes):
        return
    Balance.objects.bulk_create([Balance(fund=fund, partner_id=partner_id)], ignore_conflicts=True)
    if not _updated(fund, partner_id, changes):
        raise _overdrawn(fund, partner_id, changes)


def _updated(fund: Fund, partner_id: int | None, changes: dict[str, int]) -> bool:
    enough = {f"{name}__gte": -by for name, by in changes.items() if by < 0 and name != Account.FUNDING}
    if changes.get(Account.FUNDING, 0) > 0:
        enough["funding__lte"] = -changes[Account.FUNDING]
    rows = Balance.objects.filter(fund=fund, partner=partner_id, **enough)
    return bool(rows.update(**{name: F(name) + by for name, by in changes.items()}))


def _overdrawn(fund: Fund, partner_id: int | None, changes: dict[str, int]) -> ValidationError:
    balance = Balance.objects.get(fund=fund, partner=partner_id)
    for name, by in changes.items():
        left = getattr(balance, name)
        if name != Account.FUNDING and left + by < 0:
            text = _SHORT[Account(name)].format(left=format_money(left, fund.currency))
            return ValidationError(text, code="overdrawn")
    return ValidationError(_SHORT[Account.FUNDING], code="overdrawn")


# What the database refuses --------------------------------------------------------------------------------


def _explained(error: IntegrityError, drafts: Sequence[Draft]) -> list[Posting]:
    cause: Any = error.__cause__
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", "")
    if constraint == "mdf_posting_open_period":
        fund = Fund.objects.get(pk=drafts[0].fund.pk)
        through = format_date(fund.closed_through, "year") if fund.closed_through else ""
        raise ValidationError(f"The books of {fund} are closed through {through}.", code="closed") from error
    if constraint == "mdf_posting_once":  # somebody posted the same at the same moment
        return _posted_before(drafts)
    raise error
