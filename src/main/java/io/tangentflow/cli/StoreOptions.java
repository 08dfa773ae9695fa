package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.ElementType;
import io.tangentflow.kernel.gram.Shard;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** A Gram matrix that goes into a directory tile by tile. */
@Heading("Tiles on disk")
final class StoreOptions {

  @Spec(Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--store",
      paramLabel = "DIR",
      description =
          "Compute the Gram matrix tile by tile into this directory, never whole in memory; tiles that"
              + " are there are kept, so that this goes on where another process was ended. See"
              + " 'gram' (default: in memory).")
  Path path;

  @Option(
      names = "--tile",
      paramLabel = "B",
      description =
          "Samples of a tile (default: those of the store; of a new one as many as fit into --memory,"
              + " up to 1024/m).")
  Integer tile;

  @Option(
      names = "--store-precision",
      paramLabel = "P",
      description =
          "fp32 or fp64, of the entries on disk, whatever they are computed in (default: that of the"
              + " store; of a new one fp64).")
  ElementType type;

  @Option(
      names = "--shard",
      paramLabel = "i/k",
      description =
          "Compute the i-th of k parts of the tiles alone; the others are for other processes, on any"
              + " machine that sees the directory (default: all tiles).")
  private String shard;

  /** Whether there is a store; options of one without it are refused. */
  boolean asked() {
    if (path == null) {
      OptionList.refuse(
          command,
          List.of("--tile", "--store-precision", "--shard"),
          "is about tiles in a directory, and --store names none");
    }
    return path != null;
  }

  /** The tiles to be computed. */
  Shard shard() {
    return shard == null ? Shard.WHOLE : Shard.named(shard);
  }

  /** Refuses a tile of no samples. */
  void requirePossible() {
    if (tile != null && tile < 1) {
      throw new InvalidConfiguration("--tile", "must be at least 1, not " + tile);
    }
    shard();
  }
}
