"""Pages of the deals app: parse, call, render."""

from deals.views.acting import approve, lost, reject, send_back, stage, start_review, withdraw, won
from deals.views.checking import check
from deals.views.lists import deal_list, export, for_partner, inbox
from deals.views.page import claims, detail
from deals.views.registering import duplicates, edit, register

__all__ = [
    "approve", "check", "claims", "deal_list", "detail", "duplicates", "edit", "export", "for_partner",
    "inbox", "lost", "register", "reject", "send_back", "stage", "start_review", "withdraw", "won",
]  # fmt: skip
