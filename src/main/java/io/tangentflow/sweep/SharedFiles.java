package io.tangentflow.sweep;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.data.AtomicFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Files of a directory of the driver's, on their way to and from the processes that work for it:
 * none, where the exchange is that directory.
 */
final class SharedFiles {

  private final Path directory;
  private final Exchange exchange;

  SharedFiles(Path directory, Exchange exchange) {
    this.directory = directory.toAbsolutePath();
    this.exchange = exchange;
  }

  /** Whether the exchange is the directory, as far as a file of it tells. */
  private boolean here(String name) {
    return exchange.find(name).equals(Optional.of(directory.resolve(name)));
  }

  /** Copies a file of the directory into the exchange. */
  void lend(String name) {
    if (!here(name)) {
      exchange.write(name, out -> Files.copy(directory.resolve(name), out));
    }
  }

  /** Copies a file of the exchange into the directory. */
  void bring(String name) {
    Path target = directory.resolve(name);
    Path source =
        exchange
            .find(name)
            .orElseThrow(() -> new DataFormat(target, "was not written by its worker", null));
    if (!source.equals(target)) {
      AtomicFile.write(target, out -> Files.copy(source, out));
    }
  }

  /** Deletes a file of the exchange. */
  void remove(String name) {
    if (!here(name)) {
      exchange.delete(name);
    }
  }
}
