"""Settings, addresses, checks and the command line: what joins the rooms into one product."""
