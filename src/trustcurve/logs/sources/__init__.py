"""The files that logs come in: CSV, JSON lines and Parquet, each read by one reader."""
