package io.portcullis.cli.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;

/** Writes the JSON that commands print, and reads the daemon's answers. */
public final class JsonText {
    /** Characters of one text: a file of rules may be longer than Jackson's own limit. */
    private static final int LONGEST_TEXT = 64 << 20;

    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(LONGEST_TEXT)
                            .build())
                    .build())
            .enable(SerializationFeature.INDENT_OUTPUT)
            // A newer daemon may send more fields.
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private JsonText() {}

    public static String write(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("can't be written as JSON: " + value, e);
        }
    }

    /** On one line, for streams. */
    public static String line(Object value) {
        try {
            return MAPPER.writer().without(SerializationFeature.INDENT_OUTPUT).writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("can't be written as JSON: " + value, e);
        }
    }

    /** The same JSON on one line. */
    public static String onOneLine(String json) {
        try {
            return MAPPER.writer()
                    .without(SerializationFeature.INDENT_OUTPUT)
                    .writeValueAsString(MAPPER.readTree(json));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("not JSON: " + json, e);
        }
    }

    /**
     * A value of that shape.
     *
     * @throws JsonProcessingException if the text is no JSON, null, or of another shape
     */
    public static <T> T read(String json, Class<T> as) throws JsonProcessingException {
        T value = MAPPER.readValue(json, as);
        if (value == null) {
            throw MismatchedInputException.from((JsonParser) null, as, "null");
        }
        return value;
    }

    /** The daemon's {@code {"error": text}}, or the whole text if it has another form. */
    public static String errorIn(String json) {
        try {
            return MAPPER.readTree(json).path("error").asText(json);
        } catch (JsonProcessingException e) {
            return json;
        }
    }
}
