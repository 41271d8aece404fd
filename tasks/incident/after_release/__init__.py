"""After release: redelivery, CBP discretion, and entries that a substitute broker takes over."""
