"""The page on which a course is taken: its modules, its tests, and where one stopped."""
