"""A Report in, one file out."""
