"""Every list that partners are screened against, each read by one module into one schema."""
