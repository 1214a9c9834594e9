from portal.ui.navigation import NavItem, add_to_navigation

add_to_navigation(
    NavItem("Leads", "leads:list", "magnet", 25, lambda actor: True, section="leads"),
    NavItem("Deals", "deals:list", "briefcase", 30, lambda actor: True, section="deals"),
)
