"""What is counted, and the tables that are made of it."""
