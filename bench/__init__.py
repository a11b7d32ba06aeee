"""Measurements of Paraph, as ratios taken in one run on one machine. `make bench` runs them all."""
