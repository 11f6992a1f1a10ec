"""The commands of `weave-core`, one file a noun.  Part of the roof: they may look at every layer."""
