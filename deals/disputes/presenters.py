"""How a conflict case is told to the vendor's people. Pure functions over a case already read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from deals.deal.models import Deal
from deals.disputes.models import CaseOutcome, CaseState, CaseWinner, ConflictCase
from portal.ui.formatting import format_date, format_money, format_when
from portal.ui.widgets import Look

LOOKS: Final[dict[str, Look]] = {
    CaseState.OPEN: ("watch", "Open", "scale"),
    CaseState.DECIDED: ("neutral", "Decided", "gavel"),
    CaseState.APPEALED: ("watch", "Appealed", "scale"),
    CaseState.CLOSED: ("ok", "Closed", "circle-check"),
}
_NONE: Final = "–"


def look(case: ConflictCase) -> Look:
    if case.outcome == CaseOutcome.REVERSED:
        return "watch", "Reversed on appeal", "switch-horizontal"
    return LOOKS[case.state]


def headline(case: ConflictCase) -> str:
    return f"{case.deal.customer_name}: {_finding(case)}"


def _finding(case: ConflictCase) -> str:
    if case.state == CaseState.OPEN:
        return "two claims to compare"
    if case.state == CaseState.APPEALED:
        return "an appeal to answer"
    return f"{winner_of(case)} has the customer"


def winner_of(case: ConflictCase) -> str:
    if case.winner == CaseWinner.DEAL:
        return case.deal.partner.name
    return case.rival.partner.name if case.rival else "direct sales"


def list_headline(cases: Sequence[ConflictCase], *, more: bool, waiting: int) -> str:
    """`waiting` are all that wait, whichever of them are shown."""
    if not cases and not waiting:
        return "No conflict cases"
    if not waiting:
        return f"{'More than ' if more else ''}{len(cases)} conflict case{'' if len(cases) == 1 else 's'}"
    cases_wait = "conflict case waits" if waiting == 1 else "conflict cases wait"
    return f"{waiting} {cases_wait} for an answer"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the comparison."""

    label: str
    deal: str
    rival: str


def side_by_side(case: ConflictCase) -> list[Row]:
    deal, rival = case.deal, case.rival
    if rival is None:
        return _beside_account(case)
    pairs = [
        ("Customer", "customer_name"),
        ("Domain", "customer_domain"),
        ("Contact", "contact_name"),
        ("Use case", "use_case"),
    ]
    return [
        Row("With", deal.partner.name, rival.partner.name),
        *(Row(label, getattr(deal, name) or _NONE, getattr(rival, name) or _NONE) for label, name in pairs),
        Row("Amount", _amount(deal), _amount(rival)),
        Row("First submitted", _when(deal.submitted_at), _when(rival.submitted_at)),
        Row("Status", deal.get_status_display(), rival.get_status_display()),
        Row("Protected until", _until(deal), _until(rival)),
    ]


def _beside_account(case: ConflictCase) -> list[Row]:
    deal, account = case.deal, case.account
    assert account is not None  # noqa: S101  (the database sees to it)
    return [
        Row("With", deal.partner.name, account.owner),
        Row("Customer", deal.customer_name, account.name),
        Row("Domain", deal.customer_domain or _NONE, account.customer.domain or _NONE),
        Row("Amount", _amount(deal), _NONE),
        Row("Since", _when(deal.submitted_at), format_date(account.created_at, "year")),
        Row("Status", deal.get_status_display(), "Direct account"),
    ]


def _amount(deal: Deal) -> str:
    return _NONE if deal.amount is None else format_money(deal.amount, deal.currency)


def _when(moment: datetime | None) -> str:
    return format_when(moment) if moment else _NONE


def _until(deal: Deal) -> str:
    return format_date(deal.expires_at, "year") if deal.expires_at and deal.is_open else _NONE


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime
    heading: str
    text: str
    icon: str


def what_happened(case: ConflictCase) -> list[Happening]:
    """Newest first."""
    told = [_closed(case), _appealed(case), _decided(case)]
    opened = f"Opened by {case.opened_by}" if case.opened_by else ""
    found = [one for one in told if one]
    return [*found, Happening(case.opened_at, "Two claims to one customer", opened, "git-compare")]


def _decided(case: ConflictCase) -> Happening | None:
    if case.decided_at is None:
        return None
    by = f"Decided by {case.decided_by}" if case.decided_by else "Decided"
    return Happening(case.decided_at, f"{by}: {case.get_rule_display().lower()}", case.reason, "gavel")


def _appealed(case: ConflictCase) -> Happening | None:
    if case.appealed_at is None:
        return None
    return Happening(
        case.appealed_at, f"Appealed by {case.appealed_by or 'the partner'}", case.appeal, "scale"
    )


def _closed(case: ConflictCase) -> Happening | None:
    if case.closed_at is None:
        return None
    by = f" by {case.closed_by}" if case.closed_by else ""
    return Happening(case.closed_at, f"{case.get_outcome_display()}{by}", case.closing_reason, "circle-check")
