package io.portcullis.ec2.transfer.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.config.AclEntry;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.edit.Permission;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.transfer.Import;
import io.portcullis.ec2.transfer.JsonFile;
import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * A configuration that was exported and imported again says the same. EC2 cannot say: members of groups, settings of interfaces (their
 * mode and NICs are taken from the configuration), failsafe rules, claims; those are not compared.
 */
final class RoundTripTest {
    private static final int CONFIGURATIONS = 400;
    private static final Ids IDS = new Ids("a host");

    @Test
    void anyConfigurationComesBackWithTheSameMeaning() throws ConfigException {
        for (int seed = 0; seed < CONFIGURATIONS; seed++) {
            String yaml = new RandomText(new Random(seed)).yaml();
            Config before = ConfigReader.parse(yaml, "before.yaml");
            for (boolean isRuleByRule : new boolean[] {false, true}) {
                Config after = again(before, isRuleByRule, yaml);
                assertEquals(meaning(before), meaning(after), "seed " + seed + ":\n" + yaml);
            }
        }
    }

    /** Exports, imports, reads. */
    private static Config again(Config before, boolean withRules, String yaml) throws ConfigException {
        Cloud cloud = Cloud.of(before, Account.of(before, IDS), State.EMPTY, Map.of());
        Set<Ec2Json.Kind> kinds = withRules ? EnumSet.allOf(Ec2Json.Kind.class) : Ec2Json.Kind.USUAL;
        Import.Result result = Import.of(
                List.of(new JsonFile(
                        "export.json", json(Ec2Json.of(cloud, kinds).answers()))),
                List.of(),
                Optional.of(cloud));
        if (result.yaml().isEmpty()) {
            fail(result.errors() + "\n" + yaml);
        }
        return ConfigReader.parse(result.yaml().orElseThrow(), "after.yaml");
    }

    private static String json(Object value) {
        try {
            return new ObjectMapper().writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    /** What a configuration says of EC2's objects, by name; a prefix list is its blocks of one family. */
    private static Map<String, Object> meaning(Config config) {
        Map<String, Object> all = new TreeMap<>();
        for (SecurityGroup group : config.securityGroups().values()) {
            all.put("group " + group.name(), group.description());
            all.put("ingress " + group.name(), rules(config, group.ingress()));
            List<Rule> egress = group.egress();
            all.put("egress " + group.name(), egress == null ? everything() : rules(config, egress));
        }
        for (NetworkAcl acl : config.networkAcls().values()) {
            all.put("acl ingress " + acl.name(), entries(acl.ingress()));
            all.put("acl egress " + acl.name(), entries(acl.egress()));
        }
        config.interfaces()
                .values()
                .forEach(iface -> all.put(
                        "interface " + iface.name(),
                        List.of(
                                iface.mode().nics(),
                                iface.securityGroups(),
                                Optional.ofNullable(iface.networkAcl()),
                                iface.timeouts())));
        Set<Set<Cidr>> lists = new HashSet<>();
        config.prefixLists().values().forEach(list -> lists.addAll(families(list.entries())));
        all.put("lists", lists);
        return all;
    }

    private static Set<List<Object>> everything() {
        return Set.of(
                List.of(Permission.all(new Peer.Net(Cidr.ALL_V4)), "", ""),
                List.of(Permission.all(new Peer.Net(Cidr.ALL_V6)), "", ""));
    }

    /** Permissions with their descriptions. A permission that is written twice has the first one. */
    private static Set<List<Object>> rules(Config config, List<Rule> rules) {
        Map<Permission, String> first = new LinkedHashMap<>();
        for (Rule rule : rules) {
            Permission.of(rule).forEach(each -> first.putIfAbsent(each, rule.description()));
        }
        Set<List<Object>> said = new HashSet<>();
        first.forEach((permission, description) -> {
            if (permission.peer() instanceof Peer.Prefixes(String name)) {
                Permission without = new Permission(
                        permission.protocol(),
                        permission.ports(),
                        permission.icmpType(),
                        permission.icmpCode(),
                        new Peer.Group("a list"));
                families(config.prefixList(name).entries())
                        .forEach(blocks -> said.add(List.of(without, description, blocks)));
            } else {
                said.add(List.of(permission, description, ""));
            }
        });
        return said;
    }

    /** The blocks of each family; of an empty list one empty set. */
    private static Set<Set<Cidr>> families(List<Cidr> blocks) {
        Set<Cidr> v4 = new LinkedHashSet<>(blocks);
        v4.removeIf(Cidr::isV6);
        Set<Cidr> v6 = new LinkedHashSet<>(blocks);
        v6.removeAll(v4);
        Set<Set<Cidr>> families = new HashSet<>();
        if (!v4.isEmpty() || v6.isEmpty()) {
            families.add(v4);
        }
        if (!v6.isEmpty()) {
            families.add(v6);
        }
        return families;
    }

    /** Each entry as those of one block and one range of ports; their order counts, their numbers do not. */
    private static List<List<Object>> entries(List<AclEntry> entries) {
        List<List<Object>> said = new ArrayList<>();
        for (AclEntry entry : entries) {
            Set<List<Object>> parts = new LinkedHashSet<>();
            Rule packets = entry.packets();
            List<Peer> blocks = entry.blocks().stream().<Peer>map(Peer.Net::new).toList();
            if (!blocks.isEmpty()) {
                Permission.of(new Rule(
                                packets.protocol(),
                                packets.ports(),
                                packets.icmpType(),
                                packets.icmpCode(),
                                blocks,
                                "",
                                packets.location()))
                        .forEach(part -> parts.add(List.of(entry.allow(), part)));
            }
            said.addAll(parts);
        }
        return said;
    }
}
