package io.tangentflow.kernel.gram;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.Directories;
import io.tangentflow.data.InputFile;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Gram matrix of a kernel in a directory, as tiles on and below its diagonal:
 *
 * <pre>
 *   store.json               what the matrix is of ({@link StoreDescription})
 *   tiles/RRRRR/CCCCC.tile   a tile by its row and column among tiles ({@link TileFile})
 * </pre>
 *
 * Each file appears whole, by rename. So any number of processes may write tiles of one store at
 * once, and be killed at any moment: a tile is there or it is not, and one that was computed twice
 * was replaced as a whole. What is read is held against its checksum.
 */
public final class GramStore {

  /** The file of a store that says what its matrix is of. */
  public static final String HEADER = "store.json";

  private static final String TILES = "tiles";
  private static final Pattern TILE_NAME = Pattern.compile("(\\d{5})\\.tile");

  private final Path path;
  private final StoreDescription description;
  private final TileGrid grid;
  private final long fingerprint;

  private GramStore(Path path, StoreDescription description) {
    this.path = path;
    this.description = description;
    grid = description.grid();
    fingerprint = description.fingerprint();
  }

  /**
   * Opens a store. Nothing is written.
   *
   * @throws RunDirectoryConflict if the directory is none
   * @throws DataFormat if its {@code store.json} is damaged or of another version
   */
  public static GramStore open(Path path) {
    return find(path)
        .orElseThrow(
            () ->
                new RunDirectoryConflict(
                    path, "is not a store of a Gram matrix: it has no " + HEADER));
  }

  /**
   * The store of that directory; empty if the directory is empty or there is none. Nothing is
   * written.
   *
   * @throws RunDirectoryConflict if it is a file, or holds something else
   * @throws DataFormat if its {@code store.json} is damaged or of another version
   */
  public static Optional<GramStore> find(Path path) {
    Path header = path.resolve(HEADER);
    try {
      return Optional.of(new GramStore(path, StoreDescription.of(InputFile.bytes(header), header)));
    } catch (NoSuchFileException e) {
      requireNoFile(path);
      if (vacant(path)) {
        return Optional.empty();
      }
      if (Files.exists(header)) {
        return find(path); // Another process has just begun it.
      }
      throw new RunDirectoryConflict(
          path, "is not empty and no store of a Gram matrix; name another directory");
    } catch (IOException e) {
      requireNoFile(path);
      throw new DataFormat(header, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /** JVMs do not agree on what a name below a file is: absent, or unreadable. */
  private static void requireNoFile(Path path) {
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new RunDirectoryConflict(path, "is a file, not a directory; name another");
    }
  }

  private static boolean vacant(Path path) {
    if (!Files.isDirectory(path)) {
      return true;
    }
    try {
      // What a process that was killed before its store.json was in place leaves.
      return Directories.entries(path).stream().allMatch(GramStore::isUnfinishedHeader);
    } catch (IOException e) {
      throw new RunDirectoryConflict(path, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  private static boolean isUnfinishedHeader(Path entry) {
    String name = entry.getFileName().toString();
    return AtomicFile.isLeftover(name) && name.startsWith("." + HEADER);
  }

  /**
   * Opens the store of that description, or begins one in a new or empty directory. Of processes
   * that begin one at the same time the first does, and the others open it.
   *
   * @throws RunDirectoryConflict naming the first field in which the store that is there differs,
   *     or if the directory holds something else or cannot be written
   */
  public static GramStore openOrCreate(Path path, StoreDescription description) {
    GramStore store = find(path).orElseGet(() -> create(path, description));
    store.requireSame(description);
    return store;
  }

  /**
   * Makes sure that the store is of that description.
   *
   * @throws RunDirectoryConflict naming the first field that differs
   */
  public void requireSame(StoreDescription other) {
    description
        .difference(other)
        .ifPresent(
            difference -> {
              throw new RunDirectoryConflict(
                  path,
                  "holds another Gram matrix: "
                      + difference
                      + "; give the options that it was begun with, or another --store");
            });
  }

  private static GramStore create(Path path, StoreDescription description) {
    try {
      Directories.create(path);
    } catch (IOException e) {
      throw new RunDirectoryConflict(path, "cannot be made (" + AtomicFile.reason(e) + ")", e);
    }
    AtomicFile.create(path.resolve(HEADER), description.text());
    return open(path);
  }

  /** The directory. */
  public Path path() {
    return path;
  }

  /** What the matrix is of. */
  public StoreDescription description() {
    return description;
  }

  /** How the matrix is cut. */
  public TileGrid grid() {
    return grid;
  }

  /** Where a tile on or below the diagonal is, or will be. */
  public Path file(int row, int column) {
    return directory(row).resolve(String.format("%05d.tile", column));
  }

  /** The same as a path in the store, its parts separated by slashes. */
  public String name(int row, int column) {
    return String.format("%s/%05d/%05d.tile", TILES, row, column);
  }

  private Path directory(int row) {
    return path.resolve(TILES).resolve(String.format("%05d", row));
  }

  private TileFile.Shape shape(int row, int column) {
    return new TileFile.Shape(
        description.elementType(), row, column, grid.extent(row), grid.extent(column), fingerprint);
  }

  /**
   * Puts a tile in its place, and on the disk.
   *
   * @param row among tiles
   * @param column among tiles, at most {@code row}
   * @param tile of the shape that the grid says; symmetric where {@code row == column}. Rounded to
   *     the store's element type.
   * @param gradientError a bound on √Σ_io ‖δ ∂f_o(x_i)/∂W‖² over the samples of the row, of
   *     features at fewer nodes in time; 0 where all are kept
   * @throws InvalidConfiguration if an entry is beyond the range of that type
   * @throws RunDirectoryConflict if it cannot be written; what was there is there still
   */
  public void put(int row, int column, DenseMatrix tile, double gradientError) {
    TileFile.Shape shape = shape(row, column);
    if (tile.rows() != shape.rows() || tile.columns() != shape.columns()) {
      throw new IllegalArgumentException(
          String.format(
              "tile (%d, %d) is %d×%d, not %d×%d",
              row, column, shape.rows(), shape.columns(), tile.rows(), tile.columns()));
    }
    if (!shape.type().holds(tile.values())) {
      throw new InvalidConfiguration(
          "--store-precision", "an entry is beyond the range of fp32; choose fp64");
    }
    TileFile.write(place(row, column), shape, tile, gradientError);
  }

  /**
   * Puts the file of a tile in its place that another process has written for a store of the same
   * description.
   *
   * @param written not modified
   * @throws DataFormat if it is not that tile, or damaged
   * @throws RunDirectoryConflict if it cannot be written
   */
  public void put(int row, int column, Path written) {
    AtomicFile.write(place(row, column), out -> Files.copy(written, out));
    Optional<String> damage = damage(row, column);
    if (damage.isPresent()) {
      throw new DataFormat(written, damage.get(), null);
    }
  }

  /** Where a tile goes, its directory made. */
  private Path place(int row, int column) {
    Path file = file(row, column);
    try {
      Directories.create(directory(row));
      return file;
    } catch (FileAlreadyExistsException e) {
      throw new RunDirectoryConflict(directory(row), "is a file, not a directory", e);
    } catch (IOException e) {
      throw new RunDirectoryConflict(file, "cannot be written (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /**
   * A tile, held against its checksum.
   *
   * @param row among tiles
   * @param column among tiles; right of the diagonal it is the transpose of what is stored
   * @return rounded as it was stored
   * @throws RunDirectoryConflict if it has not been computed
   * @throws DataFormat if its file is damaged
   */
  public DenseMatrix tile(int row, int column) {
    if (column > row) {
      return tile(column, row).transpose();
    }
    try {
      return TileFile.read(file(row, column), shape(row, column));
    } catch (DamagedTile e) {
      throw refusal(row, column, e);
    }
  }

  private TangentFlowException refusal(int row, int column, DamagedTile damage) {
    Path file = file(row, column);
    if (!Files.exists(file)) {
      return new RunDirectoryConflict(
          path,
          String.format(
              "lacks its tile (%d, %d); go on with 'ntk --store' until none is missing",
              row, column),
          damage);
    }
    return new DataFormat(
        file,
        damage.getMessage()
            + "; 'gram verify --delete' removes it, and 'ntk --store' computes it again",
        damage);
  }

  /** Why the file of a tile is not that tile, reading all of it; empty if it is. */
  public Optional<String> damage(int row, int column) {
    try {
      TileFile.verify(file(row, column), shape(row, column));
      return Optional.empty();
    } catch (DamagedTile e) {
      return Optional.of(e.getMessage());
    }
  }

  /**
   * Why the file of a tile is not that tile, judged by its length and header alone; empty if it
   * seems to be. That suffices to go on with a store: a tile appears whole, so only the disk itself
   * can damage it, which its checksum tells whenever it is read.
   */
  public Optional<String> visibleDamage(int row, int column) {
    try {
      TileFile.verifyHeader(file(row, column), shape(row, column));
      return Optional.empty();
    } catch (DamagedTile e) {
      return Optional.of(e.getMessage());
    }
  }

  /** Whether there is a file in the place of a tile. */
  public boolean exists(int row, int column) {
    return Files.exists(file(row, column));
  }

  /** Removes the file of a tile, if there is one. */
  public void delete(int row, int column) {
    Path file = file(row, column);
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new RunDirectoryConflict(file, "cannot be deleted (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /**
   * The numbers of the tiles whose files are there. It lists directories and opens no file.
   *
   * @throws RunDirectoryConflict if a directory cannot be read
   */
  public BitSet present() {
    BitSet present = new BitSet(grid.count());
    for (int row = 0; row < grid.blocks(); row++) {
      int last = row;
      forEachName(
          row,
          name -> {
            Matcher matcher = TILE_NAME.matcher(name);
            int column = matcher.matches() ? Integer.parseInt(matcher.group(1)) : Integer.MAX_VALUE;
            if (column <= last) {
              present.set(grid.index(last, column));
            }
          });
    }
    return present;
  }

  /** The names in a row's directory; none if there is no directory. */
  private void forEachName(int row, Consumer<String> names) {
    Path directory = directory(row);
    try {
      Directories.entries(directory).forEach(entry -> names.accept(entry.getFileName().toString()));
    } catch (NoSuchFileException e) {
      // No tile of that row is there yet.
    } catch (IOException e) {
      throw new RunDirectoryConflict(directory, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /**
   * Removes temporary files that nobody has written to for so long: those of processes that were
   * killed. A tile takes seconds to write.
   *
   * @throws RunDirectoryConflict if one cannot be removed
   */
  public void removeAbandoned(Duration age) {
    removeAbandoned(path, age);
    for (int row = 0; row < grid.blocks(); row++) {
      removeAbandoned(directory(row), age);
    }
  }

  private static void removeAbandoned(Path directory, Duration age) {
    try {
      AtomicFile.removeAbandoned(directory, target -> true, age);
    } catch (NoSuchFileException e) {
      // No tile of that row is there yet.
    } catch (IOException e) {
      throw new RunDirectoryConflict(
          directory, "cannot be tidied (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /**
   * Makes sure that all tiles are there.
   *
   * @throws RunDirectoryConflict telling how many are missing
   */
  public void requireComplete() {
    int missing = grid.count() - present().cardinality();
    if (missing > 0) {
      throw new RunDirectoryConflict(
          path,
          String.format(
              "%d of its %d tiles %s missing; go on with 'ntk --store'",
              missing, grid.count(), missing == 1 ? "is" : "are"));
    }
  }

  /**
   * √Σ of the squares of what {@link #put} was told of each row: the bound on the error of all
   * gradients, as of {@link io.tangentflow.kernel.empirical.EmpiricalNtk.Compression}.
   *
   * @throws RunDirectoryConflict if a tile on the diagonal is missing
   * @throws DataFormat if one is damaged
   */
  public double gradientError() {
    double error = 0;
    for (int row = 0; row < grid.blocks(); row++) {
      try {
        error = Math.hypot(error, TileFile.verify(file(row, row), shape(row, row)));
      } catch (DamagedTile e) {
        throw refusal(row, row, e);
      }
    }
    return error;
  }
}
