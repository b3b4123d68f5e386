"""Journeys in a real browser. Marked e2e and left out of the plain test run (`make e2e`)."""
