"""Every question the server asks its database, one function each, one file a noun.

A query takes a connection and plain arguments and gives back JSON-ready dicts in the shapes of
`weave_core.model` (a test holds the two together): 50,000 spans as model objects would take
seconds.  Bounded, keyset-paged, each served by a named index.
"""
