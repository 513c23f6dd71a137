package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.AclEntry;
import io.portcullis.config.NetworkAcl;
import io.portcullis.ec2.model.Acl;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.wire.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random changes of network ACLs, of their entries and associations, against a model that knows nothing of files. */
@Tag("property")
final class AclPropertyTest {
    private static final int STEPS = 100;
    private static final int MOST_ACLS = 5;
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web], network-acl: edge}
              db0:
                mode: host
                nic: eth1
                security-groups: [web]
            security-groups:
              web: {ingress: []}
            network-acls:
              # written by hand
              edge: {}
              inner:
                ingress: [{rule: 10, action: allow, protocol: all, from: 0.0.0.0/0}]   # open
            """;
    private static final Pattern VALUE = Pattern.compile("<([a-zA-Z0-9]+)>([^<>]+)</\\1>");

    private static final List<String> STARS = List.of(
            "32767 egress=true -1 deny 0.0.0.0/0",
            "32768 egress=true -1 deny ::/0",
            "32767 egress=false -1 deny 0.0.0.0/0",
            "32768 egress=false -1 deny ::/0");

    private final TextStore store = new TextStore(YAML);
    private final Calls calls = new Calls(store);

    /** By the ids of ACLs: entries as text, by direction and number. */
    private final Map<String, Map<String, String>> acls = new TreeMap<>();

    /** The ACL of each interface; the default one is empty. */
    private final Map<String, String> attached = new TreeMap<>();

    private Acl acl(String name) {
        return store.now().acls().stream()
                .filter(each -> each.written().map(NetworkAcl::name).orElse("").equals(name))
                .findFirst()
                .orElseThrow();
    }

    private NetworkInterface iface(String name) {
        return store.now().interfaces().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static String key(boolean isEgress, int number) {
        return isEgress + " " + String.format("%05d", number);
    }

    private void check(String step) throws ApiException {
        String all = calls.answer("Action=DescribeNetworkAcls&Filter.1.Name=default&Filter.1.Value.1=false");
        for (Map.Entry<String, Map<String, String>> acl : acls.entrySet()) {
            assertTrue(all.contains("<networkAclId>" + acl.getKey() + "</networkAclId>"), step);
            String one = calls.answer("Action=DescribeNetworkAcls&NetworkAclId.1=" + acl.getKey());
            List<String> expected = new ArrayList<>(acl.getValue().values());
            expected.addAll(STARS);
            assertEquals(
                    expected.stream().sorted().toList(),
                    entries(one).stream().sorted().toList(),
                    step + "\n" + one);
        }
        assertEquals(acls.size(), store.now().acls().size() - 1, step);
        for (Map.Entry<String, String> each : attached.entrySet()) {
            NetworkInterface iface = iface(each.getKey());
            assertEquals(each.getValue(), iface.aclId(), step);
            String found =
                    calls.answer("Action=DescribeNetworkAcls&Filter.1.Name=association.association-id&Filter.1.Value.1="
                            + iface.aclAssociationId());
            assertTrue(found.contains("<networkAclId>" + each.getValue() + "</networkAclId>"), step);
        }
        for (String name : List.of("edge", "inner")) {
            for (Acl acl : store.now().acls()) {
                acl.written().filter(each -> each.name().equals(name)).ifPresent(AclPropertyTest::assertInOrder);
            }
        }
    }

    private static void assertInOrder(NetworkAcl acl) {
        for (List<AclEntry> entries : List.of(acl.ingress(), acl.egress())) {
            List<Integer> numbers = entries.stream().map(AclEntry::number).toList();
            assertEquals(numbers.stream().sorted().toList(), numbers);
        }
    }

    /** The entries of an answer: number, direction, protocol, action, block, and ports or types. */
    private static List<String> entries(String xml) {
        List<String> entries = new ArrayList<>();
        String set = xml.substring(xml.indexOf("<entrySet>"), xml.indexOf("</entrySet>"));
        for (String item : set.split("</item>", -1)) {
            Map<String, String> values = new TreeMap<>();
            Matcher matcher = VALUE.matcher(item);
            matcher.results().forEach((MatchResult found) -> values.put(found.group(1), found.group(2)));
            if (!values.isEmpty()) {
                entries.add(text(values));
            }
        }
        return entries;
    }

    private static String text(Map<String, String> values) {
        StringBuilder text = new StringBuilder(values.getOrDefault("ruleNumber", ""));
        text.append(" egress=").append(values.get("egress")).append(' ').append(values.get("protocol"));
        text.append(' ').append(values.get("ruleAction"));
        text.append(' ').append(values.getOrDefault("cidrBlock", "")).append(values.getOrDefault("ipv6CidrBlock", ""));
        for (String name : List.of("from", "to", "type", "code")) {
            text.append(values.containsKey(name) ? " " + name + "=" + values.get(name) : "");
        }
        return text.toString();
    }

    private static String pick(Random random, String... words) {
        return words[random.nextInt(words.length)];
    }

    private String entry(Random random, boolean isReplaced) throws ApiException {
        String id = pick(random, acls.keySet().toArray(String[]::new));
        boolean isEgress = random.nextBoolean();
        int number = 1 + random.nextInt(6) * (random.nextInt(5) == 0 ? 6_553 : 1);
        boolean isV6 = random.nextBoolean();
        String protocol = pick(random, "-1", "6", "17", isV6 ? "58" : "1", "47", "132");
        String action = pick(random, "allow", "deny");
        String block = isV6
                ? pick(random, "::/0", "2001:db8::/32", "fd00:0:0:1::/64")
                : pick(random, "0.0.0.0/0", "10.0.0.0/8", "203.0.113.7/32");
        StringBuilder query =
                new StringBuilder("Action=" + (isReplaced ? "ReplaceNetworkAclEntry" : "CreateNetworkAclEntry"));
        query.append("&NetworkAclId=").append(id).append("&RuleNumber=").append(number);
        query.append("&Egress=")
                .append(isEgress)
                .append("&Protocol=")
                .append(protocol)
                .append("&RuleAction=")
                .append(action);
        query.append(isV6 ? "&Ipv6CidrBlock=" : "&CidrBlock=").append(block);
        StringBuilder text =
                new StringBuilder(number + " egress=" + isEgress + " " + protocol + " " + action + " " + block);
        if (List.of("6", "17").contains(protocol)) {
            int low = random.nextInt(3) * 80;
            int high = random.nextBoolean() ? low : 65_535;
            query.append("&PortRange.From=" + low + "&PortRange.To=" + high);
            text.append(" from=" + low + " to=" + high);
        } else if (List.of("1", "58").contains(protocol)) {
            int type = random.nextInt(3) - 1;
            int code = type < 0 ? -1 : random.nextInt(3) - 1;
            query.append("&Icmp.Type=" + type + "&Icmp.Code=" + code);
            text.append(" type=" + type + " code=" + code);
        } else if (protocol.equals("132")) {
            text.append(" from=0 to=65535");
        }
        Map<String, String> entries = acls.getOrDefault(id, Map.of());
        String key = key(isEgress, number);
        if (entries.containsKey(key) == isReplaced) {
            calls.answer(query.toString());
            entries.put(key, text.toString());
        } else {
            String refusal = isReplaced ? "InvalidNetworkAclEntry.NotFound" : "NetworkAclEntryAlreadyExists";
            assertTrue(calls.refusal(query.toString()).startsWith(refusal), query.toString());
        }
        return query.toString();
    }

    private String drop(Random random) throws ApiException {
        String id = pick(random, acls.keySet().toArray(String[]::new));
        Map<String, String> entries = acls.getOrDefault(id, Map.of());
        boolean isEgress = random.nextBoolean();
        int number = 1 + random.nextInt(6);
        String query =
                "Action=DeleteNetworkAclEntry&NetworkAclId=" + id + "&RuleNumber=" + number + "&Egress=" + isEgress;
        if (entries.remove(key(isEgress, number)) != null) {
            calls.answer(query);
        } else {
            assertTrue(calls.refusal(query).startsWith("InvalidNetworkAclEntry.NotFound"), query);
        }
        return query;
    }

    private String create() throws ApiException {
        if (acls.size() == MOST_ACLS) {
            return "nothing";
        }
        String answer = calls.answer("Action=CreateNetworkAcl&VpcId=vpc-0123456789abcdef0");
        Matcher id = Pattern.compile("<networkAclId>([^<]*)<").matcher(answer);
        assertTrue(id.find(), answer);
        acls.put(id.group(1), new TreeMap<>());
        return "create " + id.group(1);
    }

    private String delete(Random random) throws ApiException {
        String id = pick(random, acls.keySet().toArray(String[]::new));
        String query = "Action=DeleteNetworkAcl&NetworkAclId=" + id;
        if (attached.containsValue(id)) {
            assertTrue(calls.refusal(query).startsWith("DependencyViolation"), query);
        } else if (acls.size() > 2) {
            calls.answer(query);
            acls.remove(id);
        }
        return query;
    }

    private String associate(Random random) throws ApiException {
        String name = pick(random, attached.keySet().toArray(String[]::new));
        List<String> ids = new ArrayList<>(acls.keySet());
        ids.add(acl("").id());
        String id = ids.get(random.nextInt(ids.size()));
        String query = "Action=ReplaceNetworkAclAssociation&AssociationId="
                + iface(name).aclAssociationId() + "&NetworkAclId=" + id;
        String answer = calls.answer(query);
        attached.put(name, id);
        assertTrue(answer.contains(">" + iface(name).aclAssociationId() + "<"), answer);
        return query;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aclsAreAsTheCallsHaveMadeThem(long seed) throws Exception {
        Random random = new Random(seed);
        acls.put(acl("edge").id(), new TreeMap<>());
        Map<String, String> open = new TreeMap<>();
        open.put(key(false, 10), "10 egress=false -1 allow 0.0.0.0/0");
        acls.put(acl("inner").id(), open);
        attached.put("web0", acl("edge").id());
        attached.put("db0", acl("").id());
        check("at first");
        for (int i = 0; i < STEPS; i++) {
            String step = switch (random.nextInt(12)) {
                case 0 -> create();
                case 1 -> delete(random);
                case 2, 3 -> associate(random);
                case 4, 5 -> drop(random);
                case 6, 7 -> entry(random, true);
                default -> entry(random, false);
            };
            check("seed " + seed + ", step " + i + ": " + step + "\n" + store.texts());
        }
        assertTrue(store.text().contains("  # written by hand\n"), store.text());
    }
}
