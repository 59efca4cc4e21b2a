"""Impedance beside TauFactor's ElectrodeSolver, where it is installed: seconds a frequency for pores (0) that block against
everything else, in a window of SIDE^3 of a label volume.

peers_impedance.py PROGRAM LABELS SIDE [MORE WORDS FOR convert]: the program does 26 frequencies from 1e5 to 1 Hz at once, each to
1e-4 of Re Z, and its whole process is timed. TauFactor does one after the other; one of them, at the knee, is timed until
it stays within 1e-3 of where it ends, and nothing but its sweeps is counted. It puts half a voxel of electrolyte in front
of each double layer and holds the potential a whole voxel before the first layer, so that only times can be compared."""

import json
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

FREQUENCIES = 26
WANTED, SETTLED = 1e-3, 1e-5
EACH, SWEEPS = 100, 40000  # between two looks, and at most


def ours(program, path):
    """Wall and processor seconds a frequency, and the result."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run([program, "impedance", path, "--equipotential", "--bare", "--area", "raw", "--no-trim", "--frequencies", "1,1e5",
                          "--per-decade", "5", "--json", "--quiet"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (time.perf_counter() - begin) / FREQUENCIES, used / FREQUENCIES, json.loads(out.stdout)


def taufactor(conducts, omega):
    """Wall and processor seconds until the impedance stays where it ends, and sweeps."""
    import taufactor

    solver = taufactor.ElectrodeSolver(conducts.astype(np.uint8), omega=omega, device="cpu")
    trace, begin, used = [], time.perf_counter(), time.process_time()

    def look():
        trace.append((time.perf_counter() - begin, time.process_time() - used, complex(solver.z)))
        late = [z for *_, z in trace[-6:]]
        return len(late) == 6 and max(abs(z - late[-1]) for z in late) < SETTLED * abs(late[-1].real)

    solver.check_convergence = look
    solver.solve(iter_limit=SWEEPS, verbose=False)
    good, end = len(trace), trace[-1][2]
    while good and abs(trace[good - 1][2] - end) < WANTED * end.real:
        good -= 1
    wall, processor, _ = trace[min(good, len(trace) - 1)]
    return wall, processor, EACH * (good + 1)


def main():
    from scipy.ndimage import label

    program, labels, side, extra = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
    with tempfile.TemporaryDirectory() as folder:
        raw = f"{folder}/window.raw"
        subprocess.run([program, "convert", labels, "-o", raw, "--window", ",".join([f"0:{side}"] * 3), "--quiet", *extra], check=True,
                       capture_output=True)
        pores = np.fromfile(raw, np.uint8).reshape((side,) * 3) == 0
        (~pores).astype(np.uint8).tofile(raw)
        mine = ours(program, raw)
    parts, _ = label(pores)
    seen = np.unique(parts[0])
    conducts = np.isin(parts, seen[seen > 0])  # the rest it would sweep over as well
    surface = sum(np.count_nonzero(np.diff(conducts.astype(np.int8), axis=a)) for a in range(3)) / side**3
    knee = conducts.mean() / (2.0 * side**2 * surface)  # 1 / (R_ion C), with a tortuosity of 2
    print(f"{side}^3, {1e-6 * conducts.sum():.2f} M voxels conduct; seconds a frequency, wall and processor")
    print(f"{'voxelyte':32} {mine[0]:9.3g} {mine[1]:9.3g}   {mine[2]['solves']} solutions, {mine[2]['iterations']} cycles")
    wall, processor, sweeps = taufactor(conducts, knee)
    print(f"{'TauFactor at the knee':32} {wall:9.3g} {processor:9.3g}   {sweeps} sweeps, {wall / mine[0]:.0f} x, {processor / mine[1]:.0f} x")



main()
