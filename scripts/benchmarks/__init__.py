"""What scripts/bench runs: the solver against a floor, against plain programs and against other people's codes."""
