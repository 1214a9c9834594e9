from portal.ui.navigation import NavItem, add_to_navigation

add_to_navigation(
    NavItem("Library", "library:home", "books", 60, lambda actor: True, wide=True, section="library")
)
