"""Options in, one library call, an exit status out."""
