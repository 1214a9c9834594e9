"""Who must approve a registration, by the vendor's rules, and by when."""
