"""``python -m kwel``: the command line."""

from kwel.cli import main

if __name__ == "__main__":
    main()
