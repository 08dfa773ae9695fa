package io.tangentflow.sweep;

/**
 * What a worker computes at once for a sweep.
 *
 * @param part what of the cell
 */
record SweepUnit(Cell cell, Part part) {

  /** Parts of the work on a cell. */
  enum Part {
    /** Its limiting kernel, which other cells are set against too; files, and a summary. */
    LIMIT,
    /** Its tangent kernel, set against its limiting kernel. */
    KERNEL,
    /** The same, and a block of it in FP64. */
    KERNEL_BESIDE_FP64
  }

  /** For a line of progress. */
  String words() {
    return part == Part.LIMIT
        ? "limiting kernel " + Sweep.limitName(cell)
        : String.format(
            "%s, %d steps of %s, width %d, seed %d",
            cell.activation(), cell.depth(), cell.solver(), cell.width(), cell.seed());
  }
}
