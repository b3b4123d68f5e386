"""Assistance centres."""
