"""Trips in files of others, read into rows. Pure: no database, no network, no clock."""
