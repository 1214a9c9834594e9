from portal.context import NavItem, add_to_navigation

add_to_navigation(NavItem("Deals", "deals:list", "briefcase", 30, lambda actor: True, section="deals"))
