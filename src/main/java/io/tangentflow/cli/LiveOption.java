package io.tangentflow.cli;

import picocli.CommandLine.Option;

/** Whether a training is shown while it goes on. */
@Heading("What is watched")
final class LiveOption {

  @Option(
      names = "--watch",
      description =
          "Show losses, eigenvalues and distances as they come, with sparklines; lines now and then where"
              + " standard error is no terminal.")
  boolean watch;
}
