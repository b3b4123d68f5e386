"""Countries, cities, airports and their shapes."""
