package io.tangentflow.cli;

import io.tangentflow.TangentFlowException;
import io.tangentflow.sweep.Manifest;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The command line. Results go to standard output, everything else to standard error. */
@Command(
    name = "tangentflow",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = "Neural ODEs and their neural tangent kernels at large width.",
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:done",
      " 1:a defect of this program, or results that do not agree",
      " 2:an option or its value is not possible",
      " 3:a file is not what its format says",
      " 4:no usable backend",
      " 5:more memory is needed than there is",
      " 7:a state, adjoint or kernel is not finite",
      "11:an output cannot be written, or a directory holds something else",
      "130:interrupted"
    },
    footer = {
      "",
      "Begin with:  tangentflow quickstart",
      "TANGENTFLOW_OPTS passes flags to the JVM, for example -Xmx8g."
    },
    subcommands = {
      QuickstartCommand.class,
      InfoCommand.class,
      InitCommand.class,
      EvaluateCommand.class,
      NtkCommand.class,
      LimitCommand.class,
      SpectrumCommand.class,
      SweepCommand.class,
      ResumeCommand.class,
      ReportCommand.class
    })
public final class Main {

  private static final int DEFECT = 1;

  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs a command and returns its exit code. */
  static int run(String... args) {
    return run(
        new PrintWriter(System.out, true, StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, StandardCharsets.UTF_8),
        args);
  }

  static int run(PrintWriter out, PrintWriter err, String... args) {
    // Log records of this program and its libraries are lines like all other status.
    System.setProperty("java.util.logging.SimpleFormatter.format", "%4$s: %5$s%n");
    CommandLine commandLine =
        new CommandLine(new Main())
            .setOut(out)
            .setErr(err)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setUsageHelpAutoWidth(true)
            .setParameterExceptionHandler(
                (e, arguments) -> {
                  err.println("tangentflow: " + e.getMessage());
                  err.println(
                      "See '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
                  return CommandLine.ExitCode.USAGE;
                })
            .setExecutionExceptionHandler((e, command, parsed) -> failure(e, err));
    try {
      return commandLine.execute(args);
    } catch (OutOfMemoryError e) {
      return failure(new TangentFlowException.OutOfMemory("this command"), err);
    }
  }

  private static int failure(Exception e, PrintWriter err) {
    if (e instanceof TangentFlowException foreseen) {
      err.println("tangentflow: " + foreseen.getMessage());
      return foreseen.exitCode();
    }
    err.println("tangentflow: this is a defect, please report it:");
    e.printStackTrace(err);
    return DEFECT;
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"tangentflow " + Manifest.programVersion()};
    }
  }
}
