"""Downtime letters: what CBP wants on paper while a broker cannot transmit (R2, R3)."""
