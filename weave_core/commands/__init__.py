"""The commands of `weave-core`, one file a noun; part of the roof: they may look at every layer."""
