# One image for web, worker, beat and migrations; docker-compose.yml says which is which.
FROM python:3.13-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=portal.settings

RUN useradd --system --uid 10001 --home-dir /app portal
WORKDIR /app

COPY requirements/base.txt requirements/base.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/base.txt

COPY . .
# Placeholders: collecting files asks no server and signs nothing.
RUN SECRET_KEY=build DATABASE_URL=postgresql:///build REDIS_URL=redis://build \
    python manage.py collectstatic --no-input \
    && mkdir -p var/media \
    && chown -R portal var

USER portal
EXPOSE 8000
CMD ["gunicorn", "portal.wsgi", "--bind=0.0.0.0:8000", "--worker-class=portal.worker.BufferingWorker", "--threads=4", "--preload", "--worker-tmp-dir=/dev/shm", "--access-logfile=-", "--no-control-socket"]
