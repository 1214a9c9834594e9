"""When the vendor's people work, and how promises run in their hours."""
