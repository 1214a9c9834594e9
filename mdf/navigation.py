from portal.ui.navigation import NavItem, add_to_navigation

add_to_navigation(NavItem("MDF", "mdf:home", "coin", 50, lambda actor: True, wide=True, section="mdf"))
