from django.apps import AppConfig


class ScorecardsConfig(AppConfig):
    name = "scorecards"

    def ready(self) -> None:
        from portal.events import listen, listen_to_batches
        from portal.newvendor import on_new_vendor
        from scorecards import events, navigation  # noqa: F401  (each registers what it declares)
        from scorecards.services import mark_many_stale, mark_stale, programme_defaults

        listen(mark_stale)
        listen_to_batches(mark_many_stale)
        on_new_vendor(programme_defaults)
