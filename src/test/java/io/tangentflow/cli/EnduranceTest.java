package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.cli.BackToBack.Mix;
import io.tangentflow.testing.Footprint.Kind;
import io.tangentflow.testing.Growth;
import io.tangentflow.testing.Reliability;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs back to back in one JVM: after a warm-up, what it holds stays as it is. */
@Tag("reliability")
class EnduranceTest {

  @TempDir private Path scratch;

  @Test
  void jobsOfAllKindsLeaveNothingBehind() throws Exception {
    EnduranceRun run =
        Reliability.full()
            ? EnduranceRun.of(scratch, Mix.CPU, 30, 12)
            : EnduranceRun.of(scratch, Mix.SOME, 8, 3);
    run.assertFlat(Reliability.full());
  }

  /** What each job keeps is seen as just that, in the bounds of the many jobs. */
  @Test
  void whatAJobKeepsIsNoticed() throws Exception {
    Collection<Kind> kinds =
        Reliability.full()
            ? BackToBack.PLANTED.keySet()
            : List.of(Kind.HEAP, Kind.DIRECT, Kind.FILES);
    for (Kind kind : kinds) {
      EnduranceRun run = EnduranceRun.of(scratch, Mix.NONE, 9, 4, kind.name());
      Growth growth = run.growth(kind);
      assertTrue(growth.isBeyond(EnduranceRun.bound(kind, true)), kind + " " + growth);
      if (kind == Kind.CLASSES) {
        Growth metaspace = run.growth(Kind.METASPACE);
        assertTrue(metaspace.isBeyond(EnduranceRun.bound(Kind.METASPACE, true)), "" + metaspace);
      }
      double planted = BackToBack.PLANTED.get(kind);
      assertEquals(planted, growth.perJob(), 0.2 * planted, kind.toString());
      if (Reliability.full()) {
        Reliability.figures(
            "planted: each job keeps " + planted + " " + kind.unit(), "seen are " + growth);
      }
    }
  }
}
