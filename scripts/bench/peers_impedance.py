"""Impedance beside TauFactor's ElectrodeSolver, where it is installed: seconds a frequency for pores that block against everything
else.

peers_impedance.py PROGRAM SIDE: the medium of the program's bench, about, of SIDE^3 voxels. The program does 26 frequencies from
1e5 to 1 Hz at once, to 1e-4. TauFactor does one after the other; three of them, around the knee, are timed until they stay
within 1e-3 of where they end, and nothing but its sweeps is counted. It puts half a voxel of electrolyte in front of each
double layer, so that only times can be compared. Both use all processors; in turn, ROUNDS times."""

import json
import statistics
import subprocess
import sys
import time

import numpy as np

ROUNDS = 3
FREQUENCIES = 26
WANTED, SETTLED = 1e-3, 1e-5
EACH = 100  # sweeps between two looks


def medium(side):
    """1 conducts: 40 % of cells of 16 voxels."""
    cells = np.random.default_rng(1).random((-(-side // 16),) * 3) < 0.4
    return cells.repeat(16, 0).repeat(16, 1).repeat(16, 2)[:side, :side, :side]


def connected(conducts):
    """Of it what touches the first face: TauFactor would sweep over the rest as well."""
    from scipy.ndimage import label

    parts, _ = label(conducts)
    seen = np.unique(parts[0])
    return np.isin(parts, seen[seen > 0])


def ours(program, side):
    out = subprocess.run([program, "bench", "impedance", "--json", "--quiet", "--side", str(side), "--repeats", "1"], check=True,
                         capture_output=True)
    row = next(r for r in json.loads(out.stdout)["rows"] if r["stage"] == "impedance")
    return row["seconds"] / FREQUENCIES, row["what"]


def taufactor(conducts, omega):
    """Seconds until the impedance stays where it ends, and sweeps."""
    import taufactor

    solver = taufactor.ElectrodeSolver(conducts.astype(np.uint8), omega=omega, device="cpu")
    trace, begin = [], time.perf_counter()

    def look():
        trace.append((time.perf_counter() - begin, complex(solver.z)))
        late = [z for _, z in trace[-6:]]
        return len(late) == 6 and max(abs(z - late[-1]) for z in late) < SETTLED * abs(late[-1].real)

    solver.check_convergence = look
    solver.solve(iter_limit=200000, verbose=False)
    end = trace[-1][1]
    good = len(trace)
    while good and abs(trace[good - 1][1] - end) < WANTED * end.real:
        good -= 1
    return trace[min(good, len(trace) - 1)][0], EACH * (good + 1)


def main():
    program, side = sys.argv[1], int(sys.argv[2])
    conducts = connected(medium(side))
    surface = sum(np.count_nonzero(np.diff(conducts.astype(np.int8), axis=a)) for a in range(3)) / side**3
    knee = conducts.mean() / (2.0 * side**2 * surface)  # 1 / (R_ion C), with a tortuosity of 2
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(ours(program, side))
        for part in (0.1, 1.0, 10.0):
            theirs.append((part, *taufactor(conducts, part * knee)))
    a = statistics.median(m[0] for m in mine)
    b = statistics.median(t[1] for t in theirs)
    print(f"{side}^3, {1e-6 * conducts.sum():.2f} M of them conduct; {mine[0][1]}")
    for part, seconds, sweeps in theirs[:3]:
        print(f"  TauFactor at {part:4} of the knee: {seconds:.3g} s, {sweeps} sweeps")
    print(f"seconds a frequency: voxelyte {a:.3g}, TauFactor {b:.3g}, {b / a:.1f} x")


main()
