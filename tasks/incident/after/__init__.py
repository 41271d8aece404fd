"""After release: redelivery, CBP's discretion, and entries that a substitute broker takes over."""
