"""What the tabs of a run's page show, one file a tab."""
