package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Provenance;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.testing.Edits;
import io.tangentflow.testing.Edits.Input;
import io.tangentflow.testing.Fuzz;
import io.tangentflow.testing.Reading;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import org.apache.commons.codec.digest.DigestUtils;

/** Files of run directories as nobody should have written them. */
class HostileRunTest {

  private static final SweepConfiguration CONFIGURATION =
      SmallRun.configuration(
          List.of("softplus", "polynomial:0:1:0.5"),
          List.of("rk4"),
          List.of(3),
          List.of(8, 16),
          List.of(0L, 1L),
          Precision.FP64);

  private static final byte[] MANIFEST =
      StrictJson.pretty(
              new Manifest(
                  Sweep.KIND,
                  "sweep",
                  "2026-01-01T00:00:00Z",
                  "0",
                  "17",
                  "here",
                  "a device",
                  MemoryBudget.shared(1 << 22),
                  StrictJson.tree(CONFIGURATION),
                  List.of(new Manifest.DataFile("data.csv", "00ff"))))
          .getBytes(StandardCharsets.UTF_8);

  private static final byte[] LINES =
      lines(CONFIGURATION.cells().get(0), CONFIGURATION.cells().get(5));

  private static final long STEP = 12;

  private static byte[] lines(Cell... cells) {
    StringBuilder lines = new StringBuilder();
    for (Cell cell : cells) {
      byte[] line =
          StrictJson.compact(
              new CellResult(
                  cell,
                  0.1,
                  0.2,
                  1e-14,
                  1e-12,
                  10,
                  null,
                  "explicit",
                  7,
                  0.5,
                  new Place("here", "", "a")));
      lines.append(new String(line, StandardCharsets.UTF_8)).append('\n');
    }
    return lines.toString().getBytes(StandardCharsets.UTF_8);
  }

  @Fuzz
  void runJson(@ForAll Edits edits) throws IOException {
    Input input = edits.plain().of(List.of(MANIFEST));
    Path file = Reading.file(RunDirectory.MANIFEST, input.bytes());
    Reading.file(RunDirectory.RESULTS, LINES);
    Reading.of(
        file.getParent().toString(),
        input.length(),
        () -> {
          read(file.getParent());
          try (RunDirectory run = RunDirectory.open(file.getParent())) {
            run.manifest().requireSameData(List.of(new Provenance(file, "00ff")), file);
          }
        });
  }

  private static void read(Path directory) {
    try (RunDirectory run = RunDirectory.open(directory)) {
      new SweepResults(run).cells();
    }
  }

  @Fuzz
  void resultLines(@ForAll Edits edits) throws IOException {
    Path file = Reading.file(RunDirectory.MANIFEST, MANIFEST);
    Input input = edits.plain().of(List.of(LINES));
    Reading.file(RunDirectory.RESULTS, input.bytes());
    Reading.of(RunDirectory.RESULTS, input.length(), () -> read(file.getParent()));
  }

  @Fuzz
  void unitFile(@ForAll Edits edits) throws IOException {
    ObjectNode setting = JsonNodeFactory.instance.objectNode();
    WorkUnit unit = new WorkUnit("00ff", "a unit", 1, setting);
    Input input = edits.plain().of(List.of(lines(CONFIGURATION.cells().get(0))));
    Reading.file("units/00ff.json", input.bytes());
    UnitFiles files = new UnitFiles(new DirectoryExchange(Reading.directory()));
    Reading.of(
        "unit",
        input.length(),
        () -> WorkUnit.value(files.find(unit).orElseThrow(), CellResult.class));
  }

  /** Its hash is that of the edited bytes, so that more than the hash has to refuse it. */
  @Fuzz
  void checkpointContents(@ForAll Edits edits) throws IOException {
    byte[] valid = checkpoint();
    Input input = edits.plain().of(List.of(valid));
    Reading.file("checkpoint.json", input.bytes());
    seal(input.bytes());
    Reading.of(Reading.directory().toString(), input.length() + 4096, HostileRunTest::readAll);
  }

  /** Likewise. */
  @Fuzz
  void checkpointMatrix(@ForAll Edits edits) throws IOException {
    String valid = new String(checkpoint(), StandardCharsets.UTF_8);
    byte[] matrix = Files.readAllBytes(Reading.directory().resolve("W.npy"));
    Input input = edits.of(List.of(matrix));
    Reading.file("W.npy", input.bytes());
    byte[] contents =
        valid
            .replace(DigestUtils.sha256Hex(matrix), DigestUtils.sha256Hex(input.bytes()))
            .getBytes(StandardCharsets.UTF_8);
    Reading.file("checkpoint.json", contents);
    seal(contents);
    Reading.of(Reading.directory().toString(), input.length() + 4096, HostileRunTest::readAll);
  }

  private static byte[] checkpoint() throws IOException {
    ObjectNode state = JsonNodeFactory.instance.objectNode().put("lines", 3);
    CheckpointFiles.write(
        Reading.directory(),
        STEP,
        state,
        Map.of("W", new DenseMatrix(2, 2, new double[] {1, 2, 3, 4})),
        ElementType.FP64);
    return Files.readAllBytes(Reading.directory().resolve("checkpoint.json"));
  }

  private static void seal(byte[] contents) {
    String line = DigestUtils.sha256Hex(contents) + "  checkpoint.json\n";
    Reading.file("checkpoint.json.sha256", line.getBytes(StandardCharsets.US_ASCII));
  }

  private static void readAll() {
    Checkpoint checkpoint = CheckpointFiles.open(Reading.directory(), STEP);
    checkpoint.names().forEach(checkpoint::matrix);
  }
}
