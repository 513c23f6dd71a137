package io.portcullis.http;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** Writes records as JSON, and reads them. */
final class JsonBody {
    /** A text may be as long as a body: Jackson's own limit is 20,000,000 characters, and a file of rules may be longer. */
    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(HttpServer.LARGEST_BODY)
                    .build())
            .build());

    private JsonBody() {}

    /**
     * Reads a shape.
     *
     * @throws IllegalArgumentException if the text is not JSON of this shape; the message is a sentence
     */
    static <T> T read(InputStream json, Class<T> shape) {
        try {
            T read = MAPPER.readValue(json, shape);
            if (read == null) {
                throw new IllegalArgumentException("the body is null, not a " + shape.getSimpleName());
            }
            return read;
        } catch (JacksonException malformed) {
            Throwable cause = malformed.getCause();
            throw new IllegalArgumentException(
                    cause instanceof IllegalArgumentException
                            ? cause.getMessage()
                            : "the body is no " + shape.getSimpleName() + ": "
                                    + malformed.getOriginalMessage().replaceAll("\\p{Cntrl}", "?"),
                    malformed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] bytes(Object shape) {
        try {
            return MAPPER.writeValueAsBytes(shape);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("can't be written as JSON: " + shape, e);
        }
    }
}
