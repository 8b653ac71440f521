"""ShellCheck: the program, what it said before, and what it need not be given."""
