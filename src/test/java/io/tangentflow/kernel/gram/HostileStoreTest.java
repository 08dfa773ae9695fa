package io.tangentflow.kernel.gram;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.data.ElementType;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.testing.Edits;
import io.tangentflow.testing.Edits.Input;
import io.tangentflow.testing.Fuzz;
import io.tangentflow.testing.Reading;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;

/** Files of a store as nobody should have written them. */
class HostileStoreTest {

  private static final StoreDescription DESCRIPTION =
      StoreDescription.of(
          new TileGrid(5, 3), 1, ElementType.FP64, Map.of("seed", "3", "activation", "softplus"));

  private static GramStore store() {
    GramStore store = GramStore.openOrCreate(Reading.directory(), DESCRIPTION);
    store.put(0, 0, DenseMatrix.zeros(3, 3), 0.5);
    store.put(1, 0, DenseMatrix.zeros(2, 3), 0);
    store.put(1, 1, DenseMatrix.zeros(2, 2), 0);
    return store;
  }

  @Fuzz
  void storeJson(@ForAll Edits edits) throws IOException {
    byte[] valid = DESCRIPTION.text().getBytes(StandardCharsets.UTF_8);
    Reading.file(GramStore.HEADER, valid);
    store();
    Input input = edits.plain().of(List.of(valid));
    Reading.file(GramStore.HEADER, input.bytes());
    Reading.of(
        Reading.directory().toString(),
        input.length() + 4096,
        () -> {
          GramStore store = GramStore.open(Reading.directory());
          store.requireSame(DESCRIPTION);
          store.requireComplete();
          store.tile(0, 0);
          store.gradientError();
        });
  }

  /** Of one half the checksum is that of the edited bytes, so that more than it has to refuse. */
  @Fuzz
  void tile(@ForAll Edits edits) throws IOException {
    GramStore store = store();
    byte[] valid = Files.readAllBytes(store.file(1, 0));
    Input input = edits.plain().of(List.of(valid));
    byte[] bytes = input.bytes();
    if (edits.original() % 2 == 0 && bytes.length >= Integer.BYTES) {
      CRC32C checksum = new CRC32C();
      checksum.update(bytes, 0, bytes.length - Integer.BYTES);
      ByteBuffer.wrap(bytes)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt(bytes.length - Integer.BYTES, (int) checksum.getValue());
    }
    Reading.file("tiles/00001/00000.tile", bytes);
    Reading.of(
        "00000.tile",
        input.length(),
        () -> {
          Optional<String> damage = store.damage(1, 0);
          if (damage.isPresent()) {
            throw new DataFormat(store.file(1, 0), damage.get(), null);
          }
          store.tile(1, 0);
        });
  }
}
