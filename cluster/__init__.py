"""Turns a Plan into AWS resources."""
