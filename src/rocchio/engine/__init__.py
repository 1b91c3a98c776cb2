"""What users hold: `Collection`, its snapshots, and how documents get in."""
