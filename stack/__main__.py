"""`python -m stack`: the commands behind the Makefile."""
