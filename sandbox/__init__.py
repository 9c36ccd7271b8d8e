"""A local AWS and the real Pulumi engine, so that the program runs without an account."""
