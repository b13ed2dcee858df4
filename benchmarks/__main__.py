"""Measure everything and write results.json beside this file."""

import json
import time
from pathlib import Path

from . import laws, marcum, measure, simulation

BENCHMARKS = (
    marcum.marcum,
    marcum.inverse,
    laws.ratio,
    laws.expn,
    laws.genchi2,
    simulation.outages,
    simulation.sampling,
    simulation.rare,
    marcum.certified,
)


def main() -> None:
    """Run the benchmarks in turn, print the figures and write the file."""
    rows = []
    for benchmark in BENCHMARKS:
        start = time.perf_counter()
        rows.append(benchmark())
        print(f"{rows[-1]['what']}  ({time.perf_counter() - start:.0f} s)")
        for name, figures in {"isacnb": rows[-1]["ours"], **rows[-1]["peers"]}.items():
            for figure in figures:
                met = {True: "  met", False: "  MISSED"}.get(figure.get("met"), "")
                print(f"    {name}: {figure['figure']}: {figure['value']:g}{met}")
    path = Path(__file__).with_name("results.json")
    results = {"environment": measure.environment(), "rows": rows}
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
