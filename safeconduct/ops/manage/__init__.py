"""Pages of the organisation console: for those who look after their own travellers."""
