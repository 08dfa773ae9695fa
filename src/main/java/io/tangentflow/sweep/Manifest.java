package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.Provenance;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * What {@code run.json} holds: enough to repeat the run and to know what it was computed on.
 *
 * @param kind of run, a word that tells what its configuration and its results are
 * @param command that began it
 * @param created time, ISO 8601, UTC
 * @param version of TangentFlow
 * @param java version and vendor of the JVM
 * @param platform operating system and processor architecture
 * @param device the backend's description
 * @param budget of memory, with which it is planned
 * @param configuration what was asked, as JSON; {@link RunDirectory#configuration} reads it
 * @param data the files that were read, with the SHA-256 of their bytes
 */
public record Manifest(
    String kind,
    String command,
    String created,
    String version,
    String java,
    String platform,
    String device,
    MemoryBudget budget,
    JsonNode configuration,
    List<DataFile> data) {

  /** A file that was read. */
  public record DataFile(String file, String sha256) {}

  /**
   * Describes a run that begins now in this JVM.
   *
   * @param configuration a record of plain values
   * @param read the files behind its data
   * @param device of {@link #device(Backend)}
   */
  public static Manifest of(
      String kind,
      String command,
      Object configuration,
      List<Provenance> read,
      String device,
      MemoryBudget budget) {
    return new Manifest(
        kind,
        command,
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        programVersion(),
        jvm(),
        System.getProperty("os.name") + " " + System.getProperty("os.arch"),
        device,
        budget,
        StrictJson.tree(configuration),
        files(read));
  }

  /** The command and when it began, for people. */
  public String run() {
    return command + " of " + created.replace('T', ' ').replaceFirst(":\\d\\dZ$", " UTC");
  }

  /** What a backend computes on, in words. */
  public static String device(Backend backend) {
    return backend.name() + ": " + backend.description();
  }

  /** Version and vendor of this JVM. */
  public static String jvm() {
    return System.getProperty("java.vm.version") + " (" + System.getProperty("java.vendor") + ")";
  }

  /** The version of this program. */
  public static String programVersion() {
    String version = Manifest.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  /**
   * Makes sure that the data are still those that the run began with.
   *
   * @throws RunDirectoryConflict naming the file that has changed, is missing or has come since
   */
  public void requireSameData(List<Provenance> read, Path runDirectory) {
    List<DataFile> now = files(read);
    for (int i = 0; i < Math.max(data.size(), now.size()); i++) {
      boolean known = i < data.size() && i < now.size();
      if (known && now.get(i).sha256().equals(data.get(i).sha256())) {
        continue;
      }
      throw new RunDirectoryConflict(
          runDirectory,
          now.size() > data.size()
              ? now.get(i).file()
                  + " is read now, but was not when this run began; take it away or begin a new run"
              : data.get(i).file()
                  + " is not the file that this run began with (its SHA-256 differs); restore it"
                  + " or begin a new run");
    }
  }

  private static List<DataFile> files(List<Provenance> read) {
    return read.stream().map(Manifest::dataFile).toList();
  }

  private static DataFile dataFile(Provenance provenance) {
    return new DataFile(provenance.file().toString(), provenance.sha256());
  }
}
