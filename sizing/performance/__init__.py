"""How fast an engine serves a model: the cost of a step, and what many steps add up to."""
