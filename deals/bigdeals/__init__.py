"""Support for big deals: a special price, asked for, granted for a time and used at the win."""
