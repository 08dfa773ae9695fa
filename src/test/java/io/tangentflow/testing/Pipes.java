package io.tangentflow.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.function.Executable;

/** Named pipes that nobody writes to or reads from: opening one waits for ever. */
public final class Pipes {

  private static final Duration LONG = Duration.ofSeconds(60);

  private Pipes() {}

  /** Makes a pipe. */
  public static Path make(Path pipe) throws IOException, InterruptedException {
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    return pipe;
  }

  /** Asserts that a reader refuses a file that is none, and does not wait for it. */
  public static void assertRefused(Path pipe, Executable reader) {
    TangentFlowException refusal =
        assertTimeoutPreemptively(
            LONG, () -> assertThrows(TangentFlowException.class, reader, pipe.toString()));
    assertTrue(refusal.getMessage().contains("is no regular file"), refusal.getMessage());
  }
}
