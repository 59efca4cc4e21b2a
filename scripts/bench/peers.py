"""voxelyte beside what a user would pick instead: numpy, and where they are installed scikit-learn, PyTorch, edt, localthickness,
cc3d, scipy.fft and dijkstra3d. Called by bench.sh.

Both sides run in turn, so that a busy machine slows both; ratios are of medians. Both use all processors where they can."""

import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROUNDS = 5
SIDE = 160
PASSES = 6


def volume():
    """Three grey levels in cells of 16 voxels, and noise: as the bench of the program has it."""
    rng = np.random.default_rng(1)
    cells = rng.choice([8192, 14746, 40960], size=(SIDE // 16,) * 3, p=[0.2, 0.2, 0.6])
    grey = cells.repeat(16, 0).repeat(16, 1).repeat(16, 2)
    return (grey + rng.normal(4096, 1200, grey.shape)).clip(0, 65535).astype(np.uint16)


def features(grey):
    """(voxels, 27): the grey value, and those of 6, 12 and 8 neighbours, each shell sorted. Edges wrap: only the time counts."""
    shells = {0: [], 1: [], 2: [], 3: []}
    for offset in np.ndindex(3, 3, 3):
        shift = tuple(o - 1 for o in offset)
        shells[sum(map(abs, shift))].append(np.roll(grey, shift, (0, 1, 2)).ravel())
    sorted_shells = [np.sort(np.stack(s, axis=1), axis=1) for s in shells.values()]
    return np.concatenate(sorted_shells, axis=1).astype(np.float32)


def ours(program, stage, *options, what=""):
    """Mvoxel/s of one stage: of its first row, or of the one that speaks of `what`."""
    out = subprocess.run([program, "bench", stage, "--json", "--quiet", "--repeats", "3", *options], check=True, capture_output=True)
    return next(row["rate"] for row in json.loads(out.stdout)["rows"] if row["stage"] == stage and what in row["what"])


def numpy_histogram(grey):
    begin = time.perf_counter()
    np.bincount(grey, minlength=65536)
    return 1e-6 * grey.size / (time.perf_counter() - begin)


def sklearn_pass(x, start):
    """One Lloyd pass: what PASSES more of them cost, without validation and start-up."""
    from sklearn.cluster import KMeans

    seconds = []
    for passes in (1, 1 + PASSES):
        begin = time.perf_counter()
        fit = KMeans(3, init=start, n_init=1, max_iter=passes, tol=0, algorithm="lloyd").fit(x)
        seconds.append(time.perf_counter() - begin)
        if fit.n_iter_ != passes:
            sys.exit("scikit-learn converged early: its passes cannot be timed")
    return 1e-6 * len(x) * PASSES / (seconds[1] - seconds[0])


def pair(program, folder):
    """A synthetic tomogram with a small box of known composition, to be learned from."""
    for words in (["synth", "--size", "64,64,64", "--fib-ratio", "8", "-o", f"{folder}/s"],
                  ["compose", f"{folder}/s/fib/labels.tif", "--ratio", "8", "--transform", f"{folder}/s/synth.json",
                   "-o", f"{folder}/c.tif"]):
        subprocess.run([program, *words, "--quiet"], check=True, capture_output=True)


def slope(seconds_of, first=1, more=4):
    """Seconds of one epoch: what `more` of them cost."""
    return (seconds_of(first + more) - seconds_of(first)) / more


def our_epoch(program, folder):
    """Million training samples a second; each epoch also asks the validation samples."""
    samples = 0

    def seconds(epochs):
        nonlocal samples
        out = subprocess.run([program, "train", "mlp", "--grey", f"{folder}/s/grey.tif", "--composition", f"{folder}/c.tif",
                              "-o", f"{folder}/m", "--overwrite", "--no-far-field", "--epochs", str(epochs), "--json",
                              "--quiet"], check=True, capture_output=True)
        document = json.loads(out.stdout)
        samples = document["samples"]["training"]
        return document["seconds"]

    each = slope(seconds)
    return 1e-6 * samples / each


def sklearn_epoch(x, y):
    """The same layers, batches and momentum, its samples ready in memory and nothing validated."""
    import warnings
    from sklearn.neural_network import MLPRegressor

    def seconds(epochs):
        net = MLPRegressor((75,) * 5, solver="sgd", batch_size=128, learning_rate_init=0.05, momentum=0.9, max_iter=epochs,
                           alpha=0, tol=0, random_state=1)
        begin = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.fit(x, y)
        return time.perf_counter() - begin

    return 1e-6 * len(x) / slope(seconds)


def torch_network(grey):
    """The network 125-75x5-3 on every voxel, patches included: unfolded page by page."""
    import torch

    torch.manual_seed(1)
    widths = [125, 75, 75, 75, 75, 75, 3]
    layers = [m for a, b in zip(widths, widths[1:]) for m in (torch.nn.Linear(a, b), torch.nn.ReLU())][:-1]
    network = torch.nn.Sequential(*layers)
    volume = torch.from_numpy(np.pad((grey.astype(np.float32) - 28000) / 12000, 2, mode="reflect"))
    out = torch.empty(grey.shape + (3,))
    begin = time.perf_counter()
    with torch.inference_mode():
        patches = volume.unfold(0, 5, 1).unfold(1, 5, 1).unfold(2, 5, 1)
        for z in range(grey.shape[0]):
            out[z] = network(patches[z].reshape(-1, 125)).reshape(grey.shape[1:] + (3,))
    return 1e-6 * grey.size / (time.perf_counter() - begin)


def labels(side):
    """The phases of the program's bench, about: 1 in 60 % of the cells of 16 voxels, 0 and 2 in 20 % each."""
    rng = np.random.default_rng(1)
    cells = rng.choice([0, 1, 2], size=(side // 16,) * 3, p=[0.2, 0.6, 0.2]).astype(np.uint8)
    return cells.repeat(16, 0).repeat(16, 1).repeat(16, 2)


def medium(side, pitch=16):
    """What the program measures sizes in, about: random nodes, linear between them, half of it pore."""
    import scipy.ndimage

    field = np.random.default_rng(7).random((side // pitch + 1,) * 3)
    at = (np.arange(side) + 0.5) / pitch
    return scipy.ndimage.map_coordinates(field, np.meshgrid(at, at, at, indexing="ij"), order=1) < 0.5


def edt_distance(pore):
    """Squared distances, one thread."""
    import edt

    begin = time.perf_counter()
    edt.edtsq(pore, parallel=1)
    return 1e-6 * pore.size / (time.perf_counter() - begin)


def localthickness_sizes(pore):
    """Local thickness without scaling down, as a map."""
    import localthickness

    begin = time.perf_counter()
    localthickness.local_thickness(pore)
    return 1e-6 * pore.size / (time.perf_counter() - begin)


def rough_labels(side):
    """What the program labels components of, about: cells of 8 voxels, rows pushed about, and specks."""
    rng = np.random.default_rng(2)
    z, y, x = np.indices((side,) * 3, sparse=True)
    shift = rng.integers(0, 4, (side // 2,) * 2)[z // 2, y // 2]
    phases = rng.integers(0, 3, (side // 8 + 1,) * 3)[z // 8, y // 8, (x + shift) // 8]
    return np.where(rng.integers(0, 256, phases.shape) == 0, rng.integers(0, 3, phases.shape), phases).astype(np.uint8)


def cc3d_components(phases, neighbours):
    """All three phases at once; it knows one thread."""
    import cc3d

    begin = time.perf_counter()
    cc3d.connected_components(phases + 1, connectivity=neighbours)
    return 1e-6 * phases.size / (time.perf_counter() - begin)


def scipy_two_point(phases, reach=31):
    """Six pairs, all lags up to `reach` on each axis, as whole numbers."""
    import scipy.fft as fft

    begin = time.perf_counter()
    shape = tuple(fft.next_fast_len(n + reach, real=True) for n in phases.shape)
    spectra = [fft.rfftn(phases == p, shape, workers=-1) for p in range(3)]
    lags = np.ix_(*(np.r_[0:reach + 1, n - reach:n] for n in shape))
    for i, j in ((1, 1), (2, 2), (0, 0), (1, 2), (1, 0), (2, 0)):
        counts = fft.irfftn(spectra[i].conj() * spectra[j], shape, overwrite_x=True, workers=-1)
        np.rint(counts[lags]).astype(np.int64)
    return 1e-6 * phases.size / (time.perf_counter() - begin)


def dijkstra3d_paths(phases):
    """Distances from one face through phase 1; it knows one thread."""
    import dijkstra3d

    phase = (phases == 1).astype(np.uint8)
    face = [(0, int(y), int(x)) for y, x in np.argwhere(phase[0])]
    begin = time.perf_counter()
    dijkstra3d.euclidean_distance_field(phase, face)
    return 1e-6 * phases.size / (time.perf_counter() - begin)


def main():
    program = sys.argv[1]
    grey = volume()
    rows = {
        "histogram, one thread, numpy.bincount": (
            lambda: ours(program, "histogram", "--threads", "1"), lambda: numpy_histogram(grey.ravel())),
    }
    if importlib.util.find_spec("sklearn"):
        x = features(grey)
        start = np.repeat(np.float32([[9000], [20000], [30000]]), 27, axis=1)
        rows["k-means pass, scikit-learn with features ready"] = (
            lambda: ours(program, "kmeans"), lambda: sklearn_pass(x, start))
        folder = tempfile.TemporaryDirectory()
        pair(program, folder.name)
        rng = np.random.default_rng(1)
        samples = rng.normal(size=(48 * 1200, 125)).astype(np.float32)
        known = rng.dirichlet([1, 1, 1], len(samples)).astype(np.float32)
        rows["training epoch, scikit-learn's MLPRegressor"] = (
            lambda: our_epoch(program, folder.name), lambda: sklearn_epoch(samples, known))


    if importlib.util.find_spec("torch"):
        part = grey[:32]
        for how in ("fp32", "int16"):
            rows[f"network in {how}, torch in fp32 with its unfold"] = (
                lambda how=how: ours(program, "mlp", what=how), lambda: torch_network(part))
    phases = labels(256)
    if importlib.util.find_spec("edt"):
        pore = medium(256)
        rows["squared distance, one thread, edt"] = (
            lambda: ours(program, "distance", "--threads", "1"), lambda: edt_distance(pore))
    if importlib.util.find_spec("localthickness"):
        small = medium(128)
        rows["local thickness at 128^3, localthickness"] = (
            lambda: ours(program, "cover", "--side", "128"), lambda: localthickness_sizes(small))
    if importlib.util.find_spec("scipy"):
        rows["two-point, six pairs, scipy.fft"] = (lambda: ours(program, "two-point"), lambda: scipy_two_point(phases))
    if importlib.util.find_spec("cc3d"):
        rough = rough_labels(256)
        for n in (6, 26):
            rows[f"components, {n} neighbours, cc3d"] = (
                lambda n=n: ours(program, "components", what=f"{n} neighbours"), lambda n=n: cc3d_components(rough, n))
    if importlib.util.find_spec("dijkstra3d"):
        rows["geodesic, dijkstra3d"] = (lambda: ours(program, "geodesic"), lambda: dijkstra3d_paths(phases))
    print(f"{'median of ' + str(ROUNDS) + ' rounds, in turn':48} {'voxelyte':>10} {'peer':>10}  million a second")
    for name, (mine, peer) in rows.items():
        rates = [(mine(), peer()) for _ in range(ROUNDS)]
        a, b = (statistics.median(r) for r in zip(*rates))
        print(f"{name:48} {a:10.4g} {b:10.4g}  {a / b:.1f} x")


main()
