package io.tangentflow.backend.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * JCuda's native libraries, loaded once per JVM, on first use.
 *
 * <p>JCuda unpacks each into {@code java.io.tmpdir} under a fixed name and trusts a file that lies
 * there already, so JVMs that start together read each other's half-written files. While its
 * classes are initialised they are shown a private directory instead, which is deleted once the
 * libraries are mapped.
 */
final class CudaLibraries {

  private static final String TEMPORARY_DIRECTORY = "java.io.tmpdir";

  private static final CudaLibraries LOADED = load();

  private final Optional<String> driverRefusal;
  private final Optional<String> cublasRefusal;
  private final Optional<String> curandRefusal;

  private CudaLibraries(
      Optional<String> driverRefusal,
      Optional<String> cublasRefusal,
      Optional<String> curandRefusal) {
    this.driverRefusal = driverRefusal;
    this.cublasRefusal = cublasRefusal;
    this.curandRefusal = curandRefusal;
  }

  /** Why the driver API cannot be called, empty if it can. */
  static Optional<String> driverRefusal() {
    return LOADED.driverRefusal;
  }

  /** Why cuBLAS cannot be called, empty if it can. */
  static Optional<String> cublasRefusal() {
    return LOADED.cublasRefusal;
  }

  /** Why cuRAND cannot be called, empty if it can. */
  static Optional<String> curandRefusal() {
    return LOADED.curandRefusal;
  }

  private static CudaLibraries load() {
    Path directory;
    try {
      directory = Files.createTempDirectory("tangentflow-cuda");
    } catch (IOException e) {
      Optional<String> why =
          Optional.of(
              "JCuda's libraries cannot be unpacked into "
                  + System.getProperty(TEMPORARY_DIRECTORY)
                  + " ("
                  + e.getMessage()
                  + "); set -Djava.io.tmpdir");
      return new CudaLibraries(why, why, why);
    }
    String shared = System.getProperty(TEMPORARY_DIRECTORY);
    System.setProperty(TEMPORARY_DIRECTORY, directory.toString());
    try {
      Optional<String> driver =
          initialise(
              "jcuda.driver.JCudaDriver",
              "libcuda.so.1",
              "no NVIDIA driver library (libcuda.so.1) was found; install NVIDIA's driver");
      if (driver.isPresent()) {
        return new CudaLibraries(driver, driver, driver);
      }
      return new CudaLibraries(
          driver,
          initialise(
              "jcuda.jcublas.JCublas2",
              "libcublas",
              "no cuBLAS 12 (libcublas.so.12) was found; install it with the CUDA 12 toolkit and"
                  + " name its directory in LD_LIBRARY_PATH"),
          initialise(
              "jcuda.jcurand.JCurand",
              "libcurand",
              "no cuRAND 10 (libcurand.so.10) was found; install it with the CUDA toolkit and name"
                  + " its directory in LD_LIBRARY_PATH"));
    } finally {
      System.setProperty(TEMPORARY_DIRECTORY, shared);
      delete(directory);
    }
  }

  /** Initialises a class of JCuda, which loads its library; says why it could not. */
  private static Optional<String> initialise(String name, String library, String absent) {
    try {
      Class.forName(name);
      return Optional.empty();
    } catch (ClassNotFoundException | LinkageError e) {
      String text = String.valueOf(e.getMessage());
      String cause = e.getCause() == null ? "" : String.valueOf(e.getCause().getMessage());
      return Optional.of(
          (text + cause).contains(library) ? absent : name + " cannot be loaded (" + core(e) + ")");
    }
  }

  /** JCuda's messages hold stack traces: the last error that is named in them says most. */
  private static String core(Throwable e) {
    List<String> errors =
        String.valueOf(e.getMessage())
            .lines()
            .map(String::strip)
            .filter(line -> line.contains("Error: ") || line.contains("Exception: "))
            .toList();
    return errors.isEmpty()
        ? e.toString().lines().findFirst().orElse("")
        : errors.get(errors.size() - 1);
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      System.getLogger(CudaLibraries.class.getName())
          .log(System.Logger.Level.WARNING, directory + " cannot be deleted: " + e.getMessage());
    }
  }
}
