"""One module for each framework: how a scenario is played in it."""
