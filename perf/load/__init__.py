"""Load: requests sent at their times or as fast as they are answered, every answer checked, every latency counted."""
