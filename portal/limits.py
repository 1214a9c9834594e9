"""How often something may be tried, counted in Redis: one count for all processes and machines."""

import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` times within `seconds`, per whoever is named when counting."""

    name: str
    most: int
    seconds: int

    def allows(self, *who: object) -> bool:
        """Count one try; False once there were too many. The window turns by the clock, for all alike."""
        key = self._key(*who)
        cache.add(key, 0, timeout=self.seconds)
        try:
            return bool(cache.incr(key) <= self.most)
        except ValueError:  # ran out between the two
            return True

    def give_back(self, *who: object) -> None:
        """Take one try back: it turned out not to count."""
        try:
            cache.decr(self._key(*who))
        except ValueError:  # another window has begun
            return

    def forget(self, *who: object) -> None:
        cache.delete(self._key(*who))

    def _key(self, *who: object) -> str:
        window = int(time.time() // self.seconds)
        named = hashlib.sha256("\0".join(map(str, who)).encode()).hexdigest()
        return f"limit:{self.name}:{window}:{named}"


class JsonSerializer:
    """What is in Redis is never run: plain JSON instead of pickles."""

    def dumps(self, value: Any) -> bytes | int:
        # Redis itself counts up what is stored as a bare number.
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, stored: bytes) -> Any:
        return json.loads(stored)


class SharedCache(RedisCache):
    """Redis, and while that is away each process's own memory: people still sign in, loosely counted."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._alone = LocMemCache("alone", params)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._shared(super().add, self._alone.add, args, kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._shared(super().get, self._alone.get, args, kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._shared(super().set, self._alone.set, args, kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._shared(super().delete, self._alone.delete, args, kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._shared(super().incr, self._alone.incr, args, kwargs)

    def clear(self) -> None:
        """Never Django's FLUSHDB: the broker's messages live in the same database."""
        client = self._cache.get_client(None, write=True)
        for key in client.scan_iter(self.make_key("*")):
            client.delete(key)
        self._alone.clear()

    def _shared(self, ask: Callable[..., Any], alone: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        try:
            return ask(*args, **kwargs)
        except RedisError:
            logger.warning("Redis is away; limits are counted by each process for itself")
            return alone(*args, **kwargs)
