from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        from partners import events, navigation  # noqa: F401  (both register what they declare)
        from partners.reach import reach
        from partners.services import seat_on_join
        from portal.access import provide_reach
        from portal.services import on_join

        provide_reach(reach)
        on_join(seat_on_join)
