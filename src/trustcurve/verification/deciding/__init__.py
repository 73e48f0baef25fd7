"""How properties are decided: searches, relations, chains."""
