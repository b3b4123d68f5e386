"""Trips, stops and whereabouts."""
