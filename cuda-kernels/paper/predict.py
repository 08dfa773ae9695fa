#!/usr/bin/env python3
"""Predicts the kernels' and whole steps' times from their machine code and NVIDIA's published figures.

predict.py             prints the tables of docs/gpu-predictions.md
predict.py --write     puts them into that page
predict.py --check     fails if the page's tables are not those that are generated now
predict.py --selftest  holds the arithmetic against known values
predict.py --all       prints every kernel's registers, memory and occupancy

Needs nvcc and ptxas of the release that the image's manifest names; Python's standard library alone. Compiling for
three architectures takes about a minute; its results are kept under target/cuda-paper.
"""
import argparse
import difflib
import json
import sys

sys.dont_write_bytecode = True  # Sources of kernels lie here, and nothing else.

import image
import selftest
import tables
import work

PAGE = image.ROOT / "docs/gpu-predictions.md"


def marks(name):
    return "<!-- %s: printed by cuda-kernels/paper/predict.py -->" % name, "<!-- end of %s -->" % name


def with_tables(text, generated):
    for name, table in generated.items():
        begin, end = marks(name)
        if begin not in text or end not in text:
            raise SystemExit("%s has no place for the table %s" % (PAGE.name, name))
        before, rest = text.split(begin, 1)
        text = before + begin + "\n" + table + "\n" + end + rest.split(end, 1)[1]
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("write", "check", "selftest", "all"):
        parser.add_argument("--" + option, action="store_true")
    options = parser.parse_args()
    if options.selftest:
        selftest.run()
        return
    wanted = json.loads(image.MANIFEST.read_text())["nvcc"]
    if image.release() != wanted:
        raise SystemExit("nvcc is %s, not the manifest's %s: its code would be another" % (image.release(), wanted))
    images = image.images((80, 90, 100))
    for kernel in images[90]:
        work.counts_of(kernel)
    if options.all:
        print(tables.every_kernel(images))
        return
    generated = tables.everything(images)
    if not (options.write or options.check):
        for name, table in generated.items():
            print("%s\n\n%s\n" % (name, table))
        return
    text = PAGE.read_text()
    new = with_tables(text, generated)
    if options.write:
        PAGE.write_text(new)
    elif new != text:
        sys.stdout.writelines(difflib.unified_diff(
            text.splitlines(True), new.splitlines(True), "the page", "generated"))
        raise SystemExit("docs/gpu-predictions.md is not what is generated now; run predict.py --write")


if __name__ == "__main__":
    main()
