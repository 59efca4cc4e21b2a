#!/usr/bin/env python3
"""pretend_measured.py OUT.csv MILLIVOLTS SEED CURVE.csv...: what an instrument would have noted of simulated curves.

Sixty points of each, evenly in capacity, with normal noise on the voltage; for experiments whose gamma is known."""
import csv
import random
import sys


def thinned(path, points=60):
    with open(path, newline="") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    capacity = [row["capacity_mah_cm2"] for row in rows]
    for i in range(points):
        wanted = capacity[-1] * i / (points - 1)
        k = max(1, next((k for k, q in enumerate(capacity) if q >= wanted), len(rows) - 1))
        part = (wanted - capacity[k - 1]) / (capacity[k] - capacity[k - 1])
        voltage = rows[k - 1]["voltage_v"] + part * (rows[k]["voltage_v"] - rows[k - 1]["voltage_v"])
        yield rows[-1]["current_ma_cm2"], wanted, voltage


def main(out, millivolts, seed, *curves):
    noise = random.Random(int(seed))
    with open(out, "w", newline="") as file:
        file.write("current_ma_cm2,capacity_mah_cm2,voltage_v\n")
        for path in curves:
            for current, capacity, voltage in thinned(path):
                file.write(f"{current:g},{capacity:.5f},{voltage + noise.gauss(0, 1e-3 * float(millivolts)):.4f}\n")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
