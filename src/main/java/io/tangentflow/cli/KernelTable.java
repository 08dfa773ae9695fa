package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.InputFile;
import io.tangentflow.kernel.limit.KernelJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A file of a kernel as a function. */
final class KernelTable {

  private KernelTable() {}

  /**
   * Reads a file that {@code limit --table-out} wrote.
   *
   * @throws DataFormat naming the field that is missing or wrong
   */
  static KernelJson read(Path path) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(InputFile.bytes(path));
      return KernelJson.of(StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
    } catch (CharacterCodingException e) {
      throw new DataFormat(path, "is not text in UTF-8", e);
    } catch (IllegalArgumentException e) {
      throw new DataFormat(path, "holds no kernel table: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new DataFormat(path, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }
}
