"""From YAML text to a typed graph, with the position of every node."""
