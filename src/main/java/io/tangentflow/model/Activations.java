package io.tangentflow.model;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The activations that can be asked for by name. A name has no comma, so that lists of them are
 * parted by commas; parameters follow colons. {@link Activation#label} of each is a name of it.
 */
public final class Activations {

  /**
   * A name, or a family of names.
   *
   * @param syntax the name, its parameters in capitals
   * @param formula φ(x)
   * @param example one of the family, or the only one
   */
  public record Form(String syntax, String formula, Activation example) {

    /** Whether there are parameters. */
    public boolean family() {
      return syntax.contains(":");
    }
  }

  private static final List<Form> FORMS =
      List.of(
          new Form("softplus", "log(1 + eˣ)", StandardActivation.SOFTPLUS),
          new Form("relu", "max(x, 0)", StandardActivation.RELU),
          new Form("gelu", "x Φ(x), Φ the normal law", StandardActivation.GELU),
          new Form("quadratic", "x²", StandardActivation.QUADRATIC),
          new Form("tanh", "tanh x", StandardActivation.TANH),
          new Form("erf", "erf x", StandardActivation.ERF),
          new Form("silu", "x / (1 + e⁻ˣ)", StandardActivation.SILU),
          new Form("sine", "sin x", StandardActivation.SINE),
          new Form("identity", "x", StandardActivation.IDENTITY),
          new Form("abs", "|x|", PlainActivation.ABS),
          new Form("cosine", "cos x", PlainActivation.COSINE),
          new Form("gaussian", "exp(−x²/2)", PlainActivation.GAUSSIAN),
          new Form("exponential", "eˣ", PlainActivation.EXPONENTIAL),
          new Form("sigmoid", "1 / (1 + e⁻ˣ)", PlainActivation.SIGMOID),
          new Form(
              "leaky-relu:S",
              "max(x, 0) + S min(x, 0); without S, 0.01",
              new LeakyRelu(LeakyRelu.USUAL_SLOPE)),
          new Form("monomial:K", "x^K", PolynomialActivation.monomial(3)),
          new Form(
              "polynomial:P0:P1:…",
              "P0 + P1 x + P2 x² + …",
              new PolynomialActivation(List.of(0.0, 1.0, 0.5))));

  private Activations() {}

  /** All that {@link #named} knows. */
  public static List<Form> forms() {
    return FORMS;
  }

  /**
   * The activation of that name, in any case.
   *
   * @throws InvalidConfiguration naming those that there are, or what is wrong with a parameter
   */
  public static Activation named(String name) {
    String[] words = name.toLowerCase(Locale.ROOT).split(":", -1);
    try {
      return switch (words[0]) {
        case "leaky-relu" -> leakyRelu(words);
        case "monomial" -> monomial(words);
        case "polynomial" -> polynomial(words);
        default -> withoutParameters(name);
      };
    } catch (IllegalArgumentException e) {
      throw new InvalidConfiguration("--activation", "'" + name + "': " + e.getMessage());
    }
  }

  private static Activation leakyRelu(String[] words) {
    if (words.length > 2) {
      throw new IllegalArgumentException("leaky-relu has one slope, as in leaky-relu:0.1");
    }
    return new LeakyRelu(words.length == 1 ? LeakyRelu.USUAL_SLOPE : number(words[1]));
  }

  private static Activation monomial(String[] words) {
    if (words.length != 2 || !words[1].matches("[+-]?\\d{1,9}")) {
      throw new IllegalArgumentException("monomial needs its whole power, as in monomial:3");
    }
    return PolynomialActivation.monomial(Integer.parseInt(words[1]));
  }

  private static Activation polynomial(String[] words) {
    if (words.length == 1) {
      throw new IllegalArgumentException(
          "polynomial needs its coefficients, lowest power first, as in polynomial:0:1:0.5");
    }
    List<Double> coefficients = new ArrayList<>();
    for (int j = 1; j < words.length; j++) {
      coefficients.add(number(words[j]));
    }
    return new PolynomialActivation(coefficients);
  }

  private static Activation withoutParameters(String name) {
    for (Form form : FORMS) {
      if (form.example().label().equalsIgnoreCase(name)) {
        return form.example();
      }
    }
    throw new InvalidConfiguration(
        "--activation",
        "there is no activation '"
            + name
            + "'; known are "
            + FORMS.stream().map(Form::syntax).collect(Collectors.joining(", ")));
  }

  private static double number(String text) {
    try {
      double number = Double.parseDouble(text);
      if (Double.isFinite(number)) {
        return number;
      }
    } catch (NumberFormatException e) {
      // As any other text that is not a finite number.
    }
    throw new IllegalArgumentException("'" + text + "' is not a finite number");
  }

  /** A text that {@link #number} reads as exactly that number, whole numbers without a point. */
  static String shortest(double number) {
    return number == Math.rint(number) && Math.abs(number) < 1e7
        ? Long.toString((long) number)
        : Double.toString(number);
  }
}
