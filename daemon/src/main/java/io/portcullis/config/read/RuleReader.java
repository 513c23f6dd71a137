package io.portcullis.config.read;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.yaml.Fields;
import io.portcullis.config.yaml.Value;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.Names;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the rules of one direction (security-groups.md section 2). */
final class RuleReader {
    private static final String PORTS = "a port, a range such as 8000-8100, a service name or a list of those";
    private static final String PEERS =
            "an address, a block, any, {group: NAME}, {prefix-list: NAME} or a list of those";
    private static final String BLOCKS = "an address, a block, any, {prefix-list: NAME} or a list of those";
    private static final List<String> REFERENCES = List.of("group", "prefix-list");
    private static final List<String> TRANSPORTS = List.of("tcp", "udp", "sctp");
    private static final List<String> USUAL_PROTOCOLS =
            List.of("all", "tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "esp", "ah");
    private static final int HIGHEST_PORT = 65535;

    /** Longest host name (RFC 1035 section 2.3.4); also the limit for lists of ports and protocols in one text. */
    private static final int LONGEST_NAME = 253;

    private static final Set<String> EVERY_PROTOCOL = Set.of("any", "all", "ip", "*", "-1");
    private static final Set<String> EVERY_PORT = Set.of("any", "all", "*");
    private static final Set<String> EVERYBODY =
            Set.of("all", "*", "0/0", "anyone", "anywhere", "everyone", "everybody");

    /** Port ranges in other notations: {@code 80:443}, {@code 80..443}, with a dash instead of a hyphen, with spaces. */
    private static final Pattern FOREIGN_RANGE =
            Pattern.compile("([0-9]{1,5}) *(?::|[.]{2,3}|[-\\u2010-\\u2015\\u2212]) *([0-9]{1,5})");

    private static final Pattern SEVERAL_PROTOCOLS =
            Pattern.compile("[A-Za-z0-9]{1,20}(?: *[,/+ ] *[A-Za-z0-9]{1,20})+");
    private static final Pattern SEVERAL_PORTS = Pattern.compile("[0-9-]+(?:[,; ] *[0-9-]+)+");
    private static final Pattern HOST_NAME =
            Pattern.compile("(?:[A-Za-z0-9_-]{1,63}\\.)+[A-Za-z][A-Za-z0-9-]{0,62}\\.?");

    private static final Pattern NUMBERS = Pattern.compile("[0-9-]+");
    private static final Pattern RANGE = Pattern.compile("([0-9]{1,9})-([0-9]{1,9})");

    /** The section that the rules belong to. */
    private enum Kind {
        /** A security group, or failsafe. */
        RULE("rule", "a rule such as {protocol: tcp, ports: 80, %s: any}"),
        /** A network ACL, whose entries have two more keys. */
        ENTRY("entry", "an entry such as {rule: 100, action: allow, protocol: tcp, ports: 80, %s: 0.0.0.0/0}"),
        /** An expectation: keys that it leaves out match everything. */
        EXPECTATION("expectation", "a map such as {protocol: tcp, ports: 80, %s: any}");

        private final String noun;
        private final String example;

        Kind(String noun, String example) {
            this.noun = noun;
            this.example = example;
        }

        private List<String> keys(String peerKey) {
            return switch (this) {
                case RULE -> List.of("protocol", "ports", "type", "code", peerKey, "description");
                case ENTRY -> List.of("rule", "action", "protocol", "ports", "type", "code", peerKey, "description");
                case EXPECTATION -> List.of("protocol", "ports", "type", "code", peerKey);
            };
        }
    }

    private final References references;
    private final Kind kind;
    private final boolean ingress;
    private final String peerKey;
    private final List<String> keys;

    private RuleReader(References references, Kind kind, boolean ingress) {
        this.references = references;
        this.kind = kind;
        this.ingress = ingress;
        this.peerKey = ingress ? "from" : "to";
        this.keys = kind.keys(peerKey);
    }

    /** Reads ingress rules. */
    static RuleReader ingress(References references) {
        return new RuleReader(references, Kind.RULE, true);
    }

    /** Reads egress rules. */
    static RuleReader egress(References references) {
        return new RuleReader(references, Kind.RULE, false);
    }

    /** Reads ingress entries of a network ACL. */
    static RuleReader aclIngress(References references) {
        return new RuleReader(references, Kind.ENTRY, true);
    }

    /** Reads egress entries of a network ACL. */
    static RuleReader aclEgress(References references) {
        return new RuleReader(references, Kind.ENTRY, false);
    }

    /** Reads the ingress traffic of expectations. */
    static RuleReader expectedIngress(References references) {
        return new RuleReader(references, Kind.EXPECTATION, true);
    }

    /** Reads the egress traffic of expectations. */
    static RuleReader expectedEgress(References references) {
        return new RuleReader(references, Kind.EXPECTATION, false);
    }

    /** The traffic of an expectation without keys: all of it. */
    Rule everything(Value expectation) {
        return new Rule(Rule.ALL, List.of(), Rule.ALL, Rule.ALL, List.of(new Peer.Any()), "", expectation.location());
    }

    /** The rules of a list that have no error. */
    List<Rule> list(Value list) {
        List<Rule> rules = new ArrayList<>();
        for (Value item : list.items("a list of rules")) {
            read(item).ifPresent(rules::add);
        }
        return rules;
    }

    /** One rule; empty if it has an error. */
    Optional<Rule> read(Value rule) {
        return fields(rule).flatMap(fields -> read(rule, fields));
    }

    /** As {@link #read(Value)}, of the fields of {@code rule}. */
    Optional<Rule> read(Value rule, Fields fields) {
        int errorsBefore = rule.diagnostics().count();
        Optional<Integer> protocol = protocol(rule, fields);
        List<PortRange> ports = List.of();
        int type = Rule.ALL;
        int code = Rule.ALL;
        List<Peer> peers = peers(rule, fields, protocol.orElse(Rule.ALL));
        if (protocol.isPresent()) {
            ports = ports(fields, protocol.get());
            type = type(fields, protocol.get());
            code = code(fields, protocol.get());
        }
        String description =
                fields.get("description").flatMap(value -> value.text("a text")).orElse("");
        return rule.diagnostics().count() > errorsBefore
                ? Optional.empty()
                : Optional.of(new Rule(protocol.orElseThrow(), ports, type, code, peers, description, rule.location()));
    }

    /** The keys of a rule; empty, with an error, if it is not a map. */
    Optional<Fields> fields(Value rule) {
        if (rule.map(String.format(kind.example, peerKey)).isEmpty()) {
            return Optional.empty();
        }
        Fields fields = Fields.named(List.of(rule));
        for (Value value : fields.all()) {
            if (value.key().equals(ingress ? "to" : "from")) {
                value.errorAtKey((ingress ? "an ingress" : "an egress") + " rule takes \"" + peerKey + "\" instead");
            } else if (kind == Kind.RULE && value.key().equals("action")) {
                value.errorAtKey("rules only allow, and traffic that no rule allows is dropped: remove the key, or add"
                        + " a deny entry to a network ACL");
            } else if (kind == Kind.RULE && value.key().equals("rule")) {
                value.errorAtKey(
                        "rules have no numbers and no order: remove the key, or add an entry to a network ACL");
            } else if (!keys.contains(value.key())) {
                value.unknownKey(keys);
            }
        }
        return Optional.of(fields);
    }

    private Optional<Integer> protocol(Value rule, Fields fields) {
        Optional<Value> value = fields.get("protocol");
        if (value.isEmpty() && kind == Kind.EXPECTATION) {
            return Optional.of(Rule.ALL);
        }
        if (value.isEmpty()) {
            rule.diagnostics()
                    .error(rule.location(), "protocol is missing: write all, tcp, udp, icmp, icmpv6, … or a number");
            return Optional.empty();
        }
        Optional<String> text = value.get().text("a protocol's name or number");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (text.get().equals("all")) {
            return Optional.of(Rule.ALL);
        }
        if (EVERY_PROTOCOL.contains(text.get().toLowerCase(Locale.ROOT))) {
            value.get().error("for every protocol write all");
            return Optional.empty();
        }
        Optional<Integer> number =
                Value.numberIn(text.get(), 0, 255).map(Long::intValue).or(() -> Names.PROTOCOLS.number("", text.get()));
        if (number.isEmpty() && isOf(SEVERAL_PROTOCOLS, text.get())) {
            value.get().error("a rule has one protocol: write one rule for each");
            return Optional.empty();
        }
        if (number.isEmpty()) {
            Set<String> names = new LinkedHashSet<>(USUAL_PROTOCOLS);
            names.addAll(Names.PROTOCOLS.names(""));
            value.get()
                    .error("no such protocol" + value.get().diagnostics().hint(text.get(), names) + " (allowed: "
                            + String.join(", ", USUAL_PROTOCOLS) + ", any other IANA name, 0 to 255)");
        }
        return number;
    }

    private static List<PortRange> ports(Fields fields, int protocol) {
        Optional<Value> value = fields.getNonNull("ports", "the ports");
        if (value.isEmpty()) {
            return List.of();
        }
        if (!Rule.hasPorts(protocol)) {
            value.get().errorAtKey("only tcp, udp and sctp have ports: remove the key, or use one of these protocols");
            return List.of();
        }
        if (value.get().isList() && value.get().isEmpty()) {
            value.get().error("empty list: name at least one port, or remove the key for all ports");
        }
        List<PortRange> ranges = new ArrayList<>();
        for (Value item : value.get().itemsOrSelf()) {
            Optional<String> text = item.text(PORTS);
            if (text.isPresent()) {
                range(item, text.get(), protocol).ifPresent(ranges::add);
            }
        }
        return ranges;
    }

    private static Optional<PortRange> range(Value value, String text, int protocol) {
        Optional<Long> port = Value.numberIn(text, 0, HIGHEST_PORT);
        if (port.isPresent()) {
            return Optional.of(new PortRange(port.get().intValue(), port.get().intValue()));
        }
        Matcher others = FOREIGN_RANGE.matcher(text);
        if (others.matches() && !NUMBERS.matcher(text).matches()) {
            value.error("a range is written low-high: write " + others.group(1) + "-" + others.group(2));
            return Optional.empty();
        }
        if (isOf(SEVERAL_PORTS, text)) {
            value.error("several ports need a list: write ["
                    + String.join(", ", Value.quoted(text).split("[,; ] *", -1)) + "]");
            return Optional.empty();
        }
        if (EVERY_PORT.contains(text.toLowerCase(Locale.ROOT))) {
            value.error("for every port remove the key");
            return Optional.empty();
        }
        Matcher range = RANGE.matcher(text);
        if (!range.matches() && !NUMBERS.matcher(text).matches()) {
            return service(value, text, protocol).map(number -> new PortRange(number, number));
        }
        int low = range.matches() ? Integer.parseInt(range.group(1)) : HIGHEST_PORT + 1;
        int high = range.matches() ? Integer.parseInt(range.group(2)) : HIGHEST_PORT + 1;
        if (low > HIGHEST_PORT || high > HIGHEST_PORT) {
            value.error("ports go from 0 to " + HIGHEST_PORT);
            return Optional.empty();
        }
        if (low > high) {
            value.error("the lower port comes first: write " + high + "-" + low);
            return Optional.empty();
        }
        return Optional.of(new PortRange(low, high));
    }

    /** For patterns with repetitions, which take stack for each: only short texts are matched. */
    private static boolean isOf(Pattern pattern, String text) {
        return text.length() <= LONGEST_NAME && pattern.matcher(text).matches();
    }

    private static Optional<Integer> service(Value value, String name, int protocol) {
        String transport = transport(protocol);
        Optional<Integer> port = Names.SERVICES.number(transport, name);
        if (port.isEmpty()) {
            List<String> others = TRANSPORTS.stream()
                    .filter(other -> Names.SERVICES.number(other, name).isPresent())
                    .toList();
            value.error(
                    others.isEmpty()
                            ? "no such service"
                                    + value.diagnostics().hint(name, Names.SERVICES.names(transport))
                                    + " (allowed: " + PORTS + ")"
                            : "a service of " + String.join(" and ", others) + ", not of " + transport
                                    + ": write the port number");
        }
        return port;
    }

    private static String transport(int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP -> "tcp";
            case IpProtocol.UDP -> "udp";
            case IpProtocol.SCTP -> "sctp";
            default -> throw new IllegalArgumentException("protocol " + protocol + " has no ports");
        };
    }

    private static int type(Fields fields, int protocol) {
        Optional<Value> value = fields.getNonNull("type", "the type");
        if (value.isEmpty()) {
            return Rule.ALL;
        }
        if (!Rule.hasTypes(protocol)) {
            value.get().errorAtKey("only icmp and icmpv6 have types: remove the key, or use one of these protocols");
            return Rule.ALL;
        }
        Optional<String> text = value.get().text("a type's name or number");
        if (text.isEmpty()) {
            return Rule.ALL;
        }
        String icmp = protocol == IpProtocol.ICMP ? "icmp" : "icmpv6";
        Optional<Integer> type = Value.numberIn(text.get(), 0, 255)
                .map(Long::intValue)
                .or(() -> Names.ICMP_TYPES.number(icmp, text.get()));
        if (type.isEmpty()) {
            value.get()
                    .error("not a type of " + icmp
                            + value.get().diagnostics().hint(text.get(), Names.ICMP_TYPES.names(icmp))
                            + " (allowed: 0 to 255, or a name such as echo-request)");
        }
        return type.orElse(Rule.ALL);
    }

    private static int code(Fields fields, int protocol) {
        Optional<Value> value = fields.getNonNull("code", "the code");
        if (value.isEmpty()) {
            return Rule.ALL;
        }
        if (!Rule.hasTypes(protocol)) {
            value.get().errorAtKey("only icmp and icmpv6 have codes: remove the key, or use one of these protocols");
            return Rule.ALL;
        }
        if (fields.get("type").isEmpty()) {
            value.get().errorAtKey("a code needs a type: add the key type");
            return Rule.ALL;
        }
        return value.get().number(0, 255).map(Long::intValue).orElse(Rule.ALL);
    }

    private List<Peer> peers(Value rule, Fields fields, int protocol) {
        Optional<Value> value = fields.get(peerKey);
        String allowed = kind == Kind.ENTRY ? BLOCKS : PEERS;
        if (value.isEmpty() && kind == Kind.EXPECTATION) {
            return List.of(new Peer.Any());
        }
        if (value.isEmpty()) {
            rule.diagnostics().error(rule.location(), peerKey + " is missing: write " + allowed);
            return List.of();
        }
        if (value.get().isList() && value.get().isEmpty()) {
            value.get().error("empty list: write " + allowed + ", or remove the " + kind.noun);
        }
        List<Peer> peers = new ArrayList<>();
        for (Value item : value.get().itemsOrSelf()) {
            (item.isMap() ? reference(item, allowed) : addresses(item, protocol, allowed)).ifPresent(peers::add);
        }
        return peers;
    }

    private Optional<Peer> reference(Value value, String allowed) {
        boolean isReference = Fields.entries(value).stream().map(Value::key).anyMatch(REFERENCES::contains);
        if (value.isSetInBraces() && !isReference) {
            value.wrongKindOrBraces(allowed);
            return Optional.empty();
        }
        Fields fields = value.fields(REFERENCES);
        Optional<Value> group = fields.get("group");
        Optional<Value> list = fields.get("prefix-list");
        if (group.isPresent() && list.isPresent()) {
            list.get().errorAtKey("not together with group: for both write [{group: NAME}, {prefix-list: NAME}]");
        } else if (group.isPresent() && kind == Kind.ENTRY) {
            group.get().errorAtKey("a network ACL takes addresses, not groups: write " + BLOCKS);
        } else if (group.isPresent()) {
            references.toGroup(group.get());
            return group.get().text("the name of a security group").map(Peer.Group::new);
        } else if (list.isPresent()) {
            references.toList(list.get());
            return list.get().text("the name of a prefix list").map(Peer.Prefixes::new);
        } else if (fields.all().stream().allMatch(Value::isNull)) {
            value.wrongKind(allowed);
        }
        return Optional.empty();
    }

    private static Optional<Peer> addresses(Value value, int protocol, String allowed) {
        Optional<String> text = value.text(allowed);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (text.get().equals("any")) {
            return Optional.of(new Peer.Any());
        }
        if (EVERYBODY.contains(text.get().toLowerCase(Locale.ROOT))) {
            value.error("for every address write any");
            return Optional.empty();
        }
        if (isOf(HOST_NAME, text.get())) {
            value.error("host names are not resolved: write its addresses");
            return Optional.empty();
        }
        boolean isName = text.get().chars().noneMatch(c -> c == '.' || c == ':' || c == '/');
        if (isName) {
            value.error("not an address" + value.diagnostics().hint(text.get(), List.of("any")) + " (allowed: "
                    + allowed + ")");
            return Optional.empty();
        }
        Optional<Cidr> block = BlockReader.block(value, text.get());
        if (block.isPresent() && protocol == IpProtocol.ICMP && block.get().isV6()) {
            value.error("icmp is IPv4 only: write protocol: icmpv6, or an IPv4 block");
            return Optional.empty();
        }
        if (block.isPresent() && protocol == IpProtocol.ICMPV6 && !block.get().isV6()) {
            value.error("icmpv6 is IPv6 only: write protocol: icmp, or an IPv6 block");
            return Optional.empty();
        }
        return block.map(Peer.Net::new);
    }
}
