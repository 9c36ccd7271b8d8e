"""The policy pack: what a stack may be and may cost."""
