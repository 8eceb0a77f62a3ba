"""`python -m solver`: the command line."""

from .cli import main

main()
