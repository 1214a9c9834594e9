from portal.context import NavItem, add_to_navigation

add_to_navigation(
    NavItem("Partners", "partners:list", "users", 20, lambda actor: actor.is_staff, section="partners"),
    NavItem("People", "partners:people", "user", 80, lambda actor: actor.is_partner_person, wide=True),
)
