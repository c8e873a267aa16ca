"""Compiles the kernels to machine code once, and loads that code at each later start."""
