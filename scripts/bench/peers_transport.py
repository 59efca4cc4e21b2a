"""Transport beside what a user would pick instead: TauFactor 2, pyamg and PETSc with hypre, as far as they are installed.

peers_transport.py PROGRAM LABELS SIDE: a window of SIDE^3 of a label volume (0 conducts), along z, each solver in a process of
its own so that its memory can be told. Errors are true ones: against our own bounds at a tolerance of 1e-9. TauFactor is
stopped at the first check (every 100 sweeps) behind which it stays within 1e-4."""

import json
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

WANTED = 1e-4


def load(path, side):
    return np.fromfile(path, np.uint8).reshape(side, side, side) == 0


def ours(program, path, tolerance):
    begin = time.perf_counter()
    out = subprocess.run([program, "transport", path, "--direction", "z", "--tolerance", str(tolerance), "--no-estimate", "--json",
                          "--quiet"], check=True, capture_output=True)
    return json.loads(out.stdout)["directions"]["z"], time.perf_counter() - begin


def taufactor(conducts, exact):
    """Seconds, and the relative error there, of the sweeps alone."""
    import taufactor
    import torch

    torch.set_num_threads(2)
    solver = taufactor.Solver(conducts.astype(np.uint8), device="cpu")
    trace, begin = [], time.perf_counter()

    def check(*_):
        tau, _ = solver.compute_metrics()
        trace.append((time.perf_counter() - begin, float(tau[0]) / exact - 1))
        late = [abs(e) for _, e in trace[-5:]]
        return len(late) == 5 and max(late) < WANTED

    solver.check_convergence = check
    solver.solve(iter_limit=40000, verbose=False)
    good = len(trace)
    while good and abs(trace[good - 1][1]) < WANTED:
        good -= 1
    return trace[min(good, len(trace) - 1)]


def matrix(conducts):
    """The same equations as ours: rows, columns, values of couplings (both ways), diagonal, right side."""
    from scipy.ndimage import label

    parts, _ = label(conducts)
    through = np.intersect1d(np.unique(parts[0]), np.unique(parts[-1]))
    alive = np.isin(parts, through[through > 0])
    number = np.full(conducts.shape, -1, np.int32)
    number[alive] = np.arange(alive.sum(), dtype=np.int32)
    diagonal, right = np.zeros(alive.sum()), np.zeros(alive.sum())
    ends = []
    for axis in range(3):
        a, b = np.moveaxis(number, axis, 0)[:-1].ravel(), np.moveaxis(number, axis, 0)[1:].ravel()
        both = (a >= 0) & (b >= 0)
        ends.append((a[both], b[both]))
        for side in (a[both], b[both]):
            np.add.at(diagonal, side, 1.0)
    first, last = number[0][number[0] >= 0], number[-1][number[-1] >= 0]
    diagonal[first] += 2.0
    diagonal[last] += 2.0
    right[first] += 2.0
    i = np.concatenate([e[0] for e in ends] + [e[1] for e in ends])
    j = np.concatenate([e[1] for e in ends] + [e[0] for e in ends])
    return i, j, diagonal, right, first


def tau_of(u, conducts, first):
    return conducts.mean() / (2.0 * (1.0 - u[first]).sum() * conducts.shape[0] / conducts[0].size)


def csr(conducts):
    from scipy.sparse import coo_matrix, diags

    i, j, diagonal, right, first = matrix(conducts)
    return (coo_matrix((-np.ones(len(i)), (i, j)), shape=(len(right),) * 2).tocsr() + diags(diagonal)).tocsr(), right, first


def pyamg(conducts, exact):
    import pyamg as amg

    a, right, first = csr(conducts)
    begin = time.perf_counter()
    u = amg.ruge_stuben_solver(a).solve(right, tol=1e-6, accel="cg")
    return time.perf_counter() - begin, tau_of(u, conducts, first) / exact - 1


def petsc(conducts, exact):
    from petsc4py import PETSc

    a, right, first = csr(conducts)
    begin = time.perf_counter()
    m = PETSc.Mat().createAIJ(size=a.shape, csr=(a.indptr, a.indices, a.data))
    b, x = PETSc.Vec().createWithArray(right), m.createVecRight()
    ksp = PETSc.KSP().create()
    ksp.setOperators(m)
    ksp.setType("cg")
    ksp.getPC().setType("hypre")
    ksp.getPC().setHYPREType("boomeramg")
    # as its manual advises for three dimensions
    for option, value in (("strong_threshold", 0.5), ("coarsen_type", "HMIS"), ("interp_type", "ext+i"), ("agg_nl", 1),
                          ("P_max", 4)):
        PETSc.Options()[f"pc_hypre_boomeramg_{option}"] = value
    ksp.setTolerances(rtol=1e-6)
    ksp.setFromOptions()
    ksp.solve(b, x)
    return time.perf_counter() - begin, tau_of(x.getArray(), conducts, first) / exact - 1


PEERS = {"taufactor": taufactor, "pyamg": pyamg, "petsc": petsc}


def main():
    if sys.argv[1] in PEERS:  # in a process of its own: NAME RAW SIDE EXACT
        name, path, side, exact = sys.argv[1:]
        conducts = load(path, int(side))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds, error = PEERS[name](conducts, float(exact))
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({"seconds": seconds, "error": error, "mib": (used.ru_maxrss - before) / 1024,
                          "cpu": used.ru_utime + used.ru_stime}))
        return
    program, labels, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
    extra = sys.argv[4:]  # more words for `convert`, as --labels
    with tempfile.TemporaryDirectory() as folder:
        tif, raw = f"{folder}/window.tif", f"{folder}/window.raw"
        window = ",".join([f"0:{side}"] * 3)
        for out in (tif, raw):
            subprocess.run([program, "convert", labels, "-o", out, "--window", window, "--quiet", *extra], check=True,
                           capture_output=True)
        exact = ours(program, tif, 1e-9)[0]["tau"]
        found, seconds = ours(program, tif, WANTED)
        conducting = found["volume_fraction"] * found["percolating_fraction"] * side**3
        print(f"{'':12} {'seconds':>9} {'error':>9} {'MiB':>8}   {side}^3, {conducting / 1e6:.2f} M unknowns, tau {exact:.7f}")
        print(f"{'voxelyte':12} {seconds:9.2f} {found['tau'] / exact - 1:9.1e} "
              f"{found['bytes_per_voxel'] * conducting / 2**20:8.0f}")
        for name in PEERS:
            for python in (sys.executable, "/usr/bin/python3"):
                out = subprocess.run([python, __file__, name, raw, str(side), repr(exact)], capture_output=True, text=True)
                if out.returncode == 0:
                    break
            if out.returncode != 0:
                print(f"{name:12} is not here: {out.stderr.strip().splitlines()[-1]}")
                continue
            peer = json.loads(out.stdout)
            print(f"{name:12} {peer['seconds']:9.2f} {peer['error']:9.1e} {peer['mib']:8.0f}   {peer['seconds'] / seconds:.1f} x")


main()
