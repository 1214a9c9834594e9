#!/usr/bin/env python
"""Django's command line, with the embedded servers at hand when the environment names no others."""

import os
import sys

from portal import embedded

#: What `manage.py demo` runs with unless told otherwise; it has to be known before the settings are read.
DEMO_ENVIRONMENT = {
    "DEMO": "1",
    "DEBUG": "0",
    "ALLOWED_HOSTS": ".localhost,127.0.0.1,[::1]",
    "TASK_TIME_LIMIT": "20",  # demo vendors are small, so a killed worker's task may come back sooner
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if sys.argv[1:2] == ["demo"]:
        for name, value in DEMO_ENVIRONMENT.items():
            os.environ.setdefault(name, value)
    try:
        embedded.join()
    except embedded.EmbeddedError as error:
        sys.exit(str(error))

    from django.core.management import execute_from_command_line

    from portal import celery  # noqa: F401  (shared tasks then know their broker)

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
