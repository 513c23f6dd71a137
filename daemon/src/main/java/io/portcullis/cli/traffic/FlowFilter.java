package io.portcullis.cli.traffic;

import io.portcullis.net.Address;
import io.portcullis.operations.traffic.FlowConditions;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that select flows. */
final class FlowFilter {
    private static final Pattern TUPLE = Pattern.compile("(\\S+)\\s+(\\S+)\\s+(?:(?:→|->)\\s+)?(\\S+)");

    /** An address alone, or with its port: {@code 10.0.5.10:443}, {@code [2001:db8::1]:443}. */
    private static final Pattern END =
            Pattern.compile("\\[([0-9a-fA-F:.]+)\\]:([0-9]{1,5})|([0-9.]+):([0-9]{1,5})|([0-9a-fA-F:.]+)");

    @Mixin
    private final TrafficFilter traffic = new TrafficFilter();

    @Option(
            names = "--state",
            paramLabel = "STATE",
            description = "Only flows in this state, such as established, syn-sent, time-wait, udp or udp-stream.")
    private @Nullable String state;

    @Option(
            names = "--rule",
            paramLabel = "ID",
            description =
                    "Only flows that this rule has admitted, such as web/ingress[1], or those of a group, such as web or"
                            + " failsafe; gone: a rule that is not in force any longer; none: no rule.")
    private @Nullable String rule;

    @Option(
            names = "--tuple",
            paramLabel = "TUPLE",
            description = "Only the flow between these two ends, such as 'tcp 203.0.113.9:51544 10.0.5.10:443'.")
    private @Nullable String tuple;

    /**
     * The conditions.
     *
     * @throws IllegalArgumentException if one makes no sense; the message is a sentence
     */
    FlowConditions conditions() {
        Map<String, String> query = traffic.query();
        if (state != null) {
            query.put("state", state);
        }
        if (rule != null) {
            query.put("rule", rule);
        }
        if (tuple != null) {
            query.put("tuple", ends(tuple));
        }
        return FlowConditions.of(query);
    }

    private static String ends(String text) {
        Matcher words = TUPLE.matcher(text.strip());
        if (!words.matches()) {
            throw new IllegalArgumentException(misuse(text));
        }
        return TrafficFilter.protocol(words.group(1)) + " " + end(text, words.group(2)) + " "
                + end(text, words.group(3));
    }

    private static String end(String text, String word) {
        Matcher end = END.matcher(word);
        if (!end.matches()) {
            throw new IllegalArgumentException(misuse(text));
        }
        String address = end.group(1) != null ? end.group(1) : end.group(3) != null ? end.group(3) : end.group(5);
        String port = end.group(2) != null ? end.group(2) : end.group(4) != null ? end.group(4) : "0";
        try {
            return Address.parse(address) + " " + port;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(misuse(text), e);
        }
    }

    private static String misuse(String text) {
        return "--tuple " + text
                + ": write the protocol and both ends, such as 'tcp 203.0.113.9:51544 10.0.5.10:443' or"
                + " 'tcp [2001:db8::9]:51544 [2001:db8::10]:443'";
    }
}
