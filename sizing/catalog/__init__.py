"""Dated, sourced facts and their loaders. Nothing here computes; nothing here touches a network."""
