package io.tangentflow.ode;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.ode.DenseOutput.Node;
import java.util.List;

/**
 * A solution of the forward equation at any time, as an adjoint asks for it: from its end to its
 * beginning.
 */
public interface StatePath {

  /** h(T), n×N. */
  Matrix end();

  /**
   * The nodes that h(t) is interpolated between: those about t and the next later one, so that none
   * before t's step is asked for; at the end the last three.
   */
  List<Node> around(double t);

  /**
   * target ← h(t), interpolated.
   *
   * @param t not later than any that was passed
   * @param target n×N. Modified.
   */
  default void at(double t, Matrix target, Backend backend) {
    List<Node> nodes = around(t);
    backend.copy(nodes.get(0).h(), target);
    for (Term term : DenseOutput.increments(nodes, t)) {
      backend.addScaled(term.weight(), term.matrix(), target);
    }
  }

  /** Nothing later than t will be asked for. */
  void passed(double t);

  /** Of the forward solution, what was computed again included. */
  SolverStatistics statistics();
}
