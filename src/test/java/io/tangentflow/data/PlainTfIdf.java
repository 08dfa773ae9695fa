package io.tangentflow.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** TF-IDF with a map of terms for each text, none hashed: a second computation. */
final class PlainTfIdf {

  private final List<List<String>> texts;

  PlainTfIdf(List<String> texts) {
    this.texts = texts.stream().map(PlainTfIdf::terms).toList();
  }

  /** Character by character, where the product has a pattern. */
  private static List<String> terms(String text) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    (text + " ")
        .codePoints()
        .forEach(
            c -> {
              if (Character.isLetterOrDigit(c)) {
                word.appendCodePoint(Character.toLowerCase(c));
              } else if (word.length() > 0) {
                words.add(word.toString());
                word.setLength(0);
              }
            });
    List<String> terms = new ArrayList<>(words);
    for (int k = 1; k < words.size(); k++) {
      terms.add(words.get(k - 1) + " " + words.get(k));
    }
    return terms;
  }

  /** The weights of all terms of a text. */
  Map<String, Double> weights(int text) {
    Map<String, Double> weights = new HashMap<>();
    for (String term : new HashSet<>(texts.get(text))) {
      long df = texts.stream().filter(terms -> terms.contains(term)).count();
      int tf = Collections.frequency(texts.get(text), term);
      double idf = Math.log((double) (texts.size() + 1) / (df + 1)) + 1;
      weights.put(term, (Math.log(tf) + 1) * idf);
    }
    return weights;
  }

  /** The product of two texts' vectors. */
  static double dot(Map<String, Double> a, Map<String, Double> b) {
    return a.keySet().stream().mapToDouble(t -> a.get(t) * b.getOrDefault(t, 0.0)).sum();
  }
}
