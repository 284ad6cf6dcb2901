"""Side-by-side measurements of processes: what tools/bench runs."""
