"""Django admin at each vendor's address."""
