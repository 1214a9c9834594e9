"""The Celery application: how tasks travel, how long they may take, and what runs when.

Redis is only the messenger. A task may be lost or delivered twice, so every task takes ids, is idempotent,
and has a sweep behind it that finds in PostgreSQL what still has to be done.
"""

import os
from typing import Any
from urllib.parse import parse_qs, urlsplit

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_init
from django.conf import settings

from portal import environment as env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

BEAT_SCHEDULE = {
    "create event partitions": {
        "task": "portal.events.tasks.create_event_partitions",
        "schedule": crontab(minute="20", hour="0"),
    },
    "sweep unconfirmed registrations": {
        "task": "deals.tasks.sweep_bulk_uploads",
        "schedule": crontab(minute="50", hour="3"),
    },
    "sweep abandoned files": {
        "task": "portal.files.tasks.sweep_files",
        "schedule": crontab(minute="40", hour="3"),
    },
    "sweep the outbox": {"task": "portal.events.tasks.sweep_outbox", "schedule": 30.0},
    # Often, because mornings come at odd minutes: some zones are half an hour or a quarter off.
    "send the daily digests": {
        "task": "portal.notifications.tasks.send_digests",
        "schedule": crontab(minute="*/15"),
    },
    # Hourly, because vendors live in different time zones: each is scored once its own day has turned.
    "score vendors whose day has turned": {
        "task": "scorecards.tasks.hourly_tick",
        "schedule": crontab(minute="5"),
    },
    "rescore stale partners": {"task": "scorecards.tasks.sweep_stale", "schedule": 30.0},
    "count learning records": {"task": "enablement.tasks.sweep_learning_results", "schedule": 60.0},
    "time out leads and remind of contacts": {"task": "deals.tasks.mind_leads", "schedule": 300.0},
    # Hourly, because vendors live in different time zones: each night comes once.
    "keep the books of the funds": {"task": "mdf.tasks.keep_books", "schedule": crontab(minute="14")},
    "remind of requests and escalate": {"task": "portal.requests.tasks.mind_requests", "schedule": 300.0},
    "remind of approvals and escalate": {"task": "deals.tasks.nudge_approvals", "schedule": 300.0},
    "remind of special prices that end": {"task": "deals.tasks.remind_of_prices", "schedule": 300.0},
    "publish how fast vendors decide": {
        "task": "deals.tasks.publish_decision_times",
        "schedule": crontab(minute="25"),
    },
    # Often, because mornings come at odd minutes.
    "remind of protection about to end": {
        "task": "deals.tasks.remind_of_protection",
        "schedule": crontab(minute="*/15"),
    },
    "remind of assigned courses": {"task": "enablement.assignments.mind", "schedule": crontab(minute="*/15")},
    "end learning sessions that went quiet": {
        "task": "enablement.cmi5.end_quiet_sessions",
        "schedule": crontab(minute="*/15"),
    },
    "remind of certificates": {"task": "enablement.certifications.mind", "schedule": crontab(minute="35")},
    "expire deal protection": {"task": "deals.tasks.expire_protection", "schedule": crontab(minute="15")},
}


def broker_url(redis_url: str) -> str:
    """Celery's spelling of a redis-py address: `unix:///path?db=1` is `redis+socket:///path?virtual_host=1`."""
    url = urlsplit(redis_url)
    if url.scheme != "unix":
        return redis_url
    database = parse_qs(url.query).get("db", ["0"])[0]
    return f"redis+socket://{url.path}?virtual_host={database}"


def configuration() -> dict[str, Any]:
    # A message that is not acknowledged within the visibility timeout is delivered once more. So the timeout
    # must exceed every task, and every countdown, but is also how long the tasks of a killed machine wait.
    time_limit = env.number("TASK_TIME_LIMIT", 120)  # seconds
    return {
        "broker_url": broker_url(settings.REDIS_URL),
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "visibility_timeout": time_limit + 10,
            # Look for unacknowledged messages every second; by default it is every hundred.
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
        },
        "task_time_limit": time_limit,
        "task_soft_time_limit": max(1, time_limit - 5),
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_prefetch_multiplier": 1,
        # A killed child process is noticed, and its task sent again, after this many seconds.
        "worker_lost_wait": 1.0,
        # Without its connection a task cannot be acknowledged and will be delivered again: stop the first.
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "worker_hijack_root_logger": False,
        "timezone": "UTC",
        "beat_schedule": BEAT_SCHEDULE,
        "beat_schedule_filename": str(settings.VAR_DIR / "celerybeat"),
    }


app = Celery("portal")
app.add_defaults(configuration)  # a function, so that importing this module reads no settings
app.autodiscover_tasks()


@worker_init.connect
def refuse_privileged_role(**_: Any) -> None:
    from portal.tenancy import checks

    checks.refuse_privileged_role()
