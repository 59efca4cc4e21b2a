"""Order in space of the half cell on spheres that are voxelised anew at each size (electrochemistry spec 7.12).

refinement.py PROGRAM [CELLS ...]: the spec's crystal of touching spheres with binder between them, CELLS voxels per half period. The voxels nearest to the centres are active material, 468 of 750 at any size, then come 173
of binder, so that no phase changes its volume; surfaces and necks do. Prints the voltage at given capacities, 2 mA/cm2."""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

CAPACITIES = (0.01, 0.02, 0.04, 0.06)  # mAh/cm2
PERIOD = 6.42  # um


def labels(cells):
    """(z, y, x) u8: 0 pore, 1 active material, 2 binder; a quarter of the period's square, six half periods high."""
    sides = [(np.arange(k * cells) + 0.5) * 5 / cells for k in (6, 1, 1)]
    z, y, x = np.meshgrid(*sides, indexing="ij")
    centres = [(5 + 10 * k, a, b) for k in range(-1, 4) for a in (0, 10) for b in (0, 10)]
    near = np.sort([np.sqrt((z - c) ** 2 + (y - b) ** 2 + (x - a) ** 2) for c, b, a in centres], axis=0)[:2]
    out = np.zeros(x.size, np.uint8)
    order = np.argsort(near[0].ravel().round(9), kind="stable")
    solid, rest = np.split(order, [round(468 / 750 * out.size)])
    rest = np.sort(rest)
    rest = rest[np.argsort(near.sum(axis=0).ravel()[rest].round(6), kind="stable")]
    out[solid], out[rest[: round(173 / 750 * out.size)]] = 1, 2
    return out.reshape(x.shape)


def voltages(program, folder, cells, area):
    volume = labels(cells)
    path = folder / f"{cells}.raw"
    volume.tofile(path)
    about = {"extent": volume.shape[::-1], "type": "u8", "endian": "little", "offset": 0}
    path.with_suffix(".json").write_text(json.dumps(about | {"voxel_size_um": [PERIOD / 2 / cells] * 3}))
    out = folder / f"{area}-{cells}"
    subprocess.run([program, "lithiate", path, "-o", out, "--current", "2", "--cutoff", "3.9", "--time-tolerance", "1e-5", "--area",
                    area, "--separator", "high", "--no-trim", "--quiet", "--set",
                    "solid_diffusivity=1e-14,initial_stoichiometry=0.3"], check=True, stdout=subprocess.DEVNULL)
    curve = np.genfromtxt(out / "curve.csv", delimiter=",", names=True)
    return np.interp(CAPACITIES, curve["capacity_mah_cm2"], curve["voltage_v"])


def main():
    print("area,voxels_per_period," + ",".join(f"v_at_{q}" for q in CAPACITIES))
    with tempfile.TemporaryDirectory() as folder:
        for area in ("normal", "raw"):
            for cells in [int(word) for word in sys.argv[2:]] or (5, 10, 20):
                found = voltages(sys.argv[1], pathlib.Path(folder), cells, area)
                print(f"{area},{2 * cells}," + ",".join(f"{v:.6f}" for v in found), flush=True)


main()
