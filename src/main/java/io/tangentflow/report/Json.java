package io.tangentflow.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.JsonGeneratorDelegate;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;

/** Results as JSON for programs. */
public final class Json {

  private static final ObjectWriter WRITER =
      JsonMapper.builder(
              JsonFactory.builder().addDecorator((factory, target) -> new Finite(target)).build())
          .build()
          .writer(SerializationFeature.INDENT_OUTPUT);

  private Json() {}

  /** Indented text in which a number that is not finite is null, as JSON has no such number. */
  public static String text(JsonNode tree) {
    try {
      return WRITER.writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final class Finite extends JsonGeneratorDelegate {

    Finite(JsonGenerator target) {
      super(target);
    }

    @Override
    public void writeNumber(double value) throws IOException {
      if (Double.isFinite(value)) {
        super.writeNumber(value);
      } else {
        writeNull();
      }
    }

    @Override
    public void writeNumber(float value) throws IOException {
      if (Float.isFinite(value)) {
        super.writeNumber(value);
      } else {
        writeNull();
      }
    }
  }
}
