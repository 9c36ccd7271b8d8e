"""Tests of the training model, one module for each of its own."""
