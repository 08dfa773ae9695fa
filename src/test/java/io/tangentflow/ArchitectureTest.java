package io.tangentflow;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Data flow downwards through the rooms; nothing below imports anything above. */
class ArchitectureTest {

  private static final String BASE = "io.tangentflow";

  /** Lowest first. A room that does not exist breaks no rule. */
  private static final List<String> ROOMS =
      List.of(
          "model",
          "backend",
          "ode",
          "gradient",
          "kernel",
          "spectrum",
          "train",
          "data",
          "sweep",
          "report",
          "experiment",
          "cli");

  private static final String CUDA_ROOM = BASE + ".backend.cuda..";

  private static final String SPARK_ROOM = BASE + ".sweep.spark..";

  private static final String VECTOR_ROOM = BASE + ".backend.cpu.vector..";

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(BASE);

  static List<String> rooms() {
    return ROOMS;
  }

  @Test
  void classesOfTheEngineWereFoundAndEachLivesInAKnownRoom() {
    Set<String> found = new TreeSet<>();
    for (JavaClass c : CLASSES) {
      if (!c.getPackageName().equals(BASE)) {
        found.add(c.getPackageName().substring(BASE.length() + 1).split("\\.", -1)[0]);
      }
    }
    assertTrue(
        found.containsAll(List.of("model", "backend", "ode", "gradient", "kernel")), "" + found);
    assertEquals(
        Set.of(), found.stream().filter(r -> !ROOMS.contains(r)).collect(Collectors.toSet()));
    assertTrue(CLASSES.size() > 50, CLASSES.size() + " classes");
  }

  @Test
  void aForbiddenImportIsNoticed() {
    assertThrows(
        AssertionError.class,
        () ->
            noClasses()
                .that()
                .resideInAPackage(room("gradient"))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(room("ode"))
                .check(CLASSES));
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void aRoomImportsOnlyRoomsBelowIt(String name) {
    List<String> allowed = new ArrayList<>(allowedFor(name));
    allowed.add(name);
    classes()
        .that()
        .resideInAPackage(room(name))
        .should()
        .onlyDependOnClassesThat(outsideTheEngineOrIn(allowed))
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  private static List<String> allowedFor(String name) {
    return switch (name) {
      case "data", "report" -> List.of("model");
      // Its Gram store keeps files, as the data room does, which rests on the model alone.
      case "kernel" -> List.of("model", "backend", "ode", "gradient", "data");
      case "experiment", "cli" -> ROOMS;
      default -> ROOMS.subList(0, ROOMS.indexOf(name));
    };
  }

  /** What is computed does not know files. */
  @Test
  void ofTheKernelsTheGramStoreAloneKnowsFiles() {
    noClasses()
        .that(resideInAPackage(room("kernel")).and(outside(BASE + ".kernel.gram..")))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(room("data"))
        .check(CLASSES);
  }

  @Test
  void theRootPackageImportsNoRoom() {
    classes()
        .that()
        .resideInAPackage(BASE)
        .should()
        .onlyDependOnClassesThat(outsideTheEngineOrIn(List.of()))
        .check(CLASSES);
  }

  @Test
  void onlyTheCommandLineAndTheExperimentsKnowEachOther() {
    noClasses()
        .that()
        .resideOutsideOfPackages(room("cli"), room("experiment"))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(room("cli"), room("experiment"))
        .check(CLASSES);
  }

  @Test
  void noCycleRunsThroughTheRooms() {
    slices().matching(BASE + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  /** A machine without CUDA must never load a class of it by chance. */
  @Test
  void jcudaIsKnownToTheCudaRoomAlone() {
    noClasses()
        .that(outside(CUDA_ROOM))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jcuda..")
        .check(CLASSES);
    noClasses()
        .that(outside(CUDA_ROOM))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(CUDA_ROOM)
        .check(CLASSES);
  }

  /** Who computes in one process has none of these libraries. */
  @Test
  void sparkIsKnownToItsRoomAlone() {
    noClasses()
        .that(outside(SPARK_ROOM))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.apache.spark..", "org.apache.hadoop..", "scala..", SPARK_ROOM)
        .check(CLASSES);
  }

  /** The module may be missing at run time, so nothing may link to what is built on it. */
  @Test
  void vectorKernelsAreReachedOnlyReflectively() {
    noClasses()
        .that(resideInAPackage(BASE + "..").and(outside(VECTOR_ROOM)))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(VECTOR_ROOM, "jdk.incubator..")
        .check(CLASSES);
  }

  @Test
  void vectorKernelsUseTheVectorApi() {
    classes()
        .that()
        .haveFullyQualifiedName(BASE + ".backend.cpu.vector.VectorKernels")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jdk.incubator.vector..")
        .check(CLASSES);
  }

  private static DescribedPredicate<JavaClass> outside(String packageIdentifier) {
    return DescribedPredicate.not(resideInAPackage(packageIdentifier));
  }

  private static DescribedPredicate<JavaClass> outsideTheEngineOrIn(List<String> rooms) {
    String[] packages = rooms.stream().map(ArchitectureTest::room).toArray(String[]::new);
    DescribedPredicate<JavaClass> within = outside(BASE + "..").or(resideInAPackage(BASE));
    return (packages.length == 0 ? within : within.or(resideInAnyPackage(packages)))
        .as("belong to %s or %s or another library", BASE, rooms);
  }

  private static String room(String name) {
    return BASE + "." + name + "..";
  }
}
