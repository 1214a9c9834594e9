from portal.ui.navigation import NavItem, add_to_navigation

add_to_navigation(
    NavItem("Learning", "enablement:home", "school", 40, lambda actor: True, section="enablement")
)
