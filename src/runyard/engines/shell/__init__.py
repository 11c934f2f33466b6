"""Programs on a machine, this one or another, behind one contract; what the engines of machines without a scheduler share."""
