"""Tools without models. Nothing in here imports another room of ours."""
