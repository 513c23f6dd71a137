package io.portcullis.ec2.transfer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import io.portcullis.config.Location;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads JSON values with their locations. */
final class JsonReader {
    private static final String EXPECTED = ": give what the AWS CLI prints with --output json";

    /** Deeper than any answer of EC2's. */
    private static final int DEEPEST = 50;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
            .build();

    private final String file;
    private final JsonParser parser;
    private final Report report;

    private JsonReader(String file, JsonParser parser, Report report) {
        this.file = file;
        this.parser = parser;
        this.report = report;
    }

    /** The values of a text, one behind the other; after a fault none. */
    static List<Json> values(JsonFile file, Report report) {
        String text = file.text().startsWith("\ufeff") ? file.text().substring(1) : file.text();
        List<Json> values = new ArrayList<>();
        try (JsonParser parser = FACTORY.createParser(text)) {
            JsonReader reader = new JsonReader(file.name(), parser, report);
            while (parser.nextToken() != null) {
                values.add(reader.value());
            }
            if (values.isEmpty()) {
                report.error(Location.of(file.name()), "empty" + EXPECTED);
            }
            return values;
        } catch (StreamConstraintsException _) {
            report.error(Location.of(file.name()), "nested too deeply, or with a text too long" + EXPECTED);
            return List.of();
        } catch (JsonProcessingException e) {
            String fault = e.getOriginalMessage().lines().findFirst().orElse("");
            report.error(location(file.name(), e.getLocation()), "not JSON: " + fault + EXPECTED);
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException("a text cannot fail", e);
        }
    }

    private static Location location(String file, JsonLocation at) {
        return at == null || at.getLineNr() < 1 || at.getColumnNr() < 1
                ? Location.of(file)
                : new Location(file, at.getLineNr(), at.getColumnNr());
    }

    /** The value that begins with the parser's token. */
    private Json value() throws IOException {
        Location at = location(file, parser.currentTokenLocation());
        return switch (parser.currentToken()) {
            case START_OBJECT -> entries(at);
            case START_ARRAY -> {
                List<Json> items = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    items.add(value());
                }
                yield new Json.Items(items, at);
            }
            case VALUE_STRING -> new Json.Text(parser.getText(), at);
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new Json.Numeral(parser.getText(), at);
            case VALUE_TRUE, VALUE_FALSE -> new Json.Flag(parser.getBooleanValue(), at);
            default -> new Json.Nothing(at);
        };
    }

    private Json.Entries entries(Location at) throws IOException {
        Map<String, Json.Member> members = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            Location keyAt = location(file, parser.currentTokenLocation());
            parser.nextToken();
            Json.Member first = members.putIfAbsent(key, new Json.Member(keyAt, value()));
            if (first != null) {
                report.error(keyAt, key + ": written twice, first at " + first.key());
            }
        }
        return new Json.Entries(members, at);
    }
}
