"""What podwire knows now, in memory: Pods as vPorts, endpoints with names, CNI findings, the state of clusters.

Plain tables with bounds, changed by `engine` and read by `commands`. No I/O and no clock: time is an argument.
"""
