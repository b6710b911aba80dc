"""What `sluicegate keys`, `users` and `teams` have in common."""
