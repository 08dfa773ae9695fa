package io.tangentflow.data;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.DenseMatrix;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.codec.digest.MurmurHash3;

/**
 * Texts as vectors of fixed dimension: TF-IDF of words and of pairs of words, by the hashing trick
 * (Weinberger, Dasgupta, Langford, Smola, Attenberg 2009, <i>Feature Hashing for Large Scale
 * Multitask Learning</i>).
 *
 * <p>A word is a longest run of Unicode letters and decimal digits, in lower case; anything else
 * parts words. The terms t of a text are its words and its pairs of words that follow one another.
 * With tf the occurrences of t in text i, df the number of texts that have it, and N the number of
 * texts,
 *
 * <pre>
 *   x_b(i) = Σ_{t: h(t) = b} ξ(t) (1 + ln tf(t, i)) (1 + ln((1 + N)/(1 + df(t)))),   0 ≤ b &lt; d
 * </pre>
 *
 * <p>where h(t) = w₁ mod d and ξ(t) = 1 − 2 (w₂ mod 2), with w₁ and w₂ the two 64-bit words
 * (unsigned) of MurmurHash3 x64-128 of t in UTF-8, a pair being written with one space between its
 * words. Over random hashes x(i)·x(j) has the mean of the vectors of all terms, which are not
 * hashed. Rows are not scaled to one length.
 *
 * @param dimension d, at least 1
 * @param seed of the hash
 */
public record HashedTfIdf(int dimension, int seed) {

  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{Nd}]+");

  public HashedTfIdf {
    if (dimension < 1) {
      throw new InvalidConfiguration("--data", "d=" + dimension + " must be at least 1");
    }
  }

  /**
   * The features of some of the texts, d×n, a text per column.
   *
   * @param texts all N of them, which df is counted over
   * @param which of them, n places in the list
   * @throws InvalidConfiguration if d·n exceeds 2³¹ − 1
   */
  public DenseMatrix of(List<String> texts, int[] which) {
    Dataset.requireOneArray(which.length, dimension);
    Map<String, Integer> frequency = documentFrequency(texts, which);
    DenseMatrix features = DenseMatrix.zeros(dimension, which.length);
    for (int j = 0; j < which.length; j++) {
      int column = j;
      occurrences(texts.get(which[j]))
          .forEach(
              (term, tf) -> {
                double idf = 1 + Math.log((1.0 + texts.size()) / (1 + frequency.get(term)));
                add(term, (1 + Math.log(tf)) * idf, features, column);
              });
    }
    return features;
  }

  /** Whether a text has a word, without which its features are zeros. */
  static boolean hasWord(String text) {
    return WORD.matcher(text).find();
  }

  /** df of the terms that some of the texts have, counted over all texts. */
  private static Map<String, Integer> documentFrequency(List<String> texts, int[] which) {
    Map<String, Integer> frequency = new HashMap<>();
    for (int i : which) {
      forEachTerm(texts.get(i), term -> frequency.put(term, 0));
    }
    for (String text : texts) {
      Set<String> seen = new HashSet<>();
      forEachTerm(
          text,
          term -> {
            if (seen.add(term)) {
              frequency.computeIfPresent(term, (same, count) -> count + 1);
            }
          });
    }
    return frequency;
  }

  /** tf of a text's terms, in the order of the text, so that sums are the same in every run. */
  private static Map<String, Integer> occurrences(String text) {
    Map<String, Integer> occurrences = new LinkedHashMap<>();
    forEachTerm(text, term -> occurrences.merge(term, 1, Integer::sum));
    return occurrences;
  }

  private static void forEachTerm(String text, Consumer<String> consumer) {
    Matcher words = WORD.matcher(text);
    String last = null;
    while (words.find()) {
      String word = words.group().toLowerCase(Locale.ROOT);
      consumer.accept(word);
      if (last != null) {
        consumer.accept(last + " " + word);
      }
      last = word;
    }
  }

  private void add(String term, double weight, DenseMatrix features, int column) {
    byte[] bytes = term.getBytes(StandardCharsets.UTF_8);
    long[] hash = MurmurHash3.hash128x64(bytes, 0, bytes.length, seed);
    int bucket = (int) Long.remainderUnsigned(hash[0], dimension);
    double sign = 1 - 2 * (hash[1] & 1);
    features.set(bucket, column, features.get(bucket, column) + sign * weight);
  }
}
