package io.tangentflow.experiment.paper;

import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.Place;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.testing.Edits;
import io.tangentflow.testing.Edits.Input;
import io.tangentflow.testing.Fuzz;
import io.tangentflow.testing.Reading;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;

/** The files of a reproduction as nobody should have written them. */
class HostileReproductionTest {

  /** What lists the tasks of the figures takes. */
  private static final long TASKS_BYTES = 64 << 20;

  private static final Reproduction REPRODUCTION =
      new Reproduction(List.of("fig4", "fig13"), PaperScale.SMOKE, null, 7, "auto", 1);

  @Fuzz(usual = 100, full = 20_000)
  void reproductionJson(@ForAll Edits edits) throws IOException {
    read(edits, "run.json");
  }

  @Fuzz(usual = 100, full = 20_000)
  void taskLines(@ForAll Edits edits) throws IOException {
    read(edits, "results.jsonl");
  }

  private static void read(Edits edits, String edited) throws IOException {
    Path valid = Reading.directory().resolve("valid");
    if (!Files.exists(valid)) {
      begin(valid);
    }
    for (String name : List.of("run.json", "results.jsonl")) {
      Reading.file("run/" + name, Files.readAllBytes(valid.resolve(name)));
    }
    Input input = edits.plain().of(List.of(Files.readAllBytes(valid.resolve(edited))));
    Path run = Reading.file("run/" + edited, input.bytes()).getParent();
    Reading.of(edited, input.length(), TASKS_BYTES, () -> read(run));
  }

  private static void begin(Path path) {
    Manifest manifest =
        Manifest.of(
            ReproductionRun.KIND,
            "reproduce",
            REPRODUCTION,
            List.of(),
            "a device",
            MemoryBudget.shared(1L << 28));
    try (RunDirectory run = RunDirectory.create(path, manifest)) {
      for (Task task : ReproductionRun.tasks(REPRODUCTION).subList(0, 2)) {
        run.append(
            TaskLine.of(
                task, Map.of("gap", TaskLine.list(0.5, 2)), 0.1, new Place("here", "", "a")));
      }
    }
  }

  private static void read(Path path) {
    try (RunDirectory run = RunDirectory.open(path)) {
      Reproduction reproduction = run.configuration(Reproduction.class);
      Results results = Results.of(run);
      results.places();
      ReproductionRun.tasks(reproduction).forEach(results::has);
    }
  }
}
