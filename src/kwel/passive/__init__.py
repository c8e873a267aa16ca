"""An interface in, the same interface unable to send out, and what proves it."""
