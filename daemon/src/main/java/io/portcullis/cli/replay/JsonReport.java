package io.portcullis.cli.replay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import io.portcullis.policy.CompiledRule;
import java.io.IOException;
import java.io.PrintWriter;

/** A replay as JSON. Frames are written one by one, since a capture may have any number of them. */
final class JsonReport implements ReplayRun.Report {
    private final JsonGenerator json;
    private final PrintWriter out;
    private final Causes causes;
    private final boolean lists;

    JsonReport(PrintWriter out, Causes causes, boolean lists) throws IOException {
        this.out = out;
        this.causes = causes;
        this.lists = lists;
        json = new JsonFactory().createGenerator(out);
        // A line for each element of a list.
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter()
                .withObjectIndenter(DefaultPrettyPrinter.FixedSpaceIndenter.instance)
                .withArrayIndenter(new DefaultIndenter("  ", "\n"));
        json.setPrettyPrinter(printer);
        json.writeStartObject();
        if (lists) {
            json.writeArrayFieldStart("frames");
        }
    }

    @Override
    public void take(JudgedFrame judged) throws IOException {
        if (!lists) {
            return;
        }
        json.writeStartObject();
        json.writeNumberField("number", judged.number());
        json.writeStringField("time", TextReport.time(judged.epochNs()));
        json.writeStringField(
                "direction",
                judged.direction() == null ? "" : judged.direction().label());
        json.writeStringField("packet", judged.subject().get().text());
        json.writeNumberField("length", judged.length());
        json.writeStringField("verdict", judged.verdict().label());
        json.writeStringField("reason", judged.reason().label());
        json.writeStringField("rule", causes.rule(judged));
        json.writeStringField("nearest", causes.nearest(judged));
        json.writeEndObject();
    }

    @Override
    public void end(Outcome outcome) throws IOException {
        if (lists) {
            json.writeEndArray();
        }
        Counts counts = outcome.counts();
        json.writeStringField("capture", outcome.capture().toString());
        json.writeStringField("interfaceName", outcome.interfaceName());
        json.writeStringField("inside", outcome.local().local().toString());
        json.writeStringField("insideFrom", outcome.local().source());
        json.writeNumberField("frameCount", counts.total());
        json.writeStringField("start", counts.total() == 0 ? "" : TextReport.time(counts.firstNs()));
        json.writeNumberField("seconds", counts.durationNs() / 1e9);
        writeCounts(counts);
        writeRules(outcome);
        json.writeArrayFieldStart("notes");
        for (String note : outcome.notes()) {
            json.writeString(note);
        }
        json.writeEndArray();
        json.writeStringField(
                "written", outcome.written() == null ? "" : outcome.written().toString());
        if (outcome.expected() != null) {
            writeDifferences(outcome.expected());
        }
        json.writeStringField("error", outcome.error());
        json.writeEndObject();
        json.flush();
        out.println();
    }

    private void writeCounts(Counts counts) throws IOException {
        json.writeArrayFieldStart("counts");
        for (Counts.Count count : counts.all()) {
            json.writeStartObject();
            json.writeStringField(
                    "direction",
                    count.direction() == null ? "" : count.direction().label());
            json.writeStringField("verdict", count.verdict().label());
            json.writeStringField("reason", count.reason().label());
            json.writeNumberField("frames", count.frames());
            json.writeNumberField("bytes", count.bytes());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void writeRules(Outcome outcome) throws IOException {
        json.writeArrayFieldStart("rules");
        for (int i = 0; i < outcome.policy().ruleCount(); i++) {
            CompiledRule rule = outcome.policy().rule(i);
            if (outcome.counts().admitted(i) > 0) {
                json.writeStartObject();
                json.writeStringField("id", rule.id());
                json.writeStringField(
                        "place", rule.location() == null ? "" : rule.location().toString());
                json.writeStringField("description", rule.description());
                json.writeNumberField("admitted", outcome.counts().admitted(i));
                json.writeEndObject();
            }
        }
        json.writeEndArray();
    }

    private void writeDifferences(ExpectedVerdicts expected) throws IOException {
        json.writeNumberField("expected", expected.named());
        json.writeNumberField("different", expected.different());
        json.writeArrayFieldStart("differences");
        for (ExpectedVerdicts.Difference difference : expected.differences()) {
            json.writeStartObject();
            json.writeNumberField("number", difference.number());
            json.writeStringField("expected", difference.expected());
            json.writeStringField("actual", difference.actual());
            json.writeStringField("packet", difference.packet());
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
