"""The loop of turns, and all that it can do: a finite automaton."""
