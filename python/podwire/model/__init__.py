"""The words of the domain as plain, immutable records: Pod, Node, VPort, Overlay, CniFinding, Evidence, Claim.

Records only: no I/O, no clock, no rules beyond what a value needs to be well formed. Every other room may use them.
"""
