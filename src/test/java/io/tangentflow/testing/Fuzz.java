package io.tangentflow.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AddLifecycleHook;

/**
 * A property of a reader of files, over {@link Edits} of valid ones. The same inputs are tried in
 * every run. It fails too if none of them is accepted, or none refused.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Property(seed = "20261127", edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
@Tag("reliability")
@AddLifecycleHook(Reading.Tally.class)
public @interface Fuzz {

  /** Inputs in every build. */
  int usual() default 400;

  /** Inputs where all is tried. */
  int full() default 60_000;
}
