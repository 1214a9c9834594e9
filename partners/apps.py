from portal.features import FeatureConfig


class PartnersConfig(FeatureConfig):
    name = "partners"
    imports = {
        "partners": ("partners.resources.PartnerResource", 10),
        "people": ("partners.resources.PersonResource", 20),
        "products": ("partners.resources.ProductResource", 40),
    }
    new_vendor = ("partners.services.programme_defaults",)

    def ready(self) -> None:
        super().ready()
        from partners.reach import reach
        from partners.services import seat_on_join
        from portal.access import provide_reach
        from portal.services import on_join

        provide_reach(reach)
        on_join(seat_on_join)
