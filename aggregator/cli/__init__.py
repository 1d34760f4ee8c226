"""The command line. Thin: each command calls what the layers below offer and prints what comes back.

Processes that parse documents import the main script again, and this package with it: so nothing is imported
here before `main` runs.
"""


def main() -> None:
    """Run the command line and exit with its code."""
    from aggregator.cli.app import run  # noqa: PLC0415 - see above

    run()
