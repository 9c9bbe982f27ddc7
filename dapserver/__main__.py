"""`python -m dapserver`: the same as the command `dapserver`."""

from dapserver.cli import main

if __name__ == "__main__":
    main()
