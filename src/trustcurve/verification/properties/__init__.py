"""What must hold: kinds of properties, combinators that make them, and properties out of the box."""
