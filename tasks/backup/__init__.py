"""Sealed off-site backups: write-only host, self-proving packs, signed and chained snapshots."""
