package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.InputFile;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The files of one checkpoint: {@code NAME.npy} for each matrix; {@code checkpoint.json} with the
 * step, the run's state and the matrices with their SHA-256; {@code checkpoint.json.sha256} with
 * that of the former, as {@code sha256sum} writes it. So each bit is under a hash.
 */
final class CheckpointFiles {

  private static final String CONTENTS = "checkpoint.json";
  private static final String CONTENTS_HASH = CONTENTS + ".sha256";

  /** Safe as the name of a file everywhere, and no hidden one. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*");

  /**
   * What {@code checkpoint.json} says.
   *
   * @param step after which it was saved
   * @param state of the run, its own
   * @param matrices in the order in which they were saved
   */
  record Contents(long step, ObjectNode state, List<MatrixFile> matrices) {}

  /**
   * One matrix.
   *
   * @param sha256 of the file's bytes, in hex
   */
  record MatrixFile(String name, String file, int rows, int columns, String sha256) {

    /** Whether the names are some that are written. */
    boolean isNamed() {
      return name != null && NAME.matcher(name).matches() && fileOf(name).equals(file);
    }
  }

  private CheckpointFiles() {}

  /**
   * Writes all files into an empty directory and syncs them, and it.
   *
   * @param matrices not modified
   * @throws IOException if they cannot be written
   */
  static void write(
      Path directory,
      long step,
      ObjectNode state,
      Map<String, DenseMatrix> matrices,
      ElementType type)
      throws IOException {
    List<MatrixFile> files = new ArrayList<>();
    for (Map.Entry<String, DenseMatrix> entry : matrices.entrySet()) {
      files.add(write(directory, entry.getKey(), entry.getValue(), type));
    }
    byte[] contents =
        StrictJson.pretty(new Contents(step, state, files)).getBytes(StandardCharsets.UTF_8);
    AtomicFile.writeSynced(directory.resolve(CONTENTS), out -> out.write(contents));
    AtomicFile.writeSynced(directory.resolve(CONTENTS_HASH), out -> out.write(hashLine(contents)));
    AtomicFile.syncDirectory(directory);
  }

  private static MatrixFile write(Path directory, String name, DenseMatrix matrix, ElementType type)
      throws IOException {
    requireExact(name, matrix, type);
    String file = fileOf(name);
    MessageDigest hash = sha256();
    AtomicFile.writeSynced(
        directory.resolve(file), out -> Npy.write(new DigestOutputStream(out, hash), matrix, type));
    return new MatrixFile(name, file, matrix.rows(), matrix.columns(), hex(hash));
  }

  private static String fileOf(String name) {
    return name + ".npy";
  }

  /** A checkpoint that rounds would not go on as the run would have. */
  private static void requireExact(String name, DenseMatrix matrix, ElementType type) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("'" + name + "' cannot be a matrix's name");
    }
    if (type == ElementType.FP32) {
      for (double value : matrix.values()) {
        if (Double.compare((float) value, value) != 0) {
          throw new IllegalArgumentException(name + " has " + value + ", which is not in FP32");
        }
      }
    }
  }

  /**
   * Reads what a checkpoint holds and verifies every byte of it.
   *
   * @throws DataFormat naming the file that is missing or has not the bytes that were written
   */
  static Checkpoint open(Path directory, long step) {
    Path file = directory.resolve(CONTENTS);
    byte[] bytes = contents(directory);
    Contents contents = StrictJson.read(file, bytes, Contents.class);
    if (contents.state() == null || contents.matrices() == null) {
      throw new DataFormat(file, "lacks its state or matrices", null);
    }
    if (contents.step() != step) {
      throw new DataFormat(
          file, "is of step " + contents.step() + ", not of the one in its directory's name", null);
    }
    Map<String, MatrixFile> matrices = new LinkedHashMap<>();
    for (MatrixFile matrix : contents.matrices()) {
      if (matrix == null || !matrix.isNamed()) {
        throw new DataFormat(file, "names no file of a matrix in its own directory", null);
      }
      Path path = directory.resolve(matrix.file());
      requireHash(path, matrix.sha256(), hash(path));
      matrices.put(matrix.name(), matrix);
    }
    return new Checkpoint(directory, step, contents.state(), matrices);
  }

  /** Whether two checkpoints, of which one is whole, hold the same. */
  static boolean same(Path whole, Path other) {
    return Arrays.equals(contents(whole), contents(other));
  }

  private static byte[] contents(Path directory) {
    byte[] bytes = bytes(directory.resolve(CONTENTS));
    byte[] line = bytes(directory.resolve(CONTENTS_HASH));
    if (!Arrays.equals(line, hashLine(bytes))) {
      throw new DataFormat(
          directory.resolve(CONTENTS),
          "is damaged: its SHA-256 is not what " + CONTENTS_HASH + " says",
          null);
    }
    return bytes;
  }

  private static byte[] bytes(Path file) {
    try {
      return InputFile.bytes(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static byte[] hashLine(byte[] contents) {
    MessageDigest hash = sha256();
    hash.update(contents);
    return (hex(hash) + "  " + CONTENTS + "\n").getBytes(StandardCharsets.US_ASCII);
  }

  private static String hash(Path file) {
    MessageDigest hash = sha256();
    try (InputStream in = InputFile.open(file);
        OutputStream out = new DigestOutputStream(OutputStream.nullOutputStream(), hash)) {
      in.transferTo(out);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    return hex(hash);
  }

  private static DataFormat unreadable(Path file, IOException e) {
    return e instanceof NoSuchFileException
        ? new DataFormat(file, "is missing", e)
        : new DataFormat(file, "cannot be read (" + AtomicFile.reason(e) + ")", e);
  }

  static void requireHash(Path file, String expected, String found) {
    if (!found.equals(expected)) {
      throw new DataFormat(file, "is damaged: its SHA-256 is not what " + CONTENTS + " says", null);
    }
  }

  private static String hex(MessageDigest hash) {
    return HexFormat.of().formatHex(hash.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
