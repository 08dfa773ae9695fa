package io.tangentflow.sweep.spark;

import io.tangentflow.TangentFlowException.ClusterFailure;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.sweep.Exchange;
import java.io.BufferedOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.PathIsNotEmptyDirectoryException;

/**
 * A directory of a file system that Hadoop knows, under a URI. A file is written under another name
 * and renamed: on HDFS in one step, on an object store by a copy that appears whole. Where a rename
 * first removes what it replaces, a reader may for a moment find no file, which to it is a result
 * that has to be computed again.
 */
final class HadoopExchange implements Exchange {

  private final FileContext files;
  private final org.apache.hadoop.fs.Path directory;

  /** Of files that were found; a worker asks for the same ones again and again. */
  private final Map<String, Path> copies = new ConcurrentHashMap<>();

  private HadoopExchange(FileContext files, org.apache.hadoop.fs.Path directory) {
    this.files = files;
    this.directory = directory;
  }

  /**
   * @param uri with a scheme; need not exist before anything is written
   * @param configuration of Hadoop
   * @throws ClusterFailure if Hadoop has no file system of that scheme
   */
  static HadoopExchange open(String uri, Configuration configuration) {
    try {
      org.apache.hadoop.fs.Path directory = new org.apache.hadoop.fs.Path(uri);
      Configuration plain = new Configuration(configuration);
      // A local directory without the checksum files that Hadoop puts beside each file.
      plain.set(
          "fs.AbstractFileSystem.file.impl", org.apache.hadoop.fs.local.RawLocalFs.class.getName());
      return new HadoopExchange(FileContext.getFileContext(directory.toUri(), plain), directory);
    } catch (IOException | RuntimeException e) {
      // What a file system's own constructor meets comes wrapped in exceptions of reflection.
      throw new ClusterFailure(
          uri
              + ": Hadoop cannot open this file system ("
              + e.getMessage()
              + "); its jar and its settings belong to Spark's, on every machine",
          e);
    }
  }

  @Override
  public Optional<byte[]> read(String name) {
    try (FSDataInputStream in = files.open(path(name))) {
      return Optional.of(in.readAllBytes());
    } catch (FileNotFoundException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw failure(name, "cannot be read", e);
    }
  }

  @Override
  public Optional<Path> find(String name) {
    Path known = copies.get(name);
    if (known != null) {
      return Optional.of(known);
    }
    Optional<Path> copy = copy(name);
    copy.ifPresent(path -> copies.put(name, path));
    return copy;
  }

  private Optional<Path> copy(String name) {
    Path copy = null;
    try (FSDataInputStream in = files.open(path(name))) {
      copy = Files.createTempFile("tangentflow-", ".copy");
      copy.toFile().deleteOnExit();
      try (var out = new BufferedOutputStream(Files.newOutputStream(copy))) {
        in.transferTo(out);
      }
      return Optional.of(copy);
    } catch (FileNotFoundException e) {
      return Optional.empty();
    } catch (IOException e) {
      if (copy != null && !copy.toFile().delete()) {
        e.addSuppressed(new IOException(copy + " is left"));
      }
      throw failure(name, "cannot be read", e);
    }
  }

  @Override
  public void write(String name, AtomicFile.Content content) {
    org.apache.hadoop.fs.Path target = path(name);
    org.apache.hadoop.fs.Path temporary =
        new org.apache.hadoop.fs.Path(
            target.getParent(), "." + target.getName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (FSDataOutputStream out =
          files.create(
              temporary, EnumSet.of(CreateFlag.CREATE), Options.CreateOpts.createParent())) {
        BufferedOutputStream buffer = new BufferedOutputStream(out);
        content.writeTo(buffer);
        buffer.flush();
        if (out.hasCapability("hsync")) {
          out.hsync();
        }
      }
      replace(temporary, target);
      copies.remove(name);
    } catch (IOException e) {
      deleteLeftover(temporary, e);
      throw failure(name, "cannot be written", e);
    }
  }

  private void replace(org.apache.hadoop.fs.Path temporary, org.apache.hadoop.fs.Path target)
      throws IOException {
    try {
      files.rename(temporary, target, Options.Rename.OVERWRITE);
    } catch (FileAlreadyExistsException e) {
      // Another process has put its file there since this rename removed what it found: as if this
      // one had been first.
      files.delete(temporary, false);
    }
  }

  private void deleteLeftover(org.apache.hadoop.fs.Path temporary, IOException failure) {
    try {
      files.delete(temporary, false);
    } catch (FileNotFoundException e) {
      // It was never made.
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public void delete(String name) {
    Path copy = copies.remove(name);
    try {
      if (copy != null) {
        Files.deleteIfExists(copy);
      }
      files.delete(path(name), false);
    } catch (FileNotFoundException e) {
      // There is none.
    } catch (PathIsNotEmptyDirectoryException e) {
      // Others are still using it.
    } catch (IOException e) {
      if (holdsFiles(name)) {
        return; // Not every file system says so by its exception.
      }
      throw failure(name, "cannot be removed", e);
    }
  }

  private boolean holdsFiles(String name) {
    try {
      return files.listStatus(path(name)).hasNext();
    } catch (IOException e) {
      return false; // It is told by the failure that led here.
    }
  }

  private org.apache.hadoop.fs.Path path(String name) {
    return new org.apache.hadoop.fs.Path(directory, name);
  }

  private ClusterFailure failure(String name, String what, IOException e) {
    return new ClusterFailure(path(name) + ": " + what + " (" + AtomicFile.reason(e) + ")", e);
  }
}
