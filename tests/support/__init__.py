"""What the end-to-end tests stand on: the real program, raw clients of both protocols, and the real command lines."""
