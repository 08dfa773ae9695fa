package io.tangentflow.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.stream.Collectors;

/** Why a text is not the JSON that it should be, in words for a sentence. */
public final class JsonFault {

  private JsonFault() {}

  /**
   * The field at fault, if it is known, and the reason; without the names of this program's own.
   */
  public static String reason(JsonProcessingException e) {
    if (e.getCause() instanceof InvalidConfiguration) {
      return e.getCause().getMessage();
    }
    String why =
        e.getCause() instanceof NullPointerException
            ? "it has null in the place of a value"
            : e.getOriginalMessage().replaceAll("\\b(?:[a-z]\\w*\\.)+(?=[A-Z])", "");
    return e instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()
        ? "'" + field(mapping) + "': " + why
        : why;
  }

  private static String field(JsonMappingException e) {
    return e.getPath().stream()
        .map(part -> part.getFieldName() == null ? "" + part.getIndex() : part.getFieldName())
        .collect(Collectors.joining("."));
  }
}
