"""Tell people: in the portal's inbox and by e-mail, as each of them prefers.

Apps declare what they tell of (`declare_kinds`) and call `notify()` inside the transaction of what
happened. Everything goes through the outbox or a unique key, so that nobody hears of a thing twice.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import groupby
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from portal.notifications.email import send_email
from portal.notifications.email_declarations import email_subject
from portal.notifications.models import Mail, Notification, NotificationPreference
from portal.notifications.moments import for_mail, in_words, moment, read_now, to_keep
from portal.people.models import Membership, User
from portal.tenancy.access import Actor
from portal.tenancy.links import absolute
from portal.tenancy.models import Vendor
from portal.tenancy.scope import current_scope, entered, system_scope

#: The vendor's morning, by its own clock.
MORNING: Final = time(7)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing people hear of; `for_partners` and `for_staff` say in whose preferences it stands."""

    key: str
    label: str
    for_partners: bool = False
    for_staff: bool = False
    mail: Mail = Mail.NOW


@dataclass(frozen=True, slots=True)
class Wish:
    """How a person hears of a kind."""

    mail: str
    in_app: bool


_kinds: dict[str, Kind] = {}


def declare_kinds(*kinds: Kind) -> None:
    for kind in kinds:
        _kinds[kind.key] = kind


def kinds_for(actor: Actor) -> list[Kind]:
    """Those whose preferences this person sets."""
    return [kind for kind in _kinds.values() if (kind.for_staff if actor.is_staff else kind.for_partners)]


def notify(
    kind: str,
    *,
    vendor: Vendor,
    key: str,
    to: Iterable[User],
    page: str,
    target: str = "",
    template: str,
    context: Mapping[str, Any],
) -> None:
    """Tell these people of one thing. The same `key` for the same person twice is once.

    `page` and `target` are the URL name and its argument the notification leads to; `template` names the
    e-mail, whose subject is the title in the inbox; `context` must be JSON, its moments those of
    `moments.moment`, which are worded when they are read. KeyError for a kind nobody declared.
    """
    people = {person.pk: person for person in to if person.is_active}
    declared = _kinds[kind]
    if not people:
        return
    told = {**context, "link": absolute(vendor, page, *([target] if target else []))}
    scope = current_scope()
    # Whoever acts may not read how others wish to be told, nor write into their inbox.
    with entered(system_scope(vendor.pk, scope.actor_id if scope else None)), transaction.atomic():
        wishes = _wishes(declared, people)
        title = _title(template, vendor, told)
        rows = [
            Notification(
                user=person, kind=kind, key=key, title=title, page=page, target=target,
                in_app=wishes[pk].in_app, mail=wishes[pk].mail,
            )
            for pk, person in people.items()
        ]  # fmt: skip
        Notification.objects.bulk_create(rows, ignore_conflicts=True)
        for pk, person in people.items():
            if wishes[pk].mail == Mail.NOW:
                greeted = {**told, "name": person.first_name or str(person)}
                send_email(template, key=f"{key}:{pk}", to=person.email, context=greeted)


def _wishes(kind: Kind, people: Collection[int]) -> dict[int, Wish]:
    chosen = NotificationPreference.objects.filter(kind=kind.key, user__in=people)
    stated = {one.user_id: Wish(one.mail, one.in_app) for one in chosen}
    return {pk: stated.get(pk, Wish(kind.mail, True)) for pk in people}


def _title(template: str, vendor: Vendor, context: Mapping[str, Any]) -> str:
    return email_subject(template, {**in_words(context, to_keep), "vendor": vendor})[:300]


# What a person does with them ----------------------------------------------------------------------------


def notification_read(*, actor: Actor, notification: Notification) -> None:
    """Mark one as read; the first reading counts."""
    Notification.objects.filter(pk=notification.pk, user=actor.user, read_at=None).update(
        read_at=timezone.now()
    )


def notifications_read(*, actor: Actor) -> int:
    """Mark everything as read; returns how many were not."""
    unread = Notification.objects.filter(user=actor.user, in_app=True, read_at=None)
    return unread.update(read_at=timezone.now())


def wishes_of(actor: Actor) -> dict[str, Wish]:
    """{kind: wish} for everything this person hears of."""
    chosen = {one.kind: one for one in NotificationPreference.objects.filter(user=actor.user)}
    return {
        kind.key: Wish(chosen[kind.key].mail, chosen[kind.key].in_app)
        if kind.key in chosen
        else Wish(kind.mail, True)
        for kind in kinds_for(actor)
    }


@transaction.atomic
def preferences_set(*, actor: Actor, wishes: Mapping[str, Wish]) -> None:
    """Keep how this person wants to hear of these kinds. ValueError for a kind that is not theirs."""
    unknown = wishes.keys() - {kind.key for kind in kinds_for(actor)}
    if unknown:
        raise ValueError(f"no kinds of this person: {', '.join(sorted(unknown))}")
    rows = [
        NotificationPreference(user=actor.user, kind=kind, mail=Mail(wish.mail), in_app=wish.in_app)
        for kind, wish in wishes.items()
    ]
    NotificationPreference.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["vendor", "user", "kind"],
        update_fields=["mail", "in_app"],
    )


# The digest ------------------------------------------------------------------------------------------------


@transaction.atomic
def digests_send(*, vendor: Vendor, now: datetime | None = None) -> int:
    """One e-mail per person with what they left for the digest until this morning; returns how many people.

    Before the morning, nothing. Marks and mails are one transaction: a run that is killed has done
    neither, a second run finds nothing left. Runs under the vendor's system scope and time zone.
    """
    now = now or timezone.now()
    morning = timezone.localtime(now, vendor.zone).replace(
        hour=MORNING.hour, minute=MORNING.minute, second=0, microsecond=0
    )
    if now < morning:
        return 0
    waiting = Notification.objects.filter(mail=Mail.DIGEST, digested_at=None, created_at__lt=morning)
    rows = list(waiting.select_for_update(of=("self",), skip_locked=True).order_by("user_id", "pk"))
    members = _members({row.user_id for row in rows})
    sent = 0
    for user_id, items in groupby(rows, key=lambda row: row.user_id):
        if user_id in members:
            _send_digest(vendor, members[user_id], list(items))
            sent += 1
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(digested_at=now)
    return sent


def _members(user_ids: Collection[int]) -> dict[int, User]:
    """Those of them who still belong to the vendor."""
    active = Membership.objects.filter(user__in=user_ids, is_active=True, user__is_active=True)
    return {membership.user_id: membership.user for membership in active.select_related("user")}


#: What waits for a person now, for their digest: JSON of title, kind and due (a moment or None).
Waiting = Callable[[Vendor, User], Sequence[Mapping[str, Any]]]
_waiting: Waiting | None = None


def provide_waiting(waiting: Waiting) -> None:
    global _waiting  # noqa: PLW0603  (one provider per process, set once at start)
    _waiting = waiting


def _send_digest(vendor: Vendor, person: User, items: Sequence[Notification]) -> None:
    context = {
        "name": person.first_name or str(person),
        "items": [
            {
                "title": read_now(item.title, for_mail),
                "when": moment(item.created_at),
                "link": absolute(vendor, item.page, *([item.target] if item.target else [])),
            }
            for item in items
        ],
        "waiting": list(_waiting(vendor, person)) if _waiting else [],
        "link": absolute(vendor, "notifications"),
    }
    # The last of them names the mail: another run with other rows is another mail, never the same one.
    send_email("digest", key=f"digest:{person.pk}:{items[-1].pk}", to=person.email, context=context)
