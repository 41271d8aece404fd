"""What other agencies want of a shipment when their data cannot be transmitted (R5, P10)."""
