package io.portcullis.config.read;

import io.portcullis.config.AclEntry;
import io.portcullis.config.Ec2Api.Kind;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.Peer;
import io.portcullis.config.PrefixList;
import io.portcullis.config.Rule;
import io.portcullis.config.yaml.Fields;
import io.portcullis.config.yaml.Value;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads network ACLs (security-groups.md section 6). */
final class AclReader {
    private static final List<String> KEYS = List.of("ingress", "egress", "id");
    private static final String NO_ENTRY = "[] to deny everything in this direction";

    private final RuleReader ingress;
    private final RuleReader egress;
    private final IdReader ids;
    private final Map<String, PrefixList> lists;

    /** The number of blocks of all entries so far. */
    private long blocks;

    /** {@code lists}: the lists that entries may name; {@link References} checks that they exist. */
    AclReader(References references, IdReader ids, Map<String, PrefixList> lists) {
        this.ids = ids;
        this.lists = lists;
        ingress = RuleReader.aclIngress(references);
        egress = RuleReader.aclEgress(references);
    }

    /** All network ACLs, by name. */
    Map<String, NetworkAcl> all(Fields named) {
        Map<String, NetworkAcl> acls = new LinkedHashMap<>();
        for (Value value : named.all()) {
            if (ConfigReader.isName(value)) {
                acls.put(value.key(), acl(value));
            }
        }
        return acls;
    }

    private NetworkAcl acl(Value value) {
        Fields fields = value.isNull() ? Fields.named(List.of()) : value.fields(KEYS);
        return new NetworkAcl(
                value.key(),
                fields.getNonNull("ingress", NO_ENTRY)
                        .map(list -> entries(list, ingress))
                        .orElse(List.of()),
                fields.getNonNull("egress", NO_ENTRY)
                        .map(list -> entries(list, egress))
                        .orElse(List.of()),
                ids.id(fields, Kind.NETWORK_ACL, value.key()),
                value.keyLocation());
    }

    private List<AclEntry> entries(Value list, RuleReader reader) {
        List<AclEntry> entries = new ArrayList<>();
        Map<Long, Value> numbers = new HashMap<>();
        for (Value item : list.items("a list of entries")) {
            int errorsBefore = item.diagnostics().count();
            Optional<Fields> written = reader.fields(item);
            if (written.isEmpty()) {
                continue;
            }
            Fields fields = written.get();
            Optional<Rule> packets = reader.read(item, fields);
            Optional<Long> number = number(item, fields);
            number.ifPresent(value -> {
                Value first = numbers.putIfAbsent(value, item);
                if (first != null) {
                    item.diagnostics()
                            .error(
                                    item.location(),
                                    "rule " + value + ": number used twice, first at " + first.location());
                }
            });
            Optional<String> action = action(item, fields);
            if (item.diagnostics().count() == errorsBefore) {
                Rule rule = packets.orElseThrow();
                entries.add(new AclEntry(
                        number.orElseThrow().intValue(),
                        action.orElseThrow().equals("allow"),
                        rule,
                        addresses(item, rule)));
            }
        }
        return entries;
    }

    /** The addresses of an entry's peers. A single list is not copied, as many entries may name the same long list. */
    private List<Cidr> addresses(Value entry, Rule rule) {
        List<Cidr> all = new ArrayList<>();
        for (Peer peer : rule.peers()) {
            List<Cidr> addresses = addresses(peer, rule.protocol());
            blocks += addresses.size();
            if (blocks > CompiledSize.MOST_ENTRIES) {
                String many = String.format(
                        "too large: the network ACLs have more than %,d blocks", CompiledSize.MOST_ENTRIES);
                entry.diagnostics().error(entry.location(), many + ", with lists counted");
                return List.of();
            }
            if (rule.peers().size() == 1) {
                return addresses;
            }
            all.addAll(addresses);
        }
        return List.copyOf(new LinkedHashSet<>(all));
    }

    private List<Cidr> addresses(Peer peer, int protocol) {
        return switch (peer) {
            case Peer.Any _ -> Rule.allAddresses(protocol);
            case Peer.Net(Cidr cidr) -> List.of(cidr);
            case Peer.Group _ -> List.of();
            case Peer.Prefixes(String name) -> {
                PrefixList list = lists.get(name);
                List<Cidr> entries = list == null ? List.of() : list.entries();
                yield Rule.hasTypes(protocol)
                        ? entries.stream()
                                .filter(block -> block.isV6() == (protocol == IpProtocol.ICMPV6))
                                .toList()
                        : entries;
            }
        };
    }

    private static Optional<Long> number(Value entry, Fields fields) {
        Optional<Value> value = fields.get("rule");
        if (value.isEmpty()) {
            entry.diagnostics()
                    .error(
                            entry.location(),
                            "rule is missing: write the entry's number, 1 to " + AclEntry.HIGHEST
                                    + "; the lowest number that matches decides");
        }
        return value.flatMap(field -> field.number(1, AclEntry.HIGHEST));
    }

    private static Optional<String> action(Value entry, Fields fields) {
        Optional<Value> value = fields.get("action");
        if (value.isEmpty()) {
            entry.diagnostics().error(entry.location(), "action is missing: write allow or deny");
        }
        return value.flatMap(field -> field.choice(List.of("allow", "deny")));
    }
}
