from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        from partners import events, navigation  # noqa: F401  (both register what they declare)
        from partners.reach import reach
        from partners.services import programme_defaults, seat_on_join
        from portal.access import provide_reach
        from portal.imports import kinds
        from portal.newvendor import on_new_vendor
        from portal.services import on_join

        provide_reach(reach)
        on_join(seat_on_join)
        on_new_vendor(programme_defaults)
        kinds.register(
            [
                kinds.Kind("partners", "partners.resources.PartnerResource", 10),
                kinds.Kind("people", "partners.resources.PersonResource", 20),
            ]
        )
