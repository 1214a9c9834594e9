"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from portal import celery  # noqa: F401  (shared tasks then know their broker)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()

from portal.tenancy.checks import refuse_privileged_role  # noqa: E402  (needs the app registry)

refuse_privileged_role()
