package io.portcullis.config.edit;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.PortRange;
import io.portcullis.net.Visible;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Values as YAML of one line, which mean the same inside brackets and outside. */
public final class Words {
    private static final Pattern SAFE = Pattern.compile("[A-Za-z_][A-Za-z0-9_./-]*");

    /** Words that other programs read as a truth value or as nothing. */
    private static final Set<String> TAKEN = Set.of("true", "false", "yes", "no", "on", "off", "y", "n", "null");

    private static final Set<Integer> NAMED_PROTOCOLS =
            Set.of(Rule.ALL, IpProtocol.TCP, IpProtocol.UDP, IpProtocol.ICMP, IpProtocol.ICMPV6, IpProtocol.SCTP);

    private Words() {}

    /** A safe word as it is, any other text in double quotes. */
    public static String text(String text) {
        boolean isSafe = SAFE.matcher(text).matches() && !TAKEN.contains(text.toLowerCase(Locale.ROOT));
        return isSafe ? text : quoted(text);
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').appendCodePoint(c);
            } else if (c >= ' ' && !isEscaped(c)) {
                quoted.appendCodePoint(c);
            } else {
                quoted.append(c > 0xffff ? String.format("\\U%08x", c) : String.format("\\u%04x", c));
            }
        });
        return quoted.append('"').toString();
    }

    private static boolean isEscaped(int c) {
        return Visible.isInvisible(c)
                || c >= 0x7f && c <= 0x9f
                || c >= 0xd800 && c <= 0xdfff
                || c == 0xfeff
                || c == 0x2028
                || c == 0x2029
                || c == 0xfffe
                || c == 0xffff;
    }

    /** A block; IPv6 in quotes. */
    public static String block(Cidr cidr) {
        return cidr.isV6() ? "\"" + cidr + "\"" : cidr.toString();
    }

    static String peer(Peer peer) {
        return switch (peer) {
            case Peer.Any _ -> "any";
            case Peer.Net(Cidr cidr) -> block(cidr);
            case Peer.Group(String name) -> "{group: " + text(name) + "}";
            case Peer.Prefixes(String list) -> "{prefix-list: " + text(list) + "}";
        };
    }

    /** A rule, such as <code>{protocol: tcp, ports: 80, from: any}</code>. */
    public static String rule(Rule rule, boolean isIngress) {
        return "{" + String.join(", ", fields(rule, isIngress)) + "}";
    }

    /** An entry of a network ACL. */
    public static String entry(Edit.NumberedEntry entry, boolean isIngress) {
        List<String> fields = new ArrayList<>();
        fields.add("rule: " + entry.number());
        fields.add("action: " + (entry.allow() ? "allow" : "deny"));
        fields.addAll(fields(entry.packets().rule(""), isIngress));
        return "{" + String.join(", ", fields) + "}";
    }

    private static List<String> fields(Rule rule, boolean isIngress) {
        List<String> fields = new ArrayList<>();
        int protocol = rule.protocol();
        fields.add("protocol: "
                + (NAMED_PROTOCOLS.contains(protocol) ? Rule.protocolName(protocol) : String.valueOf(protocol)));
        if (!rule.ports().isEmpty()) {
            fields.add("ports: "
                    + oneOrList(rule.ports().stream().map(PortRange::toString).toList()));
        }
        if (rule.icmpType() != Rule.ALL) {
            fields.add("type: " + rule.icmpType());
        }
        if (rule.icmpCode() != Rule.ALL) {
            fields.add("code: " + rule.icmpCode());
        }
        fields.add((isIngress ? "from: " : "to: ")
                + oneOrList(rule.peers().stream().map(Words::peer).toList()));
        if (!rule.description().isEmpty()) {
            fields.add("description: " + text(rule.description()));
        }
        return fields;
    }

    private static String oneOrList(List<String> words) {
        return words.size() == 1 ? words.getFirst() : words.stream().collect(Collectors.joining(", ", "[", "]"));
    }
}
