"""The page of `continuity status`, put together from every package."""
