package io.tangentflow.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReleasesTest {

  @Test
  void whateverOneReleaseThrowsTheOthersAreRunAndTheFirstFailureCarriesTheRest() {
    List<Integer> run = new ArrayList<>();
    Releases releases = new Releases();
    IllegalStateException rest = new IllegalStateException("the second to fail");
    releases.add(
        () -> {
          run.add(1);
          throw rest;
        });
    releases.add(() -> run.add(2));
    releases.add(
        () -> {
          run.add(3);
          throw new OutOfMemoryError("the first to fail");
        });
    OutOfMemoryError first = assertThrows(OutOfMemoryError.class, releases::close);
    assertEquals(List.of(3, 2, 1), run);
    assertArrayEquals(new Throwable[] {rest}, first.getSuppressed());
    releases.add(
        () -> {
          throw rest;
        });
    assertSame(rest, assertThrows(IllegalStateException.class, releases::close));
  }
}
