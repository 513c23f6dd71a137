package io.portcullis.ec2.wire;

import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** Writes answers as XML, in the forms of EC2 and STS. Characters that XML can't carry become U+FFFD. */
public final class AnswerWriter {
    /** The media type of all answers. */
    public static final String CONTENT_TYPE = "text/xml;charset=UTF-8";

    private static final String ITEM = "item";
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final StringWriter text = new StringWriter();
    private final XMLStreamWriter xml;

    private AnswerWriter() throws XMLStreamException {
        // A factory is not safe for several threads.
        xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(text);
        xml.writeStartDocument("UTF-8", "1.0");
        xml.writeCharacters("\n");
    }

    /** Writes a document; the writer of text in memory never fails by itself. */
    private interface Content {
        void write(AnswerWriter to) throws XMLStreamException;
    }

    private static byte[] document(Content content) {
        try {
            AnswerWriter writer = new AnswerWriter();
            content.write(writer);
            writer.xml.writeEndDocument();
            writer.xml.close();
            return writer.text.toString().getBytes(StandardCharsets.UTF_8);
        } catch (XMLStreamException e) {
            throw new IllegalStateException("an answer can't be written", e);
        }
    }

    /**
     * The answer to a call.
     *
     * @throws IllegalStateException a field that the answer's shape does not have, or has with another type
     */
    public static byte[] answer(Action action, String requestId, Fields fields) {
        return document(to -> {
            to.startRoot(action.name() + "Response", action.service());
            switch (action.service()) {
                case EC2 -> {
                    to.element("requestId", requestId);
                    to.structure(action.answer(), fields);
                }
                case STS -> {
                    to.xml.writeStartElement(action.name() + "Result");
                    to.structure(action.answer(), fields);
                    to.xml.writeEndElement();
                    to.xml.writeStartElement("ResponseMetadata");
                    to.element("RequestId", requestId);
                    to.xml.writeEndElement();
                }
            }
            to.xml.writeEndElement();
        });
    }

    /** The answer to a call that is refused. */
    public static byte[] error(Service service, String requestId, ApiException refusal) {
        return error(
                service,
                requestId,
                refusal.error().code(),
                refusal.getMessage(),
                refusal.error().status());
    }

    private static byte[] error(Service service, String requestId, String code, String message, int status) {
        return document(to -> {
            switch (service) {
                case EC2 -> {
                    to.xml.writeStartElement("Response");
                    to.xml.writeStartElement("Errors");
                    to.xml.writeStartElement("Error");
                    to.element("Code", code);
                    to.element("Message", message);
                    to.xml.writeEndElement();
                    to.xml.writeEndElement();
                    to.element("RequestID", requestId);
                    to.xml.writeEndElement();
                }
                case STS -> {
                    to.startRoot("ErrorResponse", service);
                    to.xml.writeStartElement("Error");
                    to.element("Type", status < 500 ? "Sender" : "Receiver");
                    to.element("Code", code);
                    to.element("Message", message);
                    to.xml.writeEndElement();
                    to.element("RequestId", requestId);
                    to.xml.writeEndElement();
                }
            }
        });
    }

    private void startRoot(String name, Service service) throws XMLStreamException {
        xml.writeStartElement(name);
        xml.writeDefaultNamespace(service.namespace());
    }

    private void structure(Shape shape, Fields fields) throws XMLStreamException {
        for (Map.Entry<String, Object> field : fields.values().entrySet()) {
            Member member = shape.inXml(field.getKey());
            if (member == null) {
                throw new IllegalStateException(shape + " has no " + field.getKey());
            }
            value(field.getKey(), member.type(), field.getValue());
        }
    }

    private void value(String name, Type type, Object value) throws XMLStreamException {
        switch (type) {
            case Shape shape
            when value instanceof Fields fields -> {
                xml.writeStartElement(name);
                structure(shape, fields);
                xml.writeEndElement();
            }
            case Type.ListOf list when value instanceof List<?> items -> list(name, list.item(), items);
            case Type.Text _ when value instanceof String -> element(name, value.toString());
            case Type.Blob _ when value instanceof String -> element(name, value.toString());
            case Type.Whole whole
            when value instanceof Long number && number >= whole.least() && number <= whole.most() ->
                element(name, value.toString());
            case Type.Flag _ when value instanceof Boolean -> element(name, value.toString());
            case Type.Time _ when value instanceof Instant time -> element(name, TIME.format(time));
            default -> throw new IllegalStateException(name + " is a " + type + ", not " + value);
        }
    }

    private void list(String name, Type type, List<?> items) throws XMLStreamException {
        if (items.isEmpty()) {
            xml.writeEmptyElement(name);
            return;
        }
        xml.writeStartElement(name);
        for (Object item : items) {
            value(ITEM, type, item);
        }
        xml.writeEndElement();
    }

    private void element(String name, String value) throws XMLStreamException {
        if (value.isEmpty()) {
            xml.writeEmptyElement(name);
            return;
        }
        xml.writeStartElement(name);
        String clean = XmlCharacters.clean(value);
        int from = 0;
        // A reader turns a bare carriage return into a line feed (XML 1.0, section 2.11).
        for (int at = clean.indexOf('\r'); at >= 0; at = clean.indexOf('\r', from)) {
            xml.writeCharacters(clean.substring(from, at));
            xml.writeEntityRef("#13");
            from = at + 1;
        }
        xml.writeCharacters(clean.substring(from));
        xml.writeEndElement();
    }
}
