"""Who the people in statements are: known by e-mail or by what an admin said; else listed, never dropped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from enablement.records import results
from enablement.records.models import Learner, Statement
from enablement.records.statements import Json, agent_key
from partners.models import Seat
from portal.events.log import record
from portal.people.models import Membership, User
from portal.tenancy.access import Actor


@dataclass(frozen=True, slots=True)
class Person:
    """`partner_id` is where the person sits now; None for the vendor's own people."""

    user_id: int
    partner_id: int | None


def resolved(agents: Iterable[Json]) -> dict[str, Person]:
    """Agent key -> person, for those known. Agents seen for the first time are kept in the list."""
    sent = {agent_key(agent): agent for agent in agents}
    sent.pop("", None)  # anonymous groups
    listed = dict(Learner.objects.filter(agent_key__in=sent).values_list("agent_key", "user_id"))
    open_keys = [key for key in sent if listed.get(key) is None]
    found = _by_address(open_keys)
    _list([key for key in open_keys if key not in listed], sent, found)
    for key in open_keys:
        if key in listed and key in found:
            _adopt(key, found[key])
    known = {**{key: user_id for key, user_id in listed.items() if user_id}, **found}
    seats = seats_of(known.values())
    return {key: Person(user_id, seats.get(user_id)) for key, user_id in known.items()}


def _by_address(keys: Iterable[str]) -> dict[str, int]:
    """Members of the vendor by the mailto: address in the key."""
    prefix = "mbox mailto:"
    addresses = {key.removeprefix(prefix): key for key in keys if key.startswith(prefix)}
    if not addresses:
        return {}
    members = Membership.objects.filter(user__email__in=addresses)
    return {addresses[email.lower()]: pk for email, pk in members.values_list("user__email", "user_id")}


def _list(keys: Iterable[str], agents: Mapping[str, Json], found: Mapping[str, int]) -> None:
    Learner.objects.bulk_create(
        (Learner(agent_key=key, agent=agents[key], user_id=found.get(key)) for key in sorted(keys)),
        ignore_conflicts=True,
    )


def _adopt(key: str, user_id: int) -> None:
    """Somebody listed turned out to be this person: what was told of them before is theirs."""
    Learner.objects.filter(agent_key=key).update(user_id=user_id)
    partner_id = seats_of([user_id]).get(user_id)
    told = Statement.objects.filter(agent_key=key, user=None)
    if told.update(user_id=user_id, partner_id=partner_id):
        results.results_reopen(statement__agent_key=key)


def seats_of(user_ids: Iterable[int]) -> dict[int, int]:
    """User id -> id of the partner the person sits in."""
    seats = Seat.objects.filter(user_id__in=set(user_ids), left_at=None)
    return dict(seats.values_list("user_id", "partner_id"))


@transaction.atomic
def learner_identify(*, actor: Actor, learner: Learner, user: User) -> None:
    """The admin says who a listed agent is; everything told of them so far becomes theirs."""
    learner = Learner.objects.select_for_update().get(pk=learner.pk)
    if learner.user_id == user.pk:
        return
    learner.user = user
    learner.save(update_fields=["user"])
    partner_id = seats_of([user.pk]).get(user.pk)
    told: Any = Statement.objects.filter(agent_key=learner.agent_key)
    count = told.update(user=user, partner_id=partner_id)
    results.results_reopen(statement__agent_key=learner.agent_key)
    record(
        "enablement.learner_identified",
        actor=actor,
        partner_id=partner_id,
        subject=learner,
        data={"known_as": learner.shown, "statements": count},
    )
