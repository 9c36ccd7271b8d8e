"""A stand-in for Pulumi's `aws` provider that can reach nothing but a local AWS on loopback."""
