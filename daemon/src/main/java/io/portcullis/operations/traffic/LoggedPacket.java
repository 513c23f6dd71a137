package io.portcullis.operations.traffic;

import io.portcullis.net.Address;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.Names;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A packet of a log line, or of a recorded drop.
 *
 * @param event {@code drop}, {@code would-drop} or {@code accept}
 * @param direction {@code ingress} or {@code egress}
 * @param reason label of the drop; empty: accepted
 * @param protocol 0 to 255
 * @param fromPort 0: the protocol has no ports
 * @param type of icmp and icmpv6; else 0
 * @param vlans VLAN ids: the inner one in bits 0 to 11, the outer one in bits 12 to 23; 0: no tag
 */
public record LoggedPacket(
        String event,
        String interfaceName,
        String direction,
        String reason,
        int protocol,
        Address from,
        int fromPort,
        Address to,
        int toPort,
        int type,
        int code,
        int vlans) {
    private static final String EXPECTED =
            "not a line about a packet: write one such as \"drop web0 ingress no-rule tcp 198.51.100.7:40000 >"
                    + " 10.0.0.1:22\", with or without what the log or journalctl writes before it";

    /** For an object that {@link #of} does not take. */
    public static final String NO_RECORD = "not an object that portcullis drops --json prints for one packet";

    private static final int LONGEST = 8_192;
    private static final int HIGHEST_PORT = 65_535;
    private static final int HIGHEST_VLAN = 4_095;
    private static final int VLAN_BITS = 12;

    /** Time and level, or time, host and program of the journal; the priority. */
    private static final String BEFORE =
            "(?:\\d{4}-\\d\\d-\\d\\dT\\S{1,40} [A-Z]{4,5} {1,2}|.{0,300}?\\S{1,100}: )?(?:<[0-7]>)?";

    private static final String EVENT = "(?<event>drop|would-drop|accept) (?<name>.{1,255}?) ";
    private static final String VLAN = "(?: vlan (?<outer>\\d{1,4})(?:\\.(?<inner>\\d{1,4}))?)?";
    private static final String AFTER =
            "(?: \\(and \\d{1,19} more (?:for this reason|flows)\\))?(?:; nearest rule: .*| by .*)?";

    /** A name has no {@code >}, so the first one is that of the addresses. */
    private static final Pattern PACKET = Pattern.compile(BEFORE + EVENT
            + "(?<way>ingress|egress) (?:(?<reason>[a-z0-9-]{1,40}) )?(?<protocol>tcp|udp|sctp|icmp|icmpv6|proto \\d{1,3})"
            + " (?<from>\\S{1,60}) > (?<to>\\S{1,60})(?<icmp> type (?<type>\\d{1,3}) code (?<code>\\d{1,3}))?" + VLAN
            + AFTER);

    private static final Pattern FRAME = Pattern.compile(
            BEFORE + EVENT + "(?:ingress|egress) [a-z0-9-]{1,40} ethertype 0x[0-9a-f]{1,4}" + VLAN + AFTER);
    private static final Pattern COUNT = Pattern.compile(BEFORE + EVENT + "\\d{1,19} more (?:flows )?not described");
    private static final Pattern ICMP =
            Pattern.compile(".* type (?<type>\\d{1,3}) code (?<code>\\d{1,3})(?: vlan .*)?");

    /** An address, and a port; -1: none. */
    private record End(Address address, int port) {}

    /**
     * Reads a line of the log: as the daemon writes it, as journalctl shows it, or its message alone.
     *
     * @throws IllegalArgumentException if it names no packet; the message is a sentence
     */
    public static LoggedPacket parse(String line) {
        String text = line.strip();
        Matcher packet = PACKET.matcher(text);
        if (text.length() > LONGEST || !packet.matches()) {
            throw new IllegalArgumentException(
                    text.length() <= LONGEST && FRAME.matcher(text).matches()
                            ? "the frame of this line is not IP: no rule decides about it, its reason says all"
                            : text.length() <= LONGEST && COUNT.matcher(text).matches()
                                    ? "this line counts packets and names none: portcullis drops may list them"
                                    : EXPECTED);
        }
        End from = end(packet.group("from"));
        End to = end(packet.group("to"));
        String protocol = packet.group("protocol");
        return checked(new LoggedPacket(
                packet.group("event"),
                packet.group("name"),
                packet.group("way"),
                Optional.ofNullable(packet.group("reason")).orElse(""),
                number(protocol.startsWith("proto ") ? protocol.substring("proto ".length()) : protocol),
                from.address,
                from.port,
                to.address,
                to.port,
                small(packet.group("type")),
                small(packet.group("code")),
                vlans(packet.group("outer"), packet.group("inner"))));
    }

    /**
     * The packet of a recorded drop.
     *
     * @param drop some of its fields may be missing, as it was read from JSON
     * @throws IllegalArgumentException if the record stands for many packets, or is no packet; the message is a sentence
     */
    public static LoggedPacket of(DropsReport.DropView drop) {
        boolean isWhole = Stream.of(
                        drop.interfaceName(),
                        drop.direction(),
                        drop.verdict(),
                        drop.reason(),
                        drop.inCommon(),
                        drop.packet(),
                        drop.protocol(),
                        drop.source(),
                        drop.destination(),
                        drop.vlans())
                .allMatch(Objects::nonNull);
        if (!isWhole) {
            throw new IllegalArgumentException(NO_RECORD);
        }
        if (!drop.inCommon().equals("all")) {
            throw new IllegalArgumentException("this record stands for packets that have only their " + drop.inCommon()
                    + " in common: only one packet can be explained");
        }
        if (drop.source().isEmpty()) {
            throw new IllegalArgumentException(
                    "the frame of this record is not IP: no rule decides about it, its reason says all");
        }
        Matcher icmp = ICMP.matcher(drop.packet());
        boolean hasType = icmp.matches();
        String[] tags = drop.vlans().split("\\.", -1);
        int protocol = number(
                drop.protocol().startsWith("protocol ")
                        ? drop.protocol().substring("protocol ".length())
                        : drop.protocol());
        boolean hasPorts = hasPorts(protocol) && drop.destinationPort() + drop.sourcePort() > 0;
        return checked(new LoggedPacket(
                drop.verdict(),
                drop.interfaceName(),
                drop.direction(),
                drop.reason(),
                protocol,
                Address.parse(drop.source()),
                hasPorts ? drop.sourcePort() : -1,
                Address.parse(drop.destination()),
                hasPorts ? drop.destinationPort() : -1,
                hasType ? small(icmp.group("type")) : 0,
                hasType ? small(icmp.group("code")) : 0,
                drop.vlans().isEmpty() ? 0 : vlans(tags[0], tags.length > 1 ? tags[1] : null)));
    }

    private static LoggedPacket checked(LoggedPacket packet) {
        if (packet.from.isV6() != packet.to.isV6()) {
            throw new IllegalArgumentException(EXPECTED);
        }
        boolean ports = hasPorts(packet.protocol);
        if (ports && (packet.fromPort < 0 || packet.toPort < 0)) {
            throw new IllegalArgumentException(
                    "the packet of this line has no ports: it was a later fragment, or was cut. The line of the first"
                            + " fragment has them");
        }
        return ports ? packet : packet.withoutPorts();
    }

    private LoggedPacket withoutPorts() {
        return new LoggedPacket(event, interfaceName, direction, reason, protocol, from, 0, to, 0, type, code, vlans);
    }

    private static boolean hasPorts(int protocol) {
        return protocol == IpProtocol.TCP || protocol == IpProtocol.UDP || protocol == IpProtocol.SCTP;
    }

    private static int number(String protocol) {
        int number = protocol.matches("\\d{1,3}")
                ? Integer.parseInt(protocol)
                : Names.PROTOCOLS.number("", protocol).orElse(-1);
        if (number < 0 || number > 255) {
            throw new IllegalArgumentException(EXPECTED);
        }
        return number;
    }

    private static End end(String text) {
        int close = text.indexOf(']');
        boolean bracketed = text.startsWith("[") && close > 0;
        boolean isV4WithPort = text.indexOf(':') > 0 && text.indexOf(':') == text.lastIndexOf(':');
        int colon = bracketed ? close + 1 : isV4WithPort ? text.indexOf(':') : -1;
        String port = colon < 0 || colon >= text.length() ? "" : text.substring(colon + 1);
        if (colon >= 0 && (!port.matches("\\d{1,5}") || Integer.parseInt(port) > HIGHEST_PORT)) {
            throw new IllegalArgumentException(EXPECTED);
        }
        String address = bracketed ? text.substring(1, close) : colon < 0 ? text : text.substring(0, colon);
        try {
            return new End(Address.parse(address), colon < 0 ? -1 : Integer.parseInt(port));
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException(EXPECTED, wrong);
        }
    }

    private static int small(@Nullable String number) {
        int value = number == null ? 0 : Integer.parseInt(number);
        if (value > 255) {
            throw new IllegalArgumentException(EXPECTED);
        }
        return value;
    }

    private static int vlans(@Nullable String outer, @Nullable String inner) {
        int first = outer == null ? 0 : Integer.parseInt(outer);
        int second = inner == null ? 0 : Integer.parseInt(inner);
        if (first > HIGHEST_VLAN || second > HIGHEST_VLAN) {
            throw new IllegalArgumentException(EXPECTED);
        }
        return inner == null ? first : first << VLAN_BITS | second;
    }
}
