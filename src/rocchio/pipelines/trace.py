"""What a plan did, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class StepTrace:
    """One step: its text form, `seconds` it took, how many `queries`, how many results each at most, and `note`, what
    else is to be said, empty if nothing. `shared` steps had been run for another part of the plan.
    """

    step: str
    seconds: float
    queries: int
    k: int | None
    note: str = ""
    shared: bool = False


@dataclass
class Trace:
    """`steps` in the order in which they were run."""

    steps: list[StepTrace] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Of all steps together."""
        return sum(step.seconds for step in self.steps)

    def __str__(self) -> str:
        """A line for each step."""
        lines = []
        for step in self.steps:
            place = "shared" if step.shared else f"{step.seconds * 1000:.1f} ms"
            what = f"first {step.k:,}" if step.k is not None else "queries refined"
            lines.append(f"{place:>12}  {step.step}  ({what}{'; ' + step.note if step.note else ''})")
        return "\n".join(lines)
