"""Pages of leads: parse, call, render."""

from deals.leads.views.acting import (
    accept,
    contact,
    convert,
    decline,
    disqualify,
    end,
    offer,
    route,
    take_back,
)
from deals.leads.views.entering import edit, enter
from deals.leads.views.lists import bulk, export, for_partner, lead_list, waiting
from deals.leads.views.page import detail

__all__ = [
    "accept", "bulk", "contact", "convert", "decline", "detail", "disqualify", "edit", "end", "enter",
    "export", "for_partner", "lead_list", "offer", "route", "take_back", "waiting",
]  # fmt: skip
