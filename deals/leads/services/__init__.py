"""Writes of leads: one function per business action.

Each takes keywords, `actor` first, locks the lead and then its offer, looks again whether the action is
legal, writes and records its event in one transaction, and returns what it changed as it is then. Doing the
same thing twice is once. PermissionDenied for who may never do this; ValidationError, with a text for people,
when it cannot be done now.
"""

from deals.leads.services.answering import offer_accept, offer_decline
from deals.leads.services.beginning import rules_begin
from deals.leads.services.clocks import contacts_remind, leads_time_out
from deals.leads.services.entering import lead_save, references_take
from deals.leads.services.offering import lead_end, lead_offer, lead_route, lead_withdraw, leads_offer
from deals.leads.services.working import contact_log, offer_convert, offer_disqualify

__all__ = [
    "contact_log",
    "contacts_remind",
    "lead_end",
    "lead_offer",
    "lead_route",
    "lead_save",
    "lead_withdraw",
    "leads_offer",
    "leads_time_out",
    "offer_accept",
    "offer_convert",
    "offer_decline",
    "offer_disqualify",
    "references_take",
    "rules_begin",
]
