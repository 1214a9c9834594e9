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
        from partners.partner_access import homes, reach
        from partners.services import seat_on_join
        from portal.notifications.readers import provide_homes
        from portal.people.services import on_join
        from portal.tenancy.access import provide_reach

        provide_reach(reach)
        provide_homes(homes)
        on_join(seat_on_join)
