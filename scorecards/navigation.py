from portal.ui.navigation import NavItem, add_to_navigation

add_to_navigation(
    NavItem("Today", "home", "inbox", 10, lambda actor: actor.is_staff, badge="requests:count"),
    NavItem(
        "Portfolio",
        "scorecards:portfolio",
        "chart-bar",
        15,
        lambda actor: actor.is_staff,
    ),
    NavItem("Home", "home", "home", 10, lambda actor: actor.is_partner_person, badge="requests:count"),
    NavItem(
        "Scorecard",
        "scorecards:own",
        "gauge",
        60,
        lambda actor: actor.is_partner_person,
        section="scorecards",
    ),
)
