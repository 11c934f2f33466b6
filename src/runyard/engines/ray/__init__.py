"""Ray: jobs go through the Jobs API of a cluster that there is, in plain HTTP; Runyard needs no Ray for it."""
