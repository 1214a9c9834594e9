"""Which rule speaks for whom, and what partners may be told. Pure: everything is read before."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError

from deals.deal.models import Deal
from deals.disputes.models import CaseRule, CaseWinner

#: What a partner reads when nobody writes anything else. Neither says who or what stands on the other side.
WON: Final = "We have compared the claims. Your registration has the better one."
LOST: Final = "We have compared the claims. Another one is the better one."
_WORD: Final = re.compile(r"\w+")


def speaks_for(
    rule: CaseRule, *, deal: Deal, rival: Deal | None, rival_is_protected: bool
) -> CaseWinner | None:
    """Whose favour the rule is in; None where it says nothing about these two claims."""
    match rule:
        case CaseRule.DIRECT:
            return None if rival else CaseWinner.RIVAL
        case CaseRule.HOLDER:
            return CaseWinner.RIVAL if rival and rival_is_protected else None
        case CaseRule.FIRST:
            return _first(deal.submitted_at, rival.submitted_at if rival else None)
    return None


def _first(deal: datetime | None, rival: datetime | None) -> CaseWinner | None:
    if deal is None or rival is None:
        return None
    return CaseWinner.DEAL if deal < rival else CaseWinner.RIVAL


def rule_that_fits(
    winner: CaseWinner, *, deal: Deal, rival: Deal | None, rival_is_protected: bool
) -> CaseRule:
    """By which rule this claim wins; a decision against all of them is the manager's own."""
    for rule in (CaseRule.DIRECT, CaseRule.FIRST, CaseRule.HOLDER):
        if speaks_for(rule, deal=deal, rival=rival, rival_is_protected=rival_is_protected) == winner:
            return rule
    return CaseRule.OVERRIDE


def refuse_names(text: str, names: Iterable[str], field: str) -> None:
    """ValidationError when a text for partners names the other side: its company, its people, its deal."""
    words = _words(text)
    for name in names:
        parts = _words(name)
        if parts and f" {' '.join(parts)} " in f" {' '.join(words)} ":
            raise ValidationError({field: f"Partners read this: it must not name “{name}”."})


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
