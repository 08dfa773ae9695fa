package io.tangentflow.testing;

import com.sun.management.ThreadMXBean;
import io.tangentflow.TangentFlowException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutionResult.Status;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/**
 * What became of the inputs of one {@link Fuzz} property. A reader may accept an input, or refuse
 * it by a kind of {@link TangentFlowException} in one sentence that names the file; and it may
 * allocate no more than {@link #BYTES_PER_BYTE} for each byte of the file and {@link #BASE_BYTES}
 * beside.
 */
public final class Reading {

  /** Allocated for a byte, be it held or not; a row of CSV with one digit takes most. */
  public static final long BYTES_PER_BYTE = 600;

  /** Of any file: buffers, and the trace of a failure within JSON that is 1000 levels deep. */
  public static final long BASE_BYTES = 8 << 20;

  private static final String ACCEPTED = "accepted";
  private static final int LONGEST_SENTENCE = 1_200;
  private static final Path MEMORY = Path.of("/dev/shm");
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static Reading current;

  private final String subject;
  private final Path directory;
  private final Map<String, Integer> outcomes = new TreeMap<>();
  private double greatestShare;
  private int tried;

  private Reading(String subject) {
    this.subject = subject;
    try {
      directory =
          Files.isWritable(MEMORY)
              ? Files.createTempDirectory(MEMORY, "tangentflow-fuzz-")
              : Files.createTempDirectory("tangentflow-fuzz-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A reader at work. */
  public interface Reader {
    void read() throws IOException;
  }

  /** A directory of the property's own, in memory where there is such. */
  public static Path directory() {
    return current.directory;
  }

  /** Puts a file into {@link #directory}. */
  public static Path file(String name, byte[] bytes) {
    Path file = current.directory.resolve(name);
    try {
      Files.createDirectories(file.getParent());
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Has an input read.
   *
   * @param named what a refusal has to name
   * @param length of the input in bytes, unpacked
   * @throws AssertionError if it is refused otherwise than it should, or takes too much memory
   */
  public static void of(String named, long length, Reader reader) throws IOException {
    of(named, length, BASE_BYTES, reader);
  }

  /**
   * As {@link #of(String, long, Reader)}, where more is done than reading.
   *
   * @param baseBytes in the place of {@link #BASE_BYTES}
   */
  public static void of(String named, long length, long baseBytes, Reader reader)
      throws IOException {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    String outcome;
    try {
      reader.read();
      outcome = ACCEPTED;
    } catch (TangentFlowException e) {
      requireSentence(e, named);
      outcome = e.getClass().getSimpleName();
    }
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    current.add(outcome, allocated, baseBytes + BYTES_PER_BYTE * length);
  }

  private static void requireSentence(TangentFlowException e, String named) {
    String sentence = e.getMessage();
    if (!sentence.contains(named)
        || sentence.length() > LONGEST_SENTENCE
        || sentence.chars().anyMatch(Character::isISOControl)
        || sentence.contains("Cannot invoke")
        || sentence.contains("java.")) {
      throw new AssertionError("no clear sentence that names " + named + ": " + sentence, e);
    }
  }

  private void add(String outcome, long allocated, long bound) {
    tried++;
    outcomes.merge(outcome, 1, Integer::sum);
    // The first inputs load classes.
    if (tried > 20) {
      greatestShare = Math.max(greatestShare, allocated / (double) bound);
      if (allocated > bound) {
        throw new AssertionError(allocated + " bytes were allocated, the bound being " + bound);
      }
    }
  }

  private void close() {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean endedAlike() {
    return outcomes.size() < 2 || !outcomes.containsKey(ACCEPTED);
  }

  private void report() {
    Reliability.figures(
        "hostile " + subject,
        String.format(
            "%d inputs, %s; of the bound on memory %.0f %% at most",
            tried, outcomes, 100 * greatestShare));
  }

  /** Opens one for each property, and tells what became of its inputs. */
  static final class Tally implements AroundPropertyHook {

    @Override
    public PropertyExecutionResult aroundProperty(
        PropertyLifecycleContext context, PropertyExecutor property) {
      Fuzz fuzz = context.findAnnotation(Fuzz.class).orElseThrow();
      context.attributes().setTries(Reliability.count(fuzz.usual(), fuzz.full()));
      Reading reading = new Reading(context.targetMethod().getName());
      current = reading;
      try {
        PropertyExecutionResult result = property.execute();
        return result.status() == Status.SUCCESSFUL && reading.endedAlike()
            ? result.mapToFailed("all inputs ended alike: " + reading.outcomes)
            : result;
      } finally {
        current = null;
        reading.report();
        reading.close();
      }
    }
  }
}
