from portal.ui.navigation import NavItem, add_to_navigation

add_to_navigation(
    NavItem(
        "Partners",
        "partners:list",
        "users",
        20,
        lambda actor: actor.is_staff,
        # A partner's scorecard is one of the tabs of its page.
        section="partners scorecards:detail scorecards:metric_rows",
    ),
    NavItem("People", "partners:people", "user", 80, lambda actor: actor.is_partner_person, wide=True),
)
