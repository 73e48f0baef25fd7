"""Who the customers are: segments, arrivals, departures, and what they tell others."""
