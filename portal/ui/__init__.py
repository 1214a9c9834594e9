"""The page frame, forms, figures and their wording."""
