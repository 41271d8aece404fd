"""The entry summary (AE): its records, and its rules."""
