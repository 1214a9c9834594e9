"""How long a registration stays protected: reminders, and extensions that are asked for and decided."""
