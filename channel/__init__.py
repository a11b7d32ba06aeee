"""How one zone calls another: typed messages over HTTP on a unix socket, with size limits and deadlines."""
