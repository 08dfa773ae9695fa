package io.tangentflow.backend.cpu;

import dev.ludovic.netlib.blas.BLAS;
import dev.ludovic.netlib.blas.NativeBLAS;
import dev.ludovic.netlib.lapack.LAPACK;
import dev.ludovic.netlib.lapack.NativeLAPACK;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * OpenBLAS from its Maven jar: JavaCPP unpacks the library (once per machine, under a file lock),
 * netlib's JNI binding calls it on Java arrays without a copy. Loaded on first use.
 */
public final class OpenBlas {

  /**
   * JavaCPP names the unpacked library after the preset; it is all of OpenBLAS, LAPACK included.
   */
  private static final String LIBRARY = "libopenblas_nolapack.so.0";

  /** Where JavaCPP unpacks to, if it is set. */
  private static final String CACHE = "org.bytedeco.javacpp.cachedir";

  /**
   * JavaCPP's bound on what the whole process has in memory, by default some heaps; 0 for none. It
   * is JavaCPP's alone, for the rest of this process.
   */
  private static final String MOST_RESIDENT = "org.bytedeco.javacpp.maxPhysicalBytes";

  /**
   * netlib tries its pure-Java variants on the way and warns of each that this JVM lacks; what we
   * end up with is our own to say. Held here, because the logging system forgets loggers that
   * nobody holds.
   */
  private static final List<Logger> NETLIB_LOGGERS =
      List.of(
          Logger.getLogger("dev.ludovic.netlib.blas.InstanceBuilder"),
          Logger.getLogger("dev.ludovic.netlib.lapack.InstanceBuilder"));

  private static final Loaded LOADED = load();

  private static int threads = 1;
  private static int threadsInUse;

  private OpenBlas() {}

  /** Null if it is loaded, else why it is not. */
  public static String failure() {
    return LOADED.failure;
  }

  /** The BLAS, on its own threads until a backend's next product; {@link #failure} is null. */
  public static BLAS blas() {
    takeOwnThreads();
    return LOADED.blas;
  }

  /**
   * Null if its LAPACK is loaded, else why it is not. Loaded apart, on first use, as most commands
   * do without.
   */
  public static String lapackFailure() {
    return failure() == null ? Lapack.FAILURE : failure();
  }

  /** LAPACK, on its own threads until a backend's next product; {@link #lapackFailure} is null. */
  public static LAPACK lapack() {
    takeOwnThreads();
    return Lapack.LOADED;
  }

  /** Sets the number of its own threads in this process, from the next {@link #blas} on. */
  public static synchronized void useThreads(int number) {
    threads = number;
  }

  private static synchronized void takeOwnThreads() {
    apply(threads);
  }

  /** From now on each call runs on the thread that makes it, until the next {@link #blas}. */
  static synchronized void callFromEachThread() {
    apply(1);
  }

  /** Costs nothing where it is so already; else a third of a millisecond. */
  private static void apply(int number) {
    if (number != threadsInUse) {
      openblas_nolapack.blas_set_num_threads(number);
      threadsInUse = number;
    }
  }

  /** The version that the unpacked jar names. */
  public static String version() {
    return LOADED.version;
  }

  private static Loaded load() {
    NETLIB_LOGGERS.forEach(logger -> logger.setLevel(Level.SEVERE));
    if (System.getProperty(MOST_RESIDENT) == null) {
      System.setProperty(MOST_RESIDENT, "0"); // A small heap is no reason not to load a library.
    }
    try {
      String binding = homeless() ? loadPrivately() : Loader.load(openblas_nolapack.class);
      Path library = Path.of(binding).resolveSibling(LIBRARY);
      System.setProperty("dev.ludovic.netlib.blas.nativeLibPath", library.toString());
      System.setProperty("dev.ludovic.netlib.lapack.nativeLibPath", library.toString());
      String jar = Loader.class.getPackage().getImplementationVersion();
      return new Loaded(NativeBLAS.getInstance(), "javacpp " + jar, null);
    } catch (LinkageError | RuntimeException | IOException e) {
      return new Loaded(null, null, "OpenBLAS cannot be loaded (" + e + ")");
    }
  }

  /**
   * Whether the JVM calls the user's home "?", as it does where the system does not know the user,
   * in a container for example. JavaCPP would make a directory of that name where we are.
   */
  private static boolean homeless() {
    return System.getProperty(CACHE) == null && System.getProperty("user.home").equals("?");
  }

  /** Into a directory that no other user can write, until the JVM ends. */
  private static String loadPrivately() throws IOException {
    Path directory = Files.createTempDirectory("tangentflow-openblas");
    System.setProperty(CACHE, directory.toString());
    String binding = Loader.load(openblas_nolapack.class);
    try (Stream<Path> files = Files.walk(directory)) {
      // The last that is named is the first to go, so directories go after what is in them.
      files.sorted().forEach(file -> file.toFile().deleteOnExit());
    }
    return binding;
  }

  private record Loaded(BLAS blas, String version, String failure) {}

  private static final class Lapack {

    private static final LAPACK LOADED;
    private static final String FAILURE;

    static {
      LAPACK loaded = null;
      String failure = null;
      try {
        loaded = NativeLAPACK.getInstance();
      } catch (LinkageError | RuntimeException e) {
        failure = "OpenBLAS's LAPACK cannot be loaded (" + e + ")";
      }
      LOADED = loaded;
      FAILURE = failure;
    }
  }
}
