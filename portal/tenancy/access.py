"""From a membership to a Scope.

The kernel does not know partners. Who does (the partners app) registers a *reach provider*: for one
membership, the partners it reads and the ones it writes for. Without a provider nobody reaches any.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.people.models import Membership, User
from portal.tenancy.models import Vendor
from portal.tenancy.roles import ALL_PARTNER_ROLES, PARTNER_ROLES, Role
from portal.tenancy.scope import ALL, All, PartnerIds, Scope


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a person's own partner can do nothing for now, as the page tells it; `reads`: look, but no more."""

    title: str
    text: str
    reads: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """Partner ids a membership reads and, if fewer, writes for; `home` is a partner person's own partner."""

    partner_ids: PartnerIds = frozenset()
    own_partner_ids: PartnerIds | None = None
    home: Any = None
    pause: Pause | None = None


ReachProvider = Callable[[Membership], Reach]
_provider: ReachProvider | None = None


def provide_reach(provider: ReachProvider) -> None:
    global _provider  # noqa: PLW0603  (one provider per process, set once at start)
    _provider = provider


def reach_of(membership: Membership) -> Reach:
    """Must run under the vendor's system scope; the person's own scope is what it helps to compute."""
    if membership.role in ALL_PARTNER_ROLES:
        return Reach(partner_ids=ALL)
    if _provider is None:
        return Reach()
    return _provider(membership)


def scope_of(membership: Membership, reach: Reach) -> Scope:
    return Scope(
        vendor_id=membership.vendor_id,
        partner_ids=reach.partner_ids,
        own_partner_ids=reach.own_partner_ids,
        staff=membership.role not in PARTNER_ROLES,
        actor_id=membership.user_id,
        read_only=membership.role == Role.EXECUTIVE,
    )


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as services and policies see it: the person, their role here, and their own partner."""

    user: User
    role: Role
    vendor: Vendor
    scope: Scope
    partner: Any = None
    membership: Membership | None = None
    pause: Pause | None = None

    @property
    def is_staff(self) -> bool:
        return self.role not in PARTNER_ROLES

    @property
    def is_partner_person(self) -> bool:
        return self.role in PARTNER_ROLES

    @property
    def is_admin(self) -> bool:
        return self.role == Role.PROGRAM_ADMIN

    @property
    def is_manager(self) -> bool:
        """May decide and work on partners: channel managers for theirs, program admins for all."""
        return self.role in (Role.CHANNEL_MANAGER, Role.PROGRAM_ADMIN)

    @property
    def is_read_only(self) -> bool:
        return self.scope.read_only

    @property
    def is_distributor(self) -> bool:
        """Reads the partners that buy through its own besides."""
        partner_ids = self.scope.partner_ids
        return self.is_partner_person and not isinstance(partner_ids, All) and len(partner_ids) > 1

    def reaches(self, partner_id: int | None) -> bool:
        return partner_id in self.scope.partner_ids

    def writes_for(self, partner_id: int | None) -> bool:
        return partner_id in self.scope.write_partner_ids
