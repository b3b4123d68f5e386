"""Safeconduct: a self-hosted travel risk management and assistance portal."""
