package io.tangentflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class JsonTest {

  @Test
  void numbersThatAreNotFiniteAreNullAndTheRestIsAsJacksonHasIt() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode().put("a", 0.1).put("word", "NaN");
    tree.putArray("b").add(1).add(-1e-300).addObject().put("c", true);
    assertEquals(tree.toPrettyString(), Json.text(tree));
    ObjectNode holes = tree.deepCopy();
    tree.put("d", Double.NaN).putArray("e").add(Double.NEGATIVE_INFINITY).add(1 / 0f);
    holes.putNull("d").putArray("e").addNull().addNull();
    assertEquals(holes.toPrettyString(), Json.text(tree));
  }
}
