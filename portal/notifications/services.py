"""Tell people: in the portal's inbox and by e-mail, as each of them prefers.

Apps declare what they tell of (`declare_notifications`) and call `notify()` inside the transaction of what
happened. Everything goes through the outbox or a unique key, so that nobody hears of a thing twice.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import groupby
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from portal.events.models import OutboxMessage
from portal.notifications import readers
from portal.notifications.email import one_line, provide_recipient, send_email
from portal.notifications.email_declarations import email_subject
from portal.notifications.models import Mail, Notification, NotificationPreference
from portal.notifications.moments import for_mail, in_words, moment, read_now, to_keep
from portal.notifications.readers import Reader
from portal.people.models import Membership, User
from portal.tenancy.access import Actor
from portal.tenancy.links import absolute
from portal.tenancy.models import Vendor
from portal.tenancy.scope import current_scope, entered, system_scope

#: The vendor's morning, by its own clock.
MORNING: Final = time(7)
NOT_SENT: Final = "not sent: this person may not see it any more"
#: How many of a person's notifications are looked at when the inbox is opened.
TIDIED: Final = 300


@dataclass(frozen=True, slots=True)
class NotificationKind:
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


_kinds: dict[str, NotificationKind] = {}
_places: dict[str, int] = {}


def declare_notifications(*kinds: NotificationKind, place: int) -> None:
    """`place`: where the subject stands among the others; modules are loaded in no order for a reader."""
    for kind in kinds:
        _kinds[kind.key], _places[kind.key] = kind, place


def kinds_for(actor: Actor) -> list[NotificationKind]:
    """Those whose preferences this person sets, subject by subject."""
    placed = sorted(_kinds.values(), key=lambda kind: _places[kind.key])
    return [kind for kind in placed if (kind.for_staff if actor.is_staff else kind.for_partners)]


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
    secrets: Sequence[str] = (),
) -> None:
    """Tell these people of one thing. The same `key` for the same person twice is once.

    `page` and `target` are the URL name and its argument the notification leads to; `template` names the
    e-mail, whose subject is the title in the inbox; `context` must be JSON, its moments those of
    `moments.moment`, which are worded when they are read, and what `secrets` names of it is wiped once the
    mail has left. KeyError for a kind nobody declared.
    """
    asked, declared = {person.pk: person for person in to}, _kinds[kind]
    people = {pk: person for pk, person in asked.items() if person.is_active}
    if not asked:
        return
    scope = current_scope()
    # Whoever acts may not read how others wish to be told, nor write into their inbox.
    with entered(system_scope(vendor.pk, scope.actor_id if scope else None)), transaction.atomic():
        told, to_whom = dict(context), _readers(vendor, declared, people, page, target)
        if not to_whom:
            to_whom = _instead(vendor, declared, page, target)
            told["instead_of"] = ", ".join(map(str, asked.values()))
        if to_whom:
            _deliver(vendor, declared, key, to_whom, template, told, secrets)


Readers = dict[Reader, User]


def _readers(
    vendor: Vendor, kind: NotificationKind, people: Collection[int], page: str, target: str
) -> Readers:
    """Those who have access now. Whether they may see it is asked of staff here, of all when it is sent.

    A partner's people are many, and were looked up by their seats a moment ago.
    """
    members = readers.present(people)
    homes = readers.homes_of(members)
    found: Readers = {}
    for pk, member in members.items():
        reader = Reader(pk, page, target, member.is_staff, None if member.is_staff else homes.get(pk))
        if not member.is_staff and not kind.for_partners:
            continue
        if member.is_staff and not readers.readable(readers.actor_of(vendor, member), [reader]):
            continue
        found[reader] = member.user
    return found


def _instead(vendor: Vendor, kind: NotificationKind, page: str, target: str) -> Readers:
    """What waited for the vendor's people who left goes to who looks after it now."""
    if not kind.for_staff:
        return {}
    people = [person.pk for person in readers.responsible_now(page, target)]
    return _readers(vendor, kind, people, page, target) if people else {}


def _deliver(
    vendor: Vendor,
    kind: NotificationKind,
    key: str,
    to: Readers,
    template: str,
    context: Mapping[str, Any],
    secrets: Sequence[str] = (),
) -> None:
    page, target = next((reader.page, reader.target) for reader in to)
    told = {**context, "link": absolute(vendor, page, *([target] if target else []))}
    wishes = _wishes(kind, [reader.user for reader in to])
    title = _title(template, vendor, told)
    if told.get("instead_of"):
        title = f"{title} (was with {told['instead_of']})"[:300]
    rows = [
        Notification(
            user=person, kind=kind.key, key=key, title=title, page=page, target=target,
            to_staff=reader.staff, partner_id=reader.partner,
            in_app=wishes[reader.user].in_app, mail=wishes[reader.user].mail,
        )
        for reader, person in to.items()
    ]  # fmt: skip
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    for reader, person in to.items():
        if wishes[reader.user].mail == Mail.NOW:
            greeted = {**told, "name": person.first_name or str(person)}
            about = {**reader.as_json(), "kind": kind.key, "key": key}
            send_email(template, key=f"{key}:{reader.user}", to=person.email, context=greeted, reader=about)


def _recipient(message: OutboxMessage) -> tuple[str | None, str]:
    """At the moment of sending: the person's address now; None and why for who may not see it any more.

    A vendor's person who left is followed by who looks after it now.
    """
    about, vendor = dict(message.payload["reader"]), message.vendor
    if "rows" in about:
        return _digest_recipient(message)
    kind, key = _kinds.get(about.pop("kind")), about.pop("key")
    reader = Reader(**about)
    person = readers.still_reads(vendor, reader)
    if person is not None:
        return person.email, ""
    former = User.objects.get(pk=reader.user)
    Notification.objects.filter(user=former, key=key).update(in_app=False)
    if reader.staff and kind is not None:
        others = _instead(vendor, kind, reader.page, reader.target)
        if others:
            told = {**message.payload["context"], "instead_of": str(former)}
            _deliver(vendor, kind, key, others, message.payload["template"], told)
    return None, NOT_SENT


provide_recipient(_recipient)


def _wishes(kind: NotificationKind, people: Collection[int]) -> dict[int, Wish]:
    chosen = NotificationPreference.objects.filter(kind=kind.key, user__in=people)
    stated = {one.user_id: Wish(one.mail, one.in_app) for one in chosen}
    return {pk: stated.get(pk, Wish(kind.mail, True)) for pk in people}


def _title(template: str, vendor: Vendor, context: Mapping[str, Any]) -> str:
    return one_line(email_subject(template, {**in_words(context, to_keep), "vendor": vendor}))[:300]


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


def inbox_tidy(*, actor: Actor) -> int:
    """Take out of the inbox what this person may not see any more; returns how many.

    Looks at the newest only, which is more than anybody pages through: the rest is looked at when its turn
    comes.
    """
    rows = Notification.objects.filter(user=actor.user, in_app=True).order_by("-created_at", "-id")[:TIDIED]
    kept = {row.pk for row in still_seen(actor, list(rows))}
    gone = [row.pk for row in rows if row.pk not in kept]
    return Notification.objects.filter(pk__in=gone, user=actor.user).update(in_app=False) if gone else 0


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
    members = readers.present({row.user_id for row in rows})
    sent = 0
    for user_id, items in groupby(rows, key=lambda row: row.user_id):
        if user_id not in members:
            continue
        seen = still_seen(readers.actor_of(vendor, members[user_id]), list(items))
        if seen:
            _send_digest(vendor, members[user_id], seen)
            sent += 1
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(digested_at=now)
    return sent


def still_seen(actor: Actor, rows: Sequence[Notification]) -> list[Notification]:
    """Those of a person's notifications whose subject they may see now."""
    about = {row.pk: Reader(row.user_id, row.page, row.target, row.to_staff, row.partner_id) for row in rows}
    seen = readers.readable(actor, about.values())
    return [row for row in rows if about[row.pk] in seen]


#: What waits for a person now, for their digest: JSON of title, kind and due (a moment or None).
Waiting = Callable[[Vendor, Membership], Sequence[Mapping[str, Any]]]
_waiting: Waiting | None = None


def provide_waiting(waiting: Waiting) -> None:
    global _waiting  # noqa: PLW0603  (one provider per process, set once at start)
    _waiting = waiting


def _send_digest(vendor: Vendor, member: Membership, items: Sequence[Notification]) -> None:
    person = member.user
    context = {
        "name": person.first_name or str(person),
        "items": _digested(vendor, items),
        "waiting": list(_waiting(vendor, member)) if _waiting else [],
        "link": absolute(vendor, "notifications"),
    }
    # The last of them names the mail: another run with other rows is another mail, never the same one.
    key = f"digest:{person.pk}:{items[-1].pk}"
    reader = {"user": person.pk, "rows": [item.pk for item in items]}
    send_email("digest", key=key, to=person.email, context=context, reader=reader)


def _digested(vendor: Vendor, items: Iterable[Notification]) -> list[dict[str, Any]]:
    return [
        {
            "title": read_now(item.title, for_mail),
            "when": moment(item.created_at),
            "link": absolute(vendor, item.page, *([item.target] if item.target else [])),
        }
        for item in items
    ]


def _digest_recipient(message: OutboxMessage) -> tuple[str | None, str]:
    """At the moment of sending: what this person may still see of it, else nothing."""
    about, vendor = message.payload["reader"], message.vendor
    member = readers.present([about["user"]]).get(about["user"])
    rows = list(Notification.objects.filter(pk__in=about["rows"]).order_by("pk"))
    seen = still_seen(readers.actor_of(vendor, member), rows) if member else []
    if member is None or not seen:
        return None, NOT_SENT
    if len(seen) < len(rows):
        with timezone.override(vendor.zone):
            message.payload["context"]["items"] = _digested(vendor, seen)
    return member.user.email, ""
