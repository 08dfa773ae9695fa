package io.tangentflow.backend;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much memory a computation may take.
 *
 * @param deviceBytes for matrices of the backend
 * @param hostBytes for arrays beside them; {@value #IN_DEVICE_BYTES} where they come out of {@code
 *     deviceBytes} too, as with backends whose matrices live in the JVM's heap
 */
public record MemoryBudget(long deviceBytes, long hostBytes) {

  private static final long IN_DEVICE_BYTES = -1;

  private static final Pattern SIZE = Pattern.compile("(\\d+)([kmgt]?)(i?b)?");

  /** One budget for matrices and arrays. */
  public static MemoryBudget shared(long bytes) {
    return new MemoryBudget(bytes, IN_DEVICE_BYTES);
  }

  /** That many bytes for the matrices of that backend. */
  public static MemoryBudget of(Backend backend, long bytes) {
    return backend.sharesHostMemory() ? shared(bytes) : new MemoryBudget(bytes, freeHeap());
  }

  /**
   * The budget that a user asks for.
   *
   * <p>What the JVM has not collected yet counts as free: the same command in the same heap has the
   * same budget, but for a little.
   *
   * @param memory a size as {@code --memory} takes it, as 2g or 800m; null for nine tenths of what
   *     is free
   * @throws InvalidConfiguration if it is none, or more than is free
   */
  public static MemoryBudget asked(Backend backend, String memory) {
    long heap = Runtime.getRuntime().maxMemory();
    if (freeHeap() < heap - heap / 20) {
      System.gc();
    }
    return of(backend, memory == null ? backend.availableBytes() / 10 * 9 : bytes(backend, memory));
  }

  private static long bytes(Backend opened, String memory) {
    Matcher matcher = SIZE.matcher(memory.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new InvalidConfiguration("--memory", "'" + memory + "' is not a size like 2g or 800m");
    }
    int shift = 10 * " kmgt".indexOf(matcher.group(2).isEmpty() ? " " : matcher.group(2));
    long bytes;
    try {
      bytes = Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
    } catch (ArithmeticException | NumberFormatException e) {
      throw new InvalidConfiguration("--memory", "'" + memory + "' is too large a number");
    }
    if (bytes > opened.availableBytes()) {
      throw new InvalidConfiguration(
          "--memory",
          String.format(
              "%s is more than the %d MiB that are free %s",
              memory,
              opened.availableBytes() >> 20,
              opened.sharesHostMemory()
                  ? "here; raise the JVM's heap by TANGENTFLOW_OPTS=-Xmx..."
                  : "on the device"));
    }
    return bytes;
  }

  /** Bytes that the JVM's heap can still give. */
  public static long freeHeap() {
    Runtime vm = Runtime.getRuntime();
    return vm.maxMemory() - (vm.totalMemory() - vm.freeMemory());
  }

  /**
   * Whether it can be had where the other one, made anew, is nine tenths of what is free: a budget
   * of another kind of backend cannot.
   */
  public boolean fitsInto(MemoryBudget now) {
    return inJavaArrays() == now.inJavaArrays()
        && deviceBytes <= now.deviceBytes / 9 * 10
        && hostBytes <= now.hostBytes / 9 * 10;
  }

  /** Whether matrices of the backend lie in Java's arrays, each smaller than 2³¹ entries. */
  public boolean inJavaArrays() {
    return hostBytes == IN_DEVICE_BYTES;
  }

  /** Whether so much fits. */
  public boolean admits(long onDevice, long onHost) {
    return onDevice <= deviceBytesBeside(onHost) && (inJavaArrays() || onHost <= hostBytes);
  }

  /** What is left for matrices of the backend beside so much on the host. */
  public long deviceBytesBeside(long onHost) {
    return inJavaArrays() ? deviceBytes - onHost : deviceBytes;
  }

  /** What is left beside so much on the host; nothing where that is more than there is. */
  public MemoryBudget beside(long onHost) {
    return inJavaArrays()
        ? shared(Math.max(0, deviceBytes - onHost))
        : new MemoryBudget(deviceBytes, Math.max(0, hostBytes - onHost));
  }

  /** The refusal of a plan that does not fit. */
  public OutOfMemory refusal(String plan, long onDevice, long onHost) {
    if (inJavaArrays()) {
      long sum = onDevice + onHost;
      return new OutOfMemory(plan, sum < 0 ? Long.MAX_VALUE : sum, deviceBytes);
    }
    return onDevice > deviceBytes
        ? OutOfMemory.ofDevice(plan, onDevice, deviceBytes)
        : new OutOfMemory(plan + ", in host memory,", onHost, hostBytes);
  }
}
