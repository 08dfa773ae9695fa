package io.tangentflow.cli;

import static picocli.CommandLine.Model.UsageMessageSpec.SECTION_KEY_OPTION_LIST;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.sweep.Manifest;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line. Results go to standard output, everything else to standard error. */
@Command(
    name = Main.NAME,
    mixinStandardHelpOptions = true,
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
      " 6:a call of the CUDA driver or its libraries failed",
      " 7:a state, adjoint or kernel is not finite",
      " 8:no step of an adaptive solver is short enough",
      " 9:training diverges",
      "10:a kernel matrix is not positive where it has to be",
      "11:an output cannot be written, or a directory holds something else or is in use",
      "12:a cluster cannot be reached, or does not do its work",
      "130:interrupted"
    },
    footer = {
      "",
      "Begin with:  tangentflow quickstart",
      "TANGENTFLOW_OPTS passes flags to the JVM, for example -Xmx8g."
    })
public final class Main {

  static final String NAME = "tangentflow";
  private static final int DEFECT = 1;
  private static final int OUT_OF_MEMORY = 5;

  private static final Pattern CONSTANTS =
      Pattern.compile("expected one of \\[(.*?)] \\(case-insensitive\\)");

  private static final byte[] NO_ROOM =
      "tangentflow: the JVM's heap is too small to begin; raise it by TANGENTFLOW_OPTS=-Xmx...\n"
          .getBytes(StandardCharsets.UTF_8);

  private static final List<Class<?>> COMMANDS =
      List.of(
          QuickstartCommand.class,
          InfoCommand.class,
          SelftestCommand.class,
          InitCommand.class,
          EvaluateCommand.class,
          NtkCommand.class,
          LimitCommand.class,
          ActivationCommand.class,
          PredictCommand.class,
          GramCommand.class,
          SpectrumCommand.class,
          CertifyCommand.class,
          EnsembleCommand.class,
          TrainCommand.class,
          GradientCommand.class,
          ConvergenceCommand.class,
          KernelConvergenceCommand.class,
          BenchCommand.class,
          SweepCommand.class,
          ReproduceCommand.class,
          ResumeCommand.class,
          ReportCommand.class);

  /** Runs a command line, and ends the JVM with its exit code. */
  public static void main(String[] args) {
    // Numbers in sentences are written as in tables and files, whatever the user's language.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    int code;
    try {
      code = run(args);
    } catch (OutOfMemoryError e) {
      // There was not even room for a sentence about it, so it is made of nothing new.
      System.err.write(NO_ROOM, 0, NO_ROOM.length);
      code = OUT_OF_MEMORY;
    }
    try {
      System.exit(code);
    } catch (Error e) {
      // To end in order takes room, too, which may show in what cannot be loaded.
      Runtime.getRuntime().halt(code);
    }
  }

  /** What each command's help and version say, and those under it. */
  private static void describe(CommandLine command) {
    command.getCommandSpec().versionProvider(new Version());
    if (command.getParent() != null) {
      command.getHelpSectionMap().put(SECTION_KEY_OPTION_LIST, new OptionSections());
    }
    command.getSubcommands().values().forEach(Main::describe);
  }

  /**
   * With the command that is named first alone, as reading the options of all takes longer than
   * many a command; with none's options where an option of the program is all that is given; with
   * all of them if there is no such command.
   */
  static CommandLine withCommands(String... args) {
    CommandLine commandLine = new CommandLine(new Main());
    if (args.length == 1 && commandLine.getCommandSpec().findOption(args[0]) != null) {
      COMMANDS.forEach(type -> commandLine.addSubcommand(listed(type)));
      return commandLine;
    }
    List<Class<?>> named =
        COMMANDS.stream()
            .filter(type -> args.length > 0 && annotation(type).name().equals(args[0]))
            .toList();
    (named.isEmpty() ? COMMANDS : named).forEach(commandLine::addSubcommand);
    return commandLine.setCaseInsensitiveEnumValuesAllowed(true);
  }

  /** What the list of commands shows of one. */
  private static CommandLine listed(Class<?> type) {
    CommandSpec spec = CommandSpec.create().name(annotation(type).name());
    spec.usageMessage().description(annotation(type).description());
    return new CommandLine(spec);
  }

  private static Command annotation(Class<?> type) {
    return type.getAnnotation(Command.class);
  }

  /** Runs a command and returns its exit code. */
  static int run(String... args) {
    return run(
        new PrintWriter(System.out, true, StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, StandardCharsets.UTF_8),
        args);
  }

  /** {@code help COMMAND} is {@code COMMAND --help}. */
  private static String[] unaliased(String[] args) {
    return args.length > 0 && args[0].equals("help")
        ? Stream.concat(Stream.of(args).skip(1), Stream.of("--help")).toArray(String[]::new)
        : args;
  }

  static int run(PrintWriter out, PrintWriter err, String... words) {
    String[] args = unaliased(words);
    // Log records of this program and its libraries are lines like all other status.
    System.setProperty("java.util.logging.SimpleFormatter.format", "%4$s: %5$s%n");
    CommandLine commandLine =
        withCommands(args)
            .setOut(out)
            .setErr(err)
            .setUsageHelpAutoWidth(true)
            .setParameterExceptionHandler((e, arguments) -> misuse(e, err))
            .setExecutionExceptionHandler((e, command, parsed) -> failure(e, err));
    describe(commandLine);
    try {
      int code = commandLine.execute(args);
      // Help and versions are not a command's result, which asks for itself.
      return code == 0 && out.checkError()
          ? failure(new RunDirectoryConflict(Path.of("standard output"), "cannot be written"), err)
          : code;
    } catch (Error e) {
      return failure(e, err);
    }
  }

  /** One sentence on what is wrong with the command line, and where to read what is right. */
  private static int misuse(ParameterException e, PrintWriter err) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    String sentence =
        e.getMessage()
            .replaceAll("\\s*\\R\\s*", " ")
            .replaceFirst("^Error: ", "")
            .replaceFirst("' is not an int$", "' is not a whole number, or too large")
            .replaceFirst("' is not a long$", "' is not a whole number, or too large")
            .replaceFirst("' is not a double$", "' is not a number");
    sentence = CONSTANTS.matcher(sentence).replaceFirst(Main::asTyped);
    if (e instanceof UnmatchedArgumentException unmatched) {
      String argument = unmatched.getUnmatched().get(0);
      List<String> suggestions = unmatched.getSuggestions();
      boolean knownOption = suggestions.contains(argument); // So it stands after --.
      sentence =
          (command.equals(NAME)
                  ? "there is no command '"
                  : command.substring(NAME.length() + 1)
                      + (unmatched.isUnknownOption() && !knownOption
                          ? " has no option '"
                          : " has no use for '"))
              + argument
              + (knownOption
                  ? "' after --"
                  : suggestions.isEmpty()
                      ? "'"
                      : "'; did you mean " + String.join(" or ", suggestions) + "?");
    } else if (command.equals(NAME)) {
      sentence = "a command is missing; begin with 'tangentflow quickstart'";
    }
    err.println("tangentflow: " + sentence);
    err.println("See '" + command + " --help'.");
    return CommandLine.ExitCode.USAGE;
  }

  /** Constants as the help and the documents write them. */
  private static String asTyped(MatchResult expected) {
    return "expected one of " + expected.group(1).toLowerCase(Locale.ROOT) + ",";
  }

  private static int failure(Throwable e, PrintWriter err) {
    // A pool's thread or a class that runs out of heap has the error wrapped in another.
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof OutOfMemoryError error) {
        return failure(TangentFlowException.OutOfMemory.ofHeap("this command", error), err);
      }
      if (cause instanceof TangentFlowException foreseen) {
        err.println("tangentflow: " + foreseen.getMessage().replaceAll("\\s*\\R\\s*", " "));
        return foreseen.exitCode();
      }
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
