"""Pure computation: from a model, a precision and a load to a plan of GPU nodes and its cost."""
