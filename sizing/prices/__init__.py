"""Renewing prices from AWS itself: the only part of sizing that asks for them over the network."""
