package io.tangentflow.kernel.gram;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.ElementType;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.testing.Pipes;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stores that somebody else prepared. */
@Tag("reliability")
class HostileStoreDirectoryTest {

  @TempDir private Path directory;
  private Path outside;
  private GramStore store;

  @BeforeEach
  void begin() throws IOException {
    outside = Files.writeString(directory.resolve("outside"), "precious");
    store = store(2, 2);
    store.put(0, 0, DenseMatrix.zeros(2, 2), 0);
  }

  private GramStore store(int order, int tile) {
    return GramStore.openOrCreate(
        directory.resolve("store-" + order),
        StoreDescription.of(new TileGrid(order, tile), 1, ElementType.FP64, Map.of("seed", "3")));
  }

  private Path link(Path link, Path target) throws IOException {
    Files.deleteIfExists(link);
    return Files.createSymbolicLink(link, target);
  }

  @Test
  void aTileThatIsALinkIsReplacedOrDeletedAndNotWhatItLeadsTo() throws IOException {
    Path tile = link(store.file(0, 0), outside);
    assertTrue(store.damage(0, 0).isPresent());
    store.put(0, 0, DenseMatrix.zeros(2, 2), 0);
    assertTrue(Files.isRegularFile(tile, LinkOption.NOFOLLOW_LINKS));
    link(tile, outside);
    store.delete(0, 0);
    assertFalse(Files.exists(tile, LinkOption.NOFOLLOW_LINKS));
    assertEquals("precious", Files.readString(outside));
  }

  @Test
  void ofALeftoverThatIsALinkTheLinkAloneIsDeleted() throws IOException {
    Path leftover = store.file(0, 0).resolveSibling(".x." + UUID.randomUUID() + ".tmp");
    assertTrue(AtomicFile.isLeftover(leftover.getFileName().toString()));
    link(leftover, outside);
    Files.setLastModifiedTime(outside, FileTime.from(Instant.now().minusSeconds(7200)));
    store.removeAbandoned(Duration.ofHours(1));
    assertFalse(Files.exists(leftover, LinkOption.NOFOLLOW_LINKS));
    assertEquals("precious", Files.readString(outside));
  }

  @Test
  void pipesAreRefusedAndNotWaitedFor() throws Exception {
    Files.delete(store.file(0, 0));
    Pipes.make(store.file(0, 0));
    Pipes.assertRefused(store.path(), () -> store.tile(0, 0));
    Pipes.assertRefused(
        store.path(),
        () -> {
          throw new DataFormat(store.path(), store.visibleDamage(0, 0).orElseThrow(), null);
        });
    Path other = Files.createDirectory(directory.resolve("other"));
    Pipes.make(other.resolve(GramStore.HEADER));
    Pipes.assertRefused(other, () -> GramStore.open(other));
  }

  /** A store of one tile of 17 GB, in whose place a few bytes are. */
  @Test
  void aTileIsNotAllocatedBeforeItsFileIsKnownToHoldIt() throws IOException {
    GramStore large = store(DenseMatrix.GREATEST_ORDER, DenseMatrix.GREATEST_ORDER);
    Files.createDirectories(large.file(0, 0).getParent());
    Files.copy(store.file(0, 0), large.file(0, 0));
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    assertThrows(DataFormat.class, () -> large.tile(0, 0));
    assertTrue(threads.getCurrentThreadAllocatedBytes() - before < 1 << 22);
  }
}
