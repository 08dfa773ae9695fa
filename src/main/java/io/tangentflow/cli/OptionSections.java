package io.tangentflow.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Help;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The options in a command's help, under the headings of the classes that they are mixed in from:
 * first the command's own, last those that all commands have.
 */
final class OptionSections implements IHelpSectionRenderer {

  private static final String OWN = "Options";
  private static final String OF_ALL = Console.class.getAnnotation(Heading.class).value();

  @Override
  public String render(Help help) {
    CommandSpec command = help.commandSpec();
    StringBuilder text = new StringBuilder();
    for (Map.Entry<String, List<OptionSpec>> section : sections(command).entrySet()) {
      section.getValue().sort(Comparator.comparing(OptionSpec::longestName));
      // Of all options, so that the columns of all sections are as wide.
      Help.Layout layout =
          help.createDefaultLayout(
              command.options(), command.positionalParameters(), help.colorScheme());
      layout.addOptions(section.getValue(), help.parameterLabelRenderer());
      text.append(String.format("%n%s:%n", section.getKey())).append(layout);
    }
    return text.toString();
  }

  private static Map<String, List<OptionSpec>> sections(CommandSpec command) {
    Map<String, List<OptionSpec>> sections = new LinkedHashMap<>();
    sections.put(OWN, new ArrayList<>());
    for (CommandSpec mixin : command.mixins().values()) {
      sections.putIfAbsent(heading(mixin), new ArrayList<>());
    }
    List<OptionSpec> ofAll = sections.remove(OF_ALL);
    sections.put(OF_ALL, ofAll == null ? new ArrayList<>() : ofAll);
    for (OptionSpec option : command.options()) {
      sections.get(heading(option, command)).add(option);
    }
    sections.values().removeIf(List::isEmpty);
    return sections;
  }

  private static String heading(OptionSpec option, CommandSpec command) {
    if (option.usageHelp() || option.versionHelp()) {
      return OF_ALL;
    }
    return command.mixins().values().stream()
        .filter(mixin -> mixin.findOption(option.longestName()) != null)
        .map(OptionSections::heading)
        .findFirst()
        .orElse(OWN);
  }

  /** A class without one has options of the command's own. */
  private static String heading(CommandSpec mixin) {
    Heading heading = mixin.userObject().getClass().getAnnotation(Heading.class);
    return heading == null ? OWN : heading.value();
  }
}
