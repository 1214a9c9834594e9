"""Pages that show several features of a deal."""
