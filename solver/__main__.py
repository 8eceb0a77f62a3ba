"""`crstream` and `python -m solver`: the command line, and the answer to a Ctrl-C while it is imported."""


def main():
    """Run the command line; interrupted before it can say so itself it ends as it does later."""
    try:
        from .cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        from .leave import interrupted

        interrupted()


if __name__ == "__main__":
    main()
