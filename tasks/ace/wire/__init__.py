"""Bytes and columns below every application."""
