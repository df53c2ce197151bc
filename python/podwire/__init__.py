"""podwire shows Kubernetes traffic from the outside: Pod names, TCP states and latencies from a mirror port."""
