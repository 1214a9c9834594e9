"""How tasks travel. What a killed worker does to a run is tested with the run itself."""

import pytest

from portal import celery
from portal.celery import app


@pytest.mark.parametrize(
    ("redis_url", "expected"),
    [
        ("unix:///run/portal/redis?db=3", "redis+socket:///run/portal/redis?virtual_host=3"),
        ("unix:///run/portal/redis", "redis+socket:///run/portal/redis?virtual_host=0"),
        ("redis://:secret@redis:6379/2", "redis://:secret@redis:6379/2"),
        ("rediss://redis:6380/0", "rediss://redis:6380/0"),
    ],
)
def test_broker_url_is_understood_by_celery(redis_url, expected):
    assert celery.broker_url(redis_url) == expected


def test_broker_answers():
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1)
        assert connection.connected


@pytest.mark.parametrize("limit", ["20", "120"])
def test_no_task_outlives_the_visibility_timeout(monkeypatch, limit):
    monkeypatch.setenv("TASK_TIME_LIMIT", limit)
    conf = celery.configuration()
    assert conf["task_soft_time_limit"] < conf["task_time_limit"]
    assert conf["task_time_limit"] < conf["broker_transport_options"]["visibility_timeout"]


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in celery.BEAT_SCHEDULE.values()}
    assert scheduled <= set(app.tasks)


def test_every_setting_is_one_celery_knows():
    assert set(celery.configuration()) <= set(app.conf.defaults[-1])


def test_shared_tasks_know_the_broker():
    from portal.events.tasks import sweep_outbox

    assert sweep_outbox.app is app
