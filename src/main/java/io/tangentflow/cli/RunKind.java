package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.experiment.TrainingRun;
import io.tangentflow.experiment.paper.ReproductionRun;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.Sweep;

/**
 * The kinds of run that can be gone on with and reported. The commands that do so switch over all
 * of them, so the compiler names each that has to learn of a new one.
 */
enum RunKind {
  SWEEP,
  TRAINING,
  REPRODUCTION;

  /**
   * What runs in a directory.
   *
   * @throws DataFormat if this version does not know it
   */
  static RunKind of(RunDirectory run) {
    Manifest manifest = run.manifest();
    return switch (manifest.kind()) {
      case Sweep.KIND -> SWEEP;
      case TrainingRun.KIND -> TRAINING;
      case ReproductionRun.KIND -> REPRODUCTION;
      default ->
          throw new DataFormat(
              run.file("run.json"),
              "is of a run of kind '"
                  + manifest.kind()
                  + "', which this version of TangentFlow does not know; use the one that began it ("
                  + manifest.version()
                  + ")",
              null);
    };
  }
}
