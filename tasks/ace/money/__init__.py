"""Fees, payment terms, statement dates, sureties."""
