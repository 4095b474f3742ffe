"""`python -m convscope` is the `convscope` command."""

from convscope.cli import main

main()
