"""Reading what ACE sends back: one module an answer or a part of it."""
