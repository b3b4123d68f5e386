"""Destination pages."""
