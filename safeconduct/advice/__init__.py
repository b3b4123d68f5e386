"""What a traveller must have, do or show to be let in: entry and health requirements."""
