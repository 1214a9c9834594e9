"""Whom to tell of a note, and what they are told."""

from deals.deal.models import Deal
from deals.deal.notifications import by, notify_about
from deals.deal.people import deciders, registrants
from deals.notes.models import Note
from portal.tenancy.access import Actor


def noted(actor: Actor, deal: Deal, note: Note) -> None:
    """To the other side: the registrant, or whoever decides for the partner."""
    side = "vendor" if actor.is_staff else "partner"
    people = registrants(deal) if actor.is_staff else deciders(deal)
    told = by(actor) | {"text": note.text, "side": side}
    notify_about(f"noted_by_{side}", actor.vendor, deal, f"{note.pk}", people, told)
