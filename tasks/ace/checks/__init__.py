"""What `ace check` looks at: structure, classes, rules."""
