"""What tests of programs that use rocchio can use too."""

from rocchio.testing.faults import FaultyDirectory, SimulatedCrash

__all__ = ["FaultyDirectory", "SimulatedCrash"]
