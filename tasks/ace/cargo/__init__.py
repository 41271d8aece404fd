"""The cargo release's records (SE), written column-wise."""
