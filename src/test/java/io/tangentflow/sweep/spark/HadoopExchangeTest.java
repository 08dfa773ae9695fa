package io.tangentflow.sweep.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.ClusterFailure;
import io.tangentflow.sweep.Clusters;
import io.tangentflow.sweep.DirectoryExchange;
import io.tangentflow.sweep.Exchange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files under a URI of Hadoop's, on the file system of this machine. */
@Tag("cluster")
class HadoopExchangeTest {

  @TempDir private Path root;
  private Path directory;
  private Exchange exchange;

  @BeforeEach
  void open() {
    directory = root.resolve("run");
    exchange = Clusters.exchange(directory.toUri().toString());
  }

  private void write(String name, String content) {
    exchange.write(name, out -> out.write(content.getBytes(UTF_8)));
  }

  private Optional<String> read(String name) {
    return exchange.read(name).map(bytes -> new String(bytes, UTF_8));
  }

  private List<String> names(Path of) throws IOException {
    try (Stream<Path> files = Files.list(of)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aFileIsReadAsItWasWrittenLastAndNothingElseLiesBesideIt() throws IOException {
    write("units/a.json", "one");
    write("units/a.json", "two");
    write("units/b.json", "");
    assertEquals(Optional.of("two"), read("units/a.json"));
    assertEquals(Optional.of(""), read("units/b.json"));
    assertEquals(List.of("a.json", "b.json"), names(directory.resolve("units")));
    assertEquals("two", Files.readString(directory.resolve("units/a.json")));
  }

  @Test
  void whatIsNotThereIsNotFound() {
    assertEquals(Optional.empty(), exchange.read("units/none.json"));
    assertEquals(Optional.empty(), exchange.find("units/none.json"));
  }

  @Test
  void aCopyOfThisMachineHasTheContent() throws IOException {
    byte[] content = new byte[300_000];
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) (i * 31);
    }
    exchange.write("tiles/0-1.npy", out -> out.write(content));
    Path copy = exchange.find("tiles/0-1.npy").orElseThrow();
    assertArrayEquals(content, Files.readAllBytes(copy));
    assertNotEquals(directory.resolve("tiles/0-1.npy"), copy);
    Files.delete(copy);
  }

  @Test
  void aDirectoryIsDeletedOnceNothingIsInIt() throws IOException {
    write("units/a.json", "one");
    write("units/b.json", "two");
    write("tiles/c", "three");
    exchange.delete("units/a.json");
    exchange.delete("units");
    assertEquals(List.of("b.json"), names(directory.resolve("units")));
    exchange.delete("units/b.json");
    exchange.delete("units/b.json");
    exchange.delete("units");
    exchange.delete("units");
    assertEquals(List.of("tiles"), names(directory));
  }

  @Test
  void whatFailsWhileItIsWrittenLeavesTheOldContentAlone() throws IOException {
    write("units/a.json", "one");
    ClusterFailure failure =
        assertThrows(
            ClusterFailure.class,
            () ->
                exchange.write(
                    "units/a.json",
                    out -> {
                      out.write('x');
                      throw new IOException("the network is gone");
                    }));
    assertTrue(failure.getMessage().contains("the network is gone"), failure.getMessage());
    assertEquals(Optional.of("one"), read("units/a.json"));
    assertEquals(List.of("a.json"), names(directory.resolve("units")));
  }

  @Test
  void writersOfOneFileDoNotHinderEachOther() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> writers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        writers.add(
            threads.submit(
                () -> {
                  for (int n = 0; n < 50; n++) {
                    write("units/a.json", "the same");
                  }
                }));
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    } finally {
      threads.shutdownNow();
    }
    assertEquals(Optional.of("the same"), read("units/a.json"));
    assertEquals(List.of("a.json"), names(directory.resolve("units")));
  }

  @Test
  void aSchemeThatHadoopDoesNotKnowIsRefused() {
    ClusterFailure failure =
        assertThrows(ClusterFailure.class, () -> Clusters.exchange("nosuch://host/path"));
    assertTrue(
        failure.getMessage().startsWith("nosuch://host/path: Hadoop cannot open"),
        failure.getMessage());
  }

  @Test
  void aPlainPathNeedsNoHadoop() {
    assertEquals(DirectoryExchange.class, Clusters.exchange(root.toString()).getClass());
  }
}
