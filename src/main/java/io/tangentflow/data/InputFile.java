package io.tangentflow.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Files that are read: regular ones, or links to such. Opening a pipe would wait for its writer,
 * and a device need never end.
 */
public final class InputFile {

  /** Bytes of the largest array that every JVM has. */
  private static final long MOST_BYTES = Integer.MAX_VALUE - 8;

  private InputFile() {}

  /**
   * Opens a file; the stream is the caller's, and not buffered.
   *
   * @throws IOException if it cannot be read or is no regular file
   */
  public static InputStream open(Path path) throws IOException {
    length(path);
    return Files.newInputStream(path);
  }

  /**
   * All bytes of a file.
   *
   * @throws IOException if it cannot be read, is no regular file, or has more than 2³¹ − 9 bytes
   */
  public static byte[] bytes(Path path) throws IOException {
    if (length(path) > MOST_BYTES) {
      throw new FileSystemException(path.toString(), null, "it is larger than 2 GiB");
    }
    return Files.readAllBytes(path);
  }

  /**
   * The bytes that a file has.
   *
   * @param options {@link LinkOption#NOFOLLOW_LINKS} where a link is refused too, as what is
   *     written in place must lie where it seems to
   * @throws IOException if it is no regular file
   */
  public static long length(Path path, LinkOption... options) throws IOException {
    BasicFileAttributes file = Files.readAttributes(path, BasicFileAttributes.class, options);
    if (!file.isRegularFile()) {
      throw new FileSystemException(
          path.toString(),
          null,
          file.isDirectory()
              ? "it is a directory"
              : file.isSymbolicLink() ? "it is a symbolic link" : "it is no regular file");
    }
    return file.size();
  }
}
