"""The exit codes of the command line, as its help and the README tell them; 0 is success."""

FAILED = 1
MISUSED = 2
