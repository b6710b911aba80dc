"""The stages that Sluicegate ships: one file each, with its settings, its class and its registration."""
