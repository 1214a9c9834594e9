#!/usr/bin/env python
"""Django's command line, with the embedded servers at hand when the environment names no others."""

import os
import sys

from portal import embedded


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if sys.argv[1:2] == ["demo"]:
        os.environ["DEMO"] = "1"  # before the settings are read
    try:
        embedded.join()
    except embedded.EmbeddedError as error:
        sys.exit(str(error))

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
