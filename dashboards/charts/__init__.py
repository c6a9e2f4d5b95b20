"""The charts: each takes named tuples and gives an Altair chart, with shapes beside its colours."""
