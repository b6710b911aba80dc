"""Run the command line as `python -m sluicegate`."""

import sys

from sluicegate.cli import main

if __name__ == "__main__":
    sys.exit(main())
