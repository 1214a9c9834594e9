"""Sessions, reached one at a time and by key: the application's role cannot list or read the table itself."""

from typing import Any

from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import connection


class SessionStore(SessionBase):
    """As Django's own in the database, through the functions of portal/tenancy/open_tables.py."""

    def exists(self, session_key: str | None) -> bool:
        return bool(_ask("portal_session_exists(%s)", session_key))

    def load(self) -> dict[str, Any]:
        kept = _ask("portal_session_read(%s)", self.session_key)
        if kept is None:
            self._session_key = None
            return {}
        return self.decode(kept)

    def create(self) -> None:
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
            try:
                self.save(must_create=True)
            except CreateError:
                continue  # the key is taken
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            return self.create()
        kept = self.encode(self._get_session(no_load=must_create))  # type: ignore[attr-defined]
        what = "create" if must_create else "update"
        until = self.get_expiry_date()
        if _ask(f"portal_session_{what}(%s, %s, %s)", self.session_key, kept, until):
            return None
        raise CreateError if must_create else UpdateError

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            _ask("portal_session_delete(%s)", key)

    @classmethod
    def clear_expired(cls) -> None:
        _ask("portal_sessions_clear()")


def _ask(call: str, *arguments: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"select {call}", arguments)
        return cursor.fetchone()[0]
