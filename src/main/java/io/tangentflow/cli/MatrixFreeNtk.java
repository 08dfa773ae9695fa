package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.kernel.empirical.EmpiricalNtk.Compression;
import io.tangentflow.kernel.empirical.TangentKernelOperator;
import io.tangentflow.kernel.empirical.TangentKernelPlan;
import io.tangentflow.kernel.empirical.TimeNodes;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.report.Numbers;
import io.tangentflow.spectrum.ExtremeEigenvalues;
import io.tangentflow.spectrum.Search;
import io.tangentflow.spectrum.SymmetricOperator;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The extreme eigenvalues of an empirical kernel whose Gram matrix is not formed, and systems with
 * it.
 *
 * @param nodes in time
 * @param inputs d×N
 */
record MatrixFreeNtk(NeuralOde model, TimeGrid grid, TimeNodes nodes, DenseMatrix inputs) {

  /** Each product is two of n×n with all features: a few hundred are no trifle. */
  private static final int USUAL_PRODUCTS = 500;

  /**
   * Plans, and unless that is all, computes.
   *
   * @param title of the table
   * @param extreme what is asked of the spectrum, if it is
   * @param solve what is to be solved, if anything
   */
  int run(
      String title,
      ExtremeOptions extreme,
      SolveOptions solve,
      Parameters parameters,
      Backend backend,
      MemoryBudget budget,
      boolean planOnly,
      Console console) {
    int order = order();
    double tolerance = usualTolerance(backend);
    int products = extreme.maxProducts(USUAL_PRODUCTS);
    Optional<KernelSolve> system =
        solve.system(order, model.outputs(), extreme.tolerance(tolerance), products);
    long heap = Math.min(MemoryBudget.freeHeap(), budget.deviceBytesBeside(0)) / 4;
    Optional<Search> search =
        extreme.given()
            ? Optional.of(extreme.search(order, tolerance, USUAL_PRODUCTS, 1, heap))
            : Optional.empty();
    long basisBytes = search.map(asked -> asked.bytes(order)).orElse(0L);
    long solutionBytes = system.map(KernelSolve::bytes).orElse(0L);
    TangentKernelPlan plan =
        TangentKernelPlan.of(
            nodes,
            model,
            grid,
            inputs.columns(),
            backend.precision(),
            budget.beside(basisBytes + solutionBytes));
    console.status("plan: " + plan + " on " + backend.name() + ", " + backend.description());
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object
        .put("gram", "none")
        .put("blockSize", plan.blockSize())
        .put("featureBytes", plan.featureBytes())
        .put("planBytes", plan.deviceBytes())
        .put("basisBytes", basisBytes)
        .put("solutionBytes", solutionBytes)
        .put("solveFlops", plan.solveFlops())
        .put("productFlops", plan.productFlops())
        .put("maxProducts", products);
    if (planOnly) {
      console.result("plan: " + plan, object);
      return 0;
    }
    long start = System.nanoTime();
    try (TangentKernelOperator kernel = features(plan, parameters, backend, console)) {
      object.put("featureSeconds", (System.nanoTime() - start) * 1e-9);
      List<String> text = new ArrayList<>();
      if (search.isPresent()) {
        ExtremeReport report = new ExtremeReport(eigenvalues(kernel, search.get(), console));
        report.warn(
            console,
            "a kernel's least take about as many as its order, "
                + order
                + ": raise --max-products, or leave out --matrix-free where the Gram matrix fits");
        report.describe(object);
        text.add(report.toText(title));
      }
      if (system.isPresent()) {
        text.add(system.get().run(kernel, search.isPresent() ? "" : title, object, console));
      }
      text.add(conditions(kernel, backend, (System.nanoTime() - start) * 1e-9, object));
      console.result(String.join(System.lineSeparator(), text), object);
      return 0;
    }
  }

  private static double usualTolerance(Backend backend) {
    return switch (backend.precision()) {
      case FP64 -> 1e-10;
      case FP32 -> 1e-6;
      case TF32 -> 1e-3;
    };
  }

  /** What holds of all results: the errors of the kernel and of its products, time and memory. */
  private String conditions(
      TangentKernelOperator kernel, Backend backend, double seconds, ObjectNode object) {
    object
        .put("order", kernel.order())
        .put("backend", backend.name())
        .put("precision", backend.precision().toString())
        .put("peakBytes", kernel.peakBytes())
        .put("productError", kernel.productError())
        .put("seconds", seconds);
    String text = "";
    if (kernel.compression().isPresent()) {
      Compression fewer = kernel.compression().get();
      double error = fewer.gramError(kernel.normBound());
      object.put("timeNodes", fewer.nodes()).put("timeNodesError", error);
      text =
          String.format(
              "Error bound of %d nodes in time, of each eigenvalue: %s.%n",
              fewer.nodes(), Numbers.significant(error, 2));
    }
    return text
        + String.format(
            "Error bound of a product in %s: %s.%n%s seconds, %s MiB on the backend.",
            backend.precision(),
            Numbers.significant(kernel.productError(), 2),
            Numbers.significant(seconds, 3),
            Numbers.significant(kernel.peakBytes() / 1048576.0, 4));
  }

  private int order() {
    long order = (long) inputs.columns() * model.outputs();
    if (order > Integer.MAX_VALUE) {
      throw new InvalidConfiguration(
          "--outputs", "is " + model.outputs() + ", which makes a kernel of more than 2^31 rows");
    }
    return (int) order;
  }

  private TangentKernelOperator features(
      TangentKernelPlan plan, Parameters parameters, Backend backend, Console console) {
    try (Console.Progress progress = console.progress("features", 1000)) {
      return TangentKernelOperator.of(
          model,
          grid,
          plan,
          parameters,
          inputs,
          backend,
          fraction -> progress.at(Math.round(1000 * fraction)));
    }
  }

  private static ExtremeEigenvalues eigenvalues(
      TangentKernelOperator kernel, Search search, Console console) {
    SymmetricOperator operator =
        new SymmetricOperator(kernel.order(), kernel::times, kernel.productError());
    try (Console.Progress progress = console.progress("products", search.maxProducts())) {
      return ExtremeEigenvalues.of(operator, search, progress::at);
    }
  }
}
