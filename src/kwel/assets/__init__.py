"""Traffic in, devices of the plant out."""
