package io.tangentflow.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What this process holds when nothing is under way in it.
 *
 * @param held in the units of each {@link Kind}
 */
public record Footprint(Map<Kind, Long> held) {

  /** What a process can hold. */
  public enum Kind {
    /** Of the heap, after a full collection. */
    HEAP("bytes of live heap"),
    /** Of classes and what the JVM knows of them. */
    METASPACE("bytes of metaspace"),
    CLASSES("classes"),
    DIRECT("bytes of direct buffers"),
    /** Pages that belong to no file: heap, native memory, stacks, compiled code. */
    RESIDENT("resident bytes"),
    MAPPINGS("mappings"),
    FILES("open files"),
    THREADS("threads"),
    TEMPORARY("temporary files");

    private final String unit;

    Kind(String unit) {
      this.unit = unit;
    }

    /** Of what so many are held. */
    public String unit() {
      return unit;
    }
  }

  /** How often it is looked again at what threads that are ending still hold. */
  private static final int MOST_LOOKS = 200;

  /** That of this process, when what has ended is gone. */
  public static Footprint now() {
    Footprint before = look();
    for (int i = 0; i < MOST_LOOKS; i++) {
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      Footprint now = look();
      if (now.counts().equals(before.counts()) && now.of(Kind.HEAP) >= before.of(Kind.HEAP)) {
        return before;
      }
      before = now;
    }
    return before;
  }

  private static Footprint look() {
    System.gc();
    EnumMap<Kind, Long> held = new EnumMap<>(Kind.class);
    held.put(Kind.HEAP, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    held.put(Kind.METASPACE, metaspace());
    held.put(Kind.CLASSES, (long) ManagementFactory.getClassLoadingMXBean().getLoadedClassCount());
    held.put(Kind.DIRECT, directBuffers());
    held.put(Kind.RESIDENT, 1024 * status("RssAnon"));
    held.put(Kind.MAPPINGS, lines(Path.of("/proc/self/maps")));
    held.put(Kind.FILES, entries(Path.of("/proc/self/fd")));
    held.put(Kind.THREADS, status("Threads"));
    held.put(Kind.TEMPORARY, files(Path.of(System.getProperty("java.io.tmpdir"))));
    return new Footprint(held);
  }

  /** How much of it is held. */
  public long of(Kind kind) {
    return held.get(kind);
  }

  /** What is exactly the same when nothing happens. */
  private List<Long> counts() {
    return List.of(of(Kind.FILES), of(Kind.THREADS), of(Kind.TEMPORARY));
  }

  /** As one line, for another process. */
  public String line() {
    return held.values().stream().map(String::valueOf).collect(Collectors.joining(" "));
  }

  /** What {@link #line} has written. */
  public static Footprint parse(String line) {
    EnumMap<Kind, Long> held = new EnumMap<>(Kind.class);
    Iterator<String> values = List.of(line.split(" ", -1)).iterator();
    for (Kind kind : Kind.values()) {
      held.put(kind, Long.parseLong(values.next()));
    }
    return new Footprint(held);
  }

  private static long metaspace() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getName().equals("Metaspace"))
        .mapToLong((MemoryPoolMXBean pool) -> pool.getUsage().getUsed())
        .sum();
  }

  private static long directBuffers() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  private static long status(String name) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(line -> line.startsWith(name + ":"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long lines(Path file) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long entries(Path directory) {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long files(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
