"""Pages of the desk: for those who run the deployment."""
