"""The library beside those that users would otherwise pick; the rules are in README.md."""
