"""A log's rows become events, columnar: Polars expressions over a lazy frame."""
