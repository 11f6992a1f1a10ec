"""What unmodified `wandb` clients say, heard by the services that our own SDK talks to.

An adapter and no second home for data: what a client says of a run becomes the words that spans of
ours would say of it, and what it asks is answered from the same rows.
"""
