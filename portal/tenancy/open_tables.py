"""Tables outside the vendors' wall, and how little of them the application's role may touch.

They are read before the vendor is known, or belong to people and not to vendors, so row security by vendor
cannot guard them. Each gets its rights column by column; what is a person's or a vendor's own is closed to
everybody else as soon as somebody is known (a scope with an actor or a vendor is entered). Applied by the
owner after every migration, and the same however often. `tests/test_open_tables.py` walks the catalog.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import connections

_VENDOR: Final = "(select nullif(current_setting('portal.vendor_id', true), '')::bigint)"
_ACTOR: Final = "(select nullif(current_setting('portal.actor_id', true), '')::bigint)"
_STAFF: Final = "(select current_setting('portal.staff_writes', true) = 'on')"
_NOBODY: Final = f"({_VENDOR} is null and {_ACTOR} is null)"
#: Without a vendor it is the command line or sign-in; within one, nobody makes vendors or hosts.
_OUTSIDE: Final = f"({_VENDOR} is null)"
_OWN: Final = f"({_NOBODY} or user_id = {_ACTOR})"
_IN_REACH: Final = "exists (select 1 from {table} one where one.{key} = {of})"
_GRANTED: Final = (
    f"({_OUTSIDE} or {_IN_REACH.format(table='partners_partner', key='id', of='content_object_id')})"
)
_REGIONAL: Final = (
    f"({_OUTSIDE} or {_IN_REACH.format(table='partners_region', key='id', of='content_object_id')})"
)
_MEMBER: Final = (
    f"({_OUTSIDE} or user_id = {_ACTOR} or "
    f"{_IN_REACH.format(table='partners_region', key='group_id', of='portal_user_groups.group_id')})"
)
_ARRANGED: Final = f"({_OUTSIDE} or {_STAFF})"


@dataclass(frozen=True, slots=True)
class Table:
    """`rights` as GRANT takes them. `read` and `change` are conditions on rows, '' for no row security."""

    rights: str
    read: str = ""
    change: str = ""


#: Of a vendor's own row everything but what its address and its switch are made of.
_VENDOR_COLUMNS: Final = (
    "name, time_zone, currency, fiscal_year_start, colour, support_email, requires_second_factor, "
    "protection_days, decision_hours, lead_answer_hours, lead_contact_hours, suspended_partners_read, "
    "ended_partners_read_days, is_active"
)
_USER_COLUMNS: Final = "password, last_login, first_name, last_name, email, is_active"
_CHANGE_COLUMNS: Final = "proved_at, cancelled_at, undo_hash, undo_until, undone_at"

TABLES: Final[dict[str, Table]] = {
    "portal_vendor": Table(
        f"select, insert, update ({_VENDOR_COLUMNS})", "true", f"({_OUTSIDE} or id = {_VENDOR})"
    ),
    "portal_vendorhost": Table("select, insert, update (host), delete", "true", _OUTSIDE),
    "portal_user": Table(f"select, insert, update ({_USER_COLUMNS})"),
    "portal_addresschange": Table(f"select, insert, update ({_CHANGE_COLUMNS})", _OWN, _OWN),
    "account_emailaddress": Table("select, insert, update, delete", _OWN, _OWN),
    "account_emailconfirmation": Table("select, delete"),
    "mfa_authenticator": Table("select, insert, update, delete", _OWN, _OWN),
    "django_session": Table(""),  # only by the functions below: who has no key sees no session
    "django_admin_log": Table(""),  # the events are the record
    "django_migrations": Table("select"),
    "django_content_type": Table("select, insert"),
    "auth_permission": Table("select, insert"),
    "auth_group": Table("select, insert, update, delete"),
    "auth_group_permissions": Table("select, delete"),  # they go with the group of a region
    "guardian_groupobjectpermission": Table("select, delete"),  # as those above
    "guardian_userobjectpermission": Table("select"),
    "portal_user_user_permissions": Table("select"),
    "portal_user_groups": Table("select, insert, delete", _MEMBER, f"({_MEMBER} and {_ARRANGED})"),
    "partners_partnerusergrant": Table("select, insert, delete", _GRANTED, f"({_GRANTED} and {_ARRANGED})"),
    "partners_regiongroupgrant": Table("select, insert, delete", _REGIONAL, f"({_REGIONAL} and {_ARRANGED})"),
}

#: What sessions need, one at a time and by key (portal/people/sessions.py).
SESSIONS: Final = """
create or replace function portal_session_read(of_key text) returns text
language sql stable security definer set search_path = public, pg_temp as $$
    select session_data from django_session where session_key = of_key and expire_date > now()
$$;
create or replace function portal_session_exists(of_key text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select 1 from django_session where session_key = of_key)
$$;
create or replace function portal_session_create(of_key text, kept text, until timestamptz) returns boolean
language sql security definer set search_path = public, pg_temp as $$
    with made as (
        insert into django_session (session_key, session_data, expire_date) values (of_key, kept, until)
        on conflict do nothing returning 1
    ) select exists (select 1 from made)
$$;
create or replace function portal_session_update(of_key text, kept text, until timestamptz) returns boolean
language sql security definer set search_path = public, pg_temp as $$
    with changed as (
        update django_session set session_data = kept, expire_date = until where session_key = of_key
        returning 1
    ) select exists (select 1 from changed)
$$;
create or replace function portal_session_delete(of_key text) returns void
language sql security definer set search_path = public, pg_temp as $$
    delete from django_session where session_key = of_key
$$;
create or replace function portal_sessions_clear() returns void
language sql security definer set search_path = public, pg_temp as $$
    delete from django_session where expire_date < now()
$$;
"""
#: Within a vendor nobody is made a superuser: joining, importing and the administration run there.
NO_SUPERUSERS: Final = f"""
create or replace function portal_no_superuser() returns trigger language plpgsql as $$
begin
    if (new.is_superuser or new.is_staff) and not {_OUTSIDE} then
        raise exception 'no superuser is made within a vendor' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
create or replace trigger portal_no_superuser before insert on portal_user
    for each row execute function portal_no_superuser();
"""


def narrow(using: str = "owner", **_: Any) -> None:
    """Give the app role what is listed here and nothing more; idempotent, run as owner after the grants."""
    connection, role = connections[using], settings.APP_ROLE
    if connection.settings_dict["USER"] == role:
        return
    with connection.cursor() as cursor:
        cursor.execute("select relname from pg_class where relname = any(%s)", [list(TABLES)])
        for (name,) in cursor.fetchall():
            for statement in _statements(name, TABLES[name], connection.ops.quote_name(role)):
                cursor.execute(statement)
        cursor.execute(SESSIONS + NO_SUPERUSERS)
        for signature in _session_functions():
            cursor.execute(f"revoke all on function {signature} from public")
            cursor.execute(f"grant execute on function {signature} to {connection.ops.quote_name(role)}")


def _session_functions() -> tuple[str, ...]:
    return (
        "portal_session_read(text)",
        "portal_session_exists(text)",
        "portal_session_create(text, text, timestamptz)",
        "portal_session_update(text, text, timestamptz)",
        "portal_session_delete(text)",
        "portal_sessions_clear()",
    )


def _statements(name: str, table: Table, role: str) -> list[str]:
    # Names and conditions stand in this file; none of it comes from input.
    statements = [f"revoke select, insert, update, delete on {name} from {role}"]
    if table.rights:
        statements.append(f"grant {table.rights} on {name} to {role}")
    if not table.read:
        return statements
    policies = {
        "read": f"for select using ({table.read})",
        "insert": f"for insert with check ({table.change})",
        "update": f"for update using ({table.change}) with check ({table.change})",
        "delete": f"for delete using ({table.change})",
    }
    statements.append(f"alter table {name} enable row level security")
    for what, how in policies.items():
        statements.append(f"drop policy if exists open_{what} on {name}")
        statements.append(f"create policy open_{what} on {name} {how}")
    return statements
