package io.portcullis.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

/** JSON as the commands print it and as the daemon answers. */
final class JsonText {
    private static final ObjectMapper MAPPER = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            // A newer daemon may say more.
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private JsonText() {}

    static String write(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("not to be written as JSON: " + value, e);
        }
    }

    static <T> T read(String json, Class<T> as) {
        try {
            return MAPPER.readValue(json, as);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the daemon answered something else than " + as.getSimpleName(), e);
        }
    }

    /** The daemon's {@code {"error": text}}, or all of it where it is something else. */
    static String errorIn(String json) {
        try {
            return MAPPER.readTree(json).path("error").asText(json);
        } catch (JsonProcessingException e) {
            return json;
        }
    }
}
