"""The record itself, and what every action on it begins and ends with."""
