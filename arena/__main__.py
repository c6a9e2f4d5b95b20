"""`python -m arena`, as the command `arena`."""

from arena.cli import main

main()
