package io.tangentflow.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What help calls the options of a class that commands mix in. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@interface Heading {
  String value();
}
