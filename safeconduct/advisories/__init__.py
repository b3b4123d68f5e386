"""Governments' levels and sections per destination, with their history."""
