package io.tangentflow.gradient;

import io.tangentflow.backend.Matrix;
import io.tangentflow.ode.DenseOutput.Node;
import io.tangentflow.ode.SolverStatistics;
import java.util.List;

/** A solution of the forward equation, as an adjoint meets it: from its end to its beginning. */
interface StatePath {

  /** h(T), n×N. */
  Matrix end();

  /**
   * The nodes that h(t) is interpolated between: those about t and the next later one, so that none
   * before t's step is asked for; at the end the last three.
   */
  List<Node> around(double t);

  /** Nothing later than t will be asked for. */
  void passed(double t);

  /** Of the forward solution, what was computed again included. */
  SolverStatistics statistics();
}
