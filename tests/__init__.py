"""The tests of Safeconduct."""
