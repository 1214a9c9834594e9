"""The settings as mypy's Django plugin reads them: no server is asked, so none has to run."""

import os

for _name, _value in {
    "DATABASE_URL": "postgresql:///typing",
    "DATABASE_OWNER_URL": "postgresql:///typing",
    "REDIS_URL": "redis://localhost",
    "SECRET_KEY": "typing",
}.items():
    os.environ.setdefault(_name, _value)

from portal.settings import *  # noqa: E402, F403
