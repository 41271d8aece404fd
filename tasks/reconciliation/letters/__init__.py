"""Letters, lists and data sheets of the reconciliation, each for a person to sign and send."""
