//! The packet core as a Python module: a table of contents.
