package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.BackendProvider;
import io.tangentflow.backend.BackendProvider.Usability;
import io.tangentflow.backend.Backends;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.sweep.Manifest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description =
        "Show the backends in the order of choice, why each is or is not usable, and the JVM.")
final class InfoCommand implements Callable<Integer> {

  @Mixin private Console console;

  @Override
  public Integer call() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    Runtime vm = Runtime.getRuntime();
    root.put("version", Manifest.programVersion())
        .put("java", System.getProperty("java.vm.version"))
        .put("platform", System.getProperty("os.name") + " " + System.getProperty("os.arch"))
        .put("processors", vm.availableProcessors())
        .put("heapBytes", vm.maxMemory());
    ArrayNode list = root.putArray("backends");
    Table table =
        Table.of(
            "Backends, in the order of choice:",
            Table.Column.left("name"),
            Table.Column.left("usable"),
            Table.Column.left("reason"));
    for (BackendProvider provider : Backends.providers()) {
      Usability usability = provider.probe();
      list.addObject()
          .put("name", provider.name())
          .put("rank", provider.rank())
          .put("usable", usability.usable())
          .put("reason", usability.reason());
      table =
          table.row(
              Cell.of(provider.name()),
              Cell.of(usability.usable() ? "yes" : "no"),
              Cell.of(usability.reason()));
    }
    String text =
        String.format(
            "tangentflow %s, Java %s, %s %s, %d processors, %.1f GiB of heap%n%n%s",
            Manifest.programVersion(),
            System.getProperty("java.vm.version"),
            System.getProperty("os.name"),
            System.getProperty("os.arch"),
            vm.availableProcessors(),
            vm.maxMemory() / (double) (1 << 30),
            table.toText());
    console.result(text, root);
    return 0;
  }
}
