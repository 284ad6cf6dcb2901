"""What the functional tests stand on: real processes on loopback, and clients for them."""
