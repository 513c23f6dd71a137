package io.portcullis.guard;

import io.portcullis.config.Rule;
import io.portcullis.engine.Drop;
import io.portcullis.journal.Event;
import io.portcullis.journal.Field;
import io.portcullis.net.Address;
import io.portcullis.net.Visible;
import io.portcullis.policy.CompiledRule;
import io.portcullis.policy.analysis.NearestRule;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.spi.LoggingEventBuilder;

/** A log line about dropped packets or admitted flows: its text, and its fields in the journal. */
record DropLine(Event event, String text, Map<Field, Object> fields) {
    /**
     * A dropped packet, and others for the same reason.
     *
     * @param at when the packet came
     */
    static DropLine ofDrop(String interfaceName, Drop drop, Optional<NearestRule> nearest, Instant at) {
        Event event = drop.passed() ? Event.WOULD_DROP : Event.DROP;
        Map<Field, Object> fields = packet(interfaceName, drop, at);
        fields.put(Field.REASON, drop.reason().label());
        nearest.ifPresent(rule -> fields.put(Field.RULE, rule.id()));
        String more = drop.count() == 1 ? "" : " (and " + (drop.count() - 1) + " more for this reason)";
        String rule = nearest.map(near -> "; nearest rule: " + near.text()).orElse("");
        return new DropLine(
                event, event.label() + " " + interfaceName + " " + drop + more + Visible.text(rule), fields);
    }

    /**
     * A flow that a rule admitted, and others.
     *
     * @param at when its first packet came
     */
    static DropLine ofFlow(String interfaceName, Drop flow, Instant at) {
        Map<Field, Object> fields = packet(interfaceName, flow, at);
        CompiledRule rule = flow.rule();
        String by = "";
        if (rule != null) {
            fields.put(Field.RULE, rule.id());
            by = " by " + rule.id() + (rule.description().isEmpty() ? "" : " " + rule.description());
        }
        String more = flow.count() == 1 ? "" : " (and " + (flow.count() - 1) + " more flows)";
        return new DropLine(
                Event.ACCEPT,
                Event.ACCEPT.label() + " " + interfaceName + " " + flow + more + Visible.text(by),
                fields);
    }

    /** Packets or flows that were not described. */
    static DropLine ofUndescribed(Event event, String interfaceName, long count) {
        Map<Field, Object> fields = new EnumMap<>(Field.class);
        fields.put(Field.INTERFACE, interfaceName);
        fields.put(Field.COUNT, count);
        String what = event == Event.ACCEPT ? " more flows not described" : " more not described";
        return new DropLine(event, event.label() + " " + interfaceName + " " + count + what, fields);
    }

    private static Map<Field, Object> packet(String interfaceName, Drop drop, Instant at) {
        Map<Field, Object> fields = new EnumMap<>(Field.class);
        fields.put(Field.INTERFACE, interfaceName);
        fields.put(Field.DIRECTION, drop.direction().label());
        fields.put(Field.COUNT, drop.count());
        fields.put(Field.TIME, at);
        Address source = drop.source();
        Address destination = drop.destination();
        if (source != null && destination != null) {
            fields.put(Field.PROTOCOL, Rule.protocolName(drop.protocol()));
            fields.put(Field.SOURCE, source);
            fields.put(Field.DESTINATION, destination);
        }
        if (drop.destinationPort() >= 0) {
            fields.put(Field.SOURCE_PORT, drop.sourcePort());
            fields.put(Field.DESTINATION_PORT, drop.destinationPort());
        }
        return fields;
    }

    void log(Logger log) {
        LoggingEventBuilder line = event.in(log.atInfo());
        for (Map.Entry<Field, Object> field : fields.entrySet()) {
            line = line.addKeyValue(field.getKey().key(), field.getValue());
        }
        line.log(text);
    }
}
