"""One module per library; each imports its library on use and wraps its public extension point."""
