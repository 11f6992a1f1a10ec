"""What tests share: real processes to talk to, and builders of requests."""
