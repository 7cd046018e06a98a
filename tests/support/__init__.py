"""The base of the end-to-end tests: the real program, raw clients of both protocols, and the real command
lines."""
