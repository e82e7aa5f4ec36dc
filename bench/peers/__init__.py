"""The training steps as other idioms write them; each begins with the weights of `weights.py`."""
