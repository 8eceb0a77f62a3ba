"""`crstream` and `python -m solver`: the command line, and the answer to a Ctrl-C while it is imported."""

import sys


def main():
    """Run the command line; interrupted before it can say so itself it ends as it does later."""
    try:
        from .cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        from .launcher import first_rank

        if first_rank():
            print("crstream: interrupted", file=sys.stderr)
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
