#!/usr/bin/env python3
"""Trains, segments and scores on labels of a real electrode, which stand for a FIB-SEM volume of it.

A tomogram with voxels twice as large is made of all labels; a box of the labels teaches the network, as a FIB-SEM cut-out
would; the twelve trinarisations (without EDX data: eleven) are scored against the labels. For the calendered NMC cathode of
NREL's MATBOX (about two minutes on two cores):

    scripts/pseudo_pair.py nmc-1-cal_generatedCBD_bridge.tif 0.398um out/nmc --window 0:256,0:256,0:128
"""

import argparse
import json
import pathlib
import subprocess
import sys

RATIO = 2  # labels along a side of a voxel of the tomogram; what is learned from is twice as large again


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", help="three-phase labels, any format that voxelyte reads")
    parser.add_argument("voxel_size", help="of the labels: 0.398um")
    parser.add_argument("out", type=pathlib.Path, help="a new folder")
    parser.add_argument("--map", default="auto", help="what label values mean: pore=0,am=1,cbd=2")
    parser.add_argument("--window", help="part of the labels: X0:X1,Y0:Y1,Z0:Z1; else all")
    parser.add_argument("--box", type=int, nargs=3, default=(14, 14, 22), metavar=("X", "Y", "Z"),
                        help="voxels to learn from, each 4^3 labels (14 14 22)")
    parser.add_argument("--methods", default="all")
    parser.add_argument("--voxelyte", default="voxelyte", help="the program")
    return parser.parse_args()


def run(*words):
    print("+", *words, file=sys.stderr)
    return subprocess.run([str(w) for w in words], check=True, stdout=subprocess.PIPE, text=True).stdout


def cut(side, wanted):
    """First and last label of the box along an axis: in the middle, on the grid of what is learned from, and away from the rim
    by as much as a neighbourhood reaches."""
    unit = 2 * RATIO
    cells = min(wanted, side // unit - 4)
    if cells < 1:
        sys.exit(f"{side} labels along an axis are too few: at least {5 * unit} expected")
    first = (side // unit - cells) // 2
    return first * unit, (first + cells) * unit


def main():
    o = parse()
    o.out.mkdir(parents=True)
    fine, cut_out, scene = o.out / "labels.tif", o.out / "fib.tif", o.out / "tomogram"
    part = ["--window", o.window] if o.window else []
    run(o.voxelyte, "convert", o.labels, fine, "--labels", o.map, "--voxel-size", o.voxel_size, *part, "-q")
    info = json.loads(run(o.voxelyte, "info", fine, "--json"))["inputs"][0]
    box = [cut(side, wanted) for side, wanted in zip(info["extent"], o.box)]
    window = ",".join(f"{a}:{b}" for a, b in box)
    run(o.voxelyte, "convert", fine, cut_out, "--window", window, "--voxel-size", o.voxel_size, "-q")
    run(o.voxelyte, "synth", "--from", fine, "--ratio", RATIO, "--voxel-size", o.voxel_size, "-o", scene, "-q")
    unit = info["voxel_size_um"][0]
    (o.out / "transform.json").write_text(json.dumps(
        {"rotation": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "shift_um": [first * unit for first, _ in box]}))
    counts = json.loads((scene / "synth.json").read_text())["counts"]
    total = sum(counts.values())
    shares = {p: round(counts[p] / total, 9) for p in ("cbd", "pore")}
    shares["am"] = round(1 - shares["cbd"] - shares["pore"], 9)
    (o.out / "study.yaml").write_text(
        "version: 1\n"
        f"input: {{name: {pathlib.Path(o.labels).stem}, grey: tomogram/grey.tif, truth: tomogram/truth.tif}}\n"
        f"methods: {o.methods}\n"
        f"fib: fib.tif\nratio: {2 * RATIO}\ntransform: transform.json\n"
        f"fractions: {{am: {shares['am']:.9f}, cbd: {shares['cbd']:.9f}, pore: {shares['pore']:.9f}}}\n"
        "subsample: 400000\nquantities: none\n")
    subprocess.run([o.voxelyte, "run", o.out / "study.yaml", "-o", o.out / "study"], check=True)
    training = json.loads((o.out / "study/learn/training.json").read_text())
    truth = json.loads((o.out / "study/compare.json").read_text())
    print(f"test error {training['test_mse']:.4f}, far away {training['far_field_mse']:.4f}, "
          f"of the mean {training['constant_mse']:.4f}")
    for name, accuracy in zip(truth["names"], truth["truth"]["accuracy"]):
        print(f"{name:14} {accuracy:.3f} of the voxels as in the labels")
    print(o.out / "study/report.html")


main()
