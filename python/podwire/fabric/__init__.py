"""The configuration document and where it is kept: a local file now, replicated between the switches of a fabric later.

Whoever keeps it offers the same few calls with compare-and-set. What the settings mean is not known here.
"""
