"""The half cell as a porous-electrode model (DFN) in PyBaMM: discharge curves to hold ours against (spec 7.13, B1 and B2).

    python3 -m venv peers && peers/bin/pip install pybamm
    peers/bin/python scripts/bench/pybamm_half_cell.py [-o curves.csv]

Open-circuit potential and electrolyte are those of samples/nmc622.json, so that both programs read the same file. Prints the
capacity at 3.0 V and the voltage at given capacities, and how far they are from the tables below.

Cells of the separator and the electrode should be of like width: what PyBaMM gives depends on the face between them. On
the default ones PyBaMM 26.10 is within 0.9 mV and 0.05 % of the capacity in all nine curves (tests/bench/pybamm.csv); on 30,60,40
B1 is within 0.5 mV, and B2 up to 6 mA/cm2 within 1.2 mV but for the last point before the end (2.2 mV)."""

import argparse
import csv
import importlib.util
import json
import math
import pathlib
import sys
import time

import numpy as np

FARADAY = 96485.33212
CAPACITIES = (0.5, 1, 2, 3, 4, 5, 6, 7, 8)  # mAh/cm2

# mA/cm2: capacity at the cut-off, then V at CAPACITIES; by an own DFN, 80 x 52 x 40 cells
B1 = {
    1: (9.598, 4.1675, 4.0969, 3.9675, 3.8514, 3.7660, 3.7193, 3.6846, 3.6442, 3.5947),
    3: (9.538, 4.0973, 4.0268, 3.8979, 3.7827, 3.6991, 3.6523, 3.6164, 3.5747, 3.5236),
    6: (9.063, 4.0088, 3.9323, 3.7994, 3.6875, 3.6123, 3.5654, 3.5197, 3.4691, 3.3885),
}
B2 = {
    1: (9.591, 4.1503, 4.0798, 3.9505, 3.8346, 3.7495, 3.7024, 3.6671, 3.6265, 3.5765),
    3: (9.511, 4.0517, 3.9800, 3.8509, 3.7369, 3.6558, 3.6081, 3.5670, 3.5241, 3.4682),
    6: (8.419, 3.9302, 3.8457, 3.7069, 3.5996, 3.5331, 3.4794, 3.4251, 3.3540, 3.1995),
    8: (6.257, 3.8522, 3.7454, 3.5784, 3.4822, 3.4134, 3.3331, 3.1472),
    10: (4.587, 3.7694, 3.6311, 3.4512, 3.3561, 3.2301),
    12: (3.443, 3.6783, 3.5051, 3.3341, 3.1849),
}


def bpx(path):
    """Sections of a BPX file that a half cell needs."""
    parameters = json.loads(path.read_text())["Parameterisation"]
    return {name: parameters[name] for name in ("Electrolyte", "Positive electrode", "Separator", "User-defined")}


def law(pybamm, file, name, words):
    """A function of the concentration from the expression of a BPX file, clipped where the file says so."""
    low = file["User-defined"].get(f"Least x of {name}", 1e-12)
    high = file["User-defined"].get(f"Most x of {name}", math.inf)
    code = compile(words, name, "eval")

    def evaluate(c, temperature=None):
        x = pybamm.maximum(c, low)
        if high < math.inf:
            x = pybamm.minimum(x, high)
        return eval(code, {"__builtins__": {}, "exp": pybamm.exp}, {"x": x})

    return evaluate


def electrolyte(pybamm, file, constant):
    if constant:
        return {
            "Electrolyte conductivity [S.m-1]": 1.0,
            "Electrolyte diffusivity [m2.s-1]": 3e-10,
            "Cation transference number": 0.3,
            "Thermodynamic factor": 1.0,
        }
    section, user = file["Electrolyte"], file["User-defined"]
    return {
        "Electrolyte conductivity [S.m-1]": law(pybamm, file, "conductivity", section["Conductivity [S.m-1]"]),
        "Electrolyte diffusivity [m2.s-1]": law(pybamm, file, "diffusivity", section["Diffusivity [m2.s-1]"]),
        "Cation transference number": law(pybamm, file, "transference", user["Cation transference number function"]),
        "Thermodynamic factor": law(pybamm, file, "factor", user["TDF"]),
    }


def parameters(pybamm, file, constant, gamma, current):
    positive, separator, user = file["Positive electrode"], file["Separator"], file["User-defined"]
    table, most = positive["OCP [V]"], positive["Maximum concentration [mol.m-3]"]
    exchange = FARADAY * positive["Reaction rate constant [mol.m-2.s-1]"] / (most * math.sqrt(1000))
    lithium = user["Li exchange current density [A.m-2]"]

    def bruggeman(gamma, porosity):
        return math.log(gamma) / math.log(porosity)

    values = pybamm.ParameterValues("Xu2019")
    values.update(
        {
            "Electrode height [m]": 1.0,
            "Electrode width [m]": 1.0,
            "Current function [A]": 10.0 * current,
            "Positive electrode thickness [m]": positive["Thickness [m]"],
            "Positive electrode porosity": positive["Porosity"],
            "Positive electrode active material volume fraction": 0.5954,
            "Positive particle radius [m]": positive["Particle radius [m]"],
            "Positive electrode Bruggeman coefficient (electrolyte)": bruggeman(gamma, positive["Porosity"]),
            "Positive electrode Bruggeman coefficient (electrode)": 0.0,
            "Positive electrode conductivity [S.m-1]": positive["Conductivity [S.m-1]"],
            "Maximum concentration in positive electrode [mol.m-3]": most,
            "Initial concentration in positive electrode [mol.m-3]": positive["Minimum stoichiometry"] * most,
            "Positive particle diffusivity [m2.s-1]": 1e-14,
            "Positive electrode OCP [V]": lambda x: pybamm.Interpolant(
                np.array(table["x"]), np.array(table["y"]), x, "U", interpolator="pchip"
            ),
            "Positive electrode exchange-current density [A.m-2]": lambda c_e, c_s, c_max, temperature: exchange
            * pybamm.maximum(c_e, 1e-12) ** 0.5
            * pybamm.maximum(c_s, 1e-6 * c_max) ** 0.5
            * pybamm.maximum(c_max - c_s, 1e-6 * c_max) ** 0.5,
            "Separator thickness [m]": separator["Thickness [m]"],
            "Separator porosity": separator["Porosity"],
            "Separator Bruggeman coefficient (electrolyte)": bruggeman(
                separator["Transport efficiency"], separator["Porosity"]
            ),
            "Exchange-current density for lithium metal electrode [A.m-2]": lambda c_e, c_li, temperature: lithium
            * (c_e / 1000) ** 0.5,
            "Negative electrode conductivity [S.m-1]": 1e9,
            "Lower voltage cut-off [V]": 3.0,
            "Upper voltage cut-off [V]": 5.0,
        }
    )
    values.update(electrolyte(pybamm, file, constant))
    return values


def discharge(pybamm, file, constant, gamma, current, cells):
    """Capacity in mAh/cm2 and V, from the start to 3.0 V."""
    model = pybamm.lithium_ion.DFN({"working electrode": "positive"})
    # particle surfaces come close to 0 and 1 before 3.0 V
    model.events = [event for event in model.events if "surface stoichiometry" not in event.name]
    points = {"x_n": 10, "r_n": 10} | dict(zip(("x_s", "x_p", "r_p"), cells))
    simulation = pybamm.Simulation(
        model,
        parameter_values=parameters(pybamm, file, constant, gamma, current),
        var_pts=points,
        solver=pybamm.IDAKLUSolver(rtol=1e-7, atol=1e-7),
    )
    hours = 11.0 / current
    solution = simulation.solve(np.linspace(0, 3600 * hours, 4000))
    return solution["Time [s]"].entries / 3600 * current, solution["Voltage [V]"].entries


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("-o", metavar="FILE", help="the numbers as CSV")
    options.add_argument("--cells", default="100,60,30", help="separator, electrode, particle (default %(default)s)")
    options.add_argument("--only", help="currents in mA/cm2, like 1,6")
    asked = options.parse_args()
    if not importlib.util.find_spec("pybamm"):
        sys.exit("pybamm_half_cell: pybamm is not installed: pip install pybamm")
    import pybamm

    file = bpx(pathlib.Path(__file__).parents[2] / "samples" / "nmc622.json")
    cells = [int(n) for n in asked.cells.split(",")]
    only = [float(c) for c in asked.only.split(",")] if asked.only else None
    rows = []
    print(f"PyBaMM {pybamm.__version__}, {asked.cells} cells; in brackets mV and % away from the tables")
    for name, table, constant, gamma in (("B1", B1, True, 0.15), ("B2", B2, False, 0.10)):
        for current, expected in table.items():
            if only and current not in only:
                continue
            begin = time.perf_counter()
            capacity, voltage = discharge(pybamm, file, constant, gamma, current, cells)
            at = [float(np.interp(q, capacity, voltage)) for q in CAPACITIES[: len(expected) - 1]]
            end = float(capacity[-1])
            text = " ".join(f"{v:.4f}({1e3 * (v - e):+.1f})" for v, e in zip(at, expected[1:]))
            print(f"{name} {current:2} mA/cm2  {end:.3f}({100 * (end / expected[0] - 1):+.2f}%)  {text}  "
                  f"{time.perf_counter() - begin:.0f} s", flush=True)
            rows += [(name, current, q, v) for q, v in zip(CAPACITIES, at)] + [(name, current, end, float(voltage[-1]))]
    if asked.o:
        with open(asked.o, "w", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(("case", "current_ma_cm2", "capacity_mah_cm2", "voltage_v"))
            writer.writerows((n, c, f"{q:.6g}", f"{v:.6f}") for n, c, q, v in rows)


if __name__ == "__main__":
    main()
