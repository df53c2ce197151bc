"""`podwire report`: one self-contained page of charts about connections, for people who were not there.

Sums come from the same commands as on the console; HTML goes out. No packets, no SQL and no network here: the page
carries its own script, and its content security policy forbids it to fetch anything.
"""

from podwire.report.command import run_report, write_report

__all__ = ["run_report", "write_report"]
