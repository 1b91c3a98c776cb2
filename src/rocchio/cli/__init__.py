"""The command line: parse, call the engine, print. No logic of its own."""
