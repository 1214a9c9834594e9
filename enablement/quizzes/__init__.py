"""Tests: pools of questions, what was drawn for whom, every attempt for ever."""
