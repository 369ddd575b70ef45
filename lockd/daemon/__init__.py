"""The shell around the core: the only package that knows everybody."""
