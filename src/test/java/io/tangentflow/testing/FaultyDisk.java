package io.tangentflow.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A directory whose disk fails as it is told: {@code src/test/faulty-disk}. The library is built
 * into the directory that the property {@code faulty.disk.dir} names, and must be preloaded into
 * this JVM. Calls of the whole JVM count, of one disk at a time.
 */
public final class FaultyDisk {

  /** What becomes of the calls that change files, from the k-th on. */
  public enum Fault {
    /** Nothing. */
    NONE(0),
    /** The k-th fails: no space left. */
    NO_SPACE(1),
    /** The k-th fails: input/output error. */
    IO_ERROR(2),
    /** The disk is full: half of the k-th is written, and nothing after it that needs room. */
    FULL(3),
    /** The disk is gone: the k-th and all that follow fail; what is there can be read. */
    DEAD(4),
    /** The k-th read fails: input/output error. */
    UNREADABLE(5);

    private final int code;

    Fault(int code) {
      this.code = code;
    }
  }

  /** What a power cut takes of what was not synced. */
  public enum Loss {
    /** Bytes: a file ends where it did when it was synced; one that never was is empty. */
    TAILS(0),
    /** Bytes: files are as long as they were, with zeros for what was not synced. */
    TAILS_AS_ZEROS(1),
    /** Bytes and names: of each directory there is what was there when it was synced. */
    NAMES(2);

    private final int code;

    Loss(int code) {
      this.code = code;
    }
  }

  private static final String ABSENT =
      BuiltLibrary.load(
          "faulty.disk.dir",
          "the disk that fails is preloaded into a JVM of its own",
          "libfaulty_disk.so");

  private FaultyDisk() {}

  /** Of tests: they are left out, with the reason, where it is not there, and each ends it. */
  public static final class Required implements BeforeEachCallback, AfterEachCallback {
    @Override
    public void beforeEach(ExtensionContext context) {
      assumeTrue(available(), reason());
    }

    @Override
    public void afterEach(ExtensionContext context) {
      if (available()) {
        end();
      }
    }
  }

  /** Whether it is there. */
  public static boolean available() {
    return ABSENT == null;
  }

  /** Why it is not there. */
  public static String reason() {
    return ABSENT;
  }

  /** From now on the directory is on that disk; all that is in it is synced. */
  public static void begin(Path directory, Fault fault, long call) {
    begin(directory.toAbsolutePath().toString(), fault.code, call);
  }

  private static native void begin(String directory, int fault, long call);

  /** From now on nothing fails. */
  public static native void end();

  /** A power cut, after {@link #end}: takes what was not synced when that was called. */
  public static void lose(Loss loss) {
    lose(loss.code);
  }

  private static native void lose(int loss);

  /** Calls since the beginning that changed files or would have. */
  public static native long changes();

  /** Reads since the beginning. */
  public static native long reads();

  /** Whether any call was made to fail. */
  public static native boolean struck();

  /** Each change: what it does, and the file's path in the directory. */
  public static List<String> log() {
    return calls().lines().toList();
  }

  private static native String calls();
}
