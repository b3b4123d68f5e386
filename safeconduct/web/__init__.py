"""The portal's shell."""
