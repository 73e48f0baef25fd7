"""What Hypothesis draws: events, positions, standings, journeys, policies and curves."""
