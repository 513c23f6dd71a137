package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Peer;
import io.portcullis.config.edit.Edit;
import io.portcullis.config.edit.Permission;
import io.portcullis.config.edit.RandomConfig;
import io.portcullis.config.files.SourceText;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.state.State;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Random calls about rules of random configurations, against a map from contents to ids. */
@Tag("property")
final class RulesPropertyTest {
    private static final int CONFIGS = 100;
    private static final int CALLS = 25;
    private static final List<String> TRAFFIC = List.of(
            "tcp 80 80",
            "tcp 443 443",
            "tcp 0 65535",
            "udp 53 53",
            "-1 -1 -1",
            "icmp -1 -1",
            "icmp 8 -1",
            "47 -1 -1",
            "47 -1 -1");
    private static final List<String> BLOCKS =
            List.of("10.0.0.0/8", "192.0.2.0/24", "0.0.0.0/0", "::/0", "2001:db8::/32");

    /** One configuration, its calls so far, and what the model says of its rules: the id and the description by the contents. */
    private static final class Run {
        private final Random random;
        private final TextStore store;
        private final Calls calls;
        private final List<String> log = new ArrayList<>();

        /** True: the state may know rules that are in no file any more. */
        private boolean hasForgotten;

        /** Contents that rules have had. */
        private final Set<String> had = new LinkedHashSet<>();

        private int done;
        private Map<String, String> ids = new LinkedHashMap<>();
        private Map<String, String> descriptions = new LinkedHashMap<>();

        private Run(Random random) {
            this.random = random;
            store = new TextStore(RandomConfig.texts(random));
            calls = new Calls(store);
            store.texts().forEach(text -> log.add(text.yaml()));
        }

        /** The rules as answers show them: {@code sg-… in tcp 80 80 10.0.0.0/8}. */
        private Map<String, GroupRule> shown() {
            Map<String, GroupRule> shown = new LinkedHashMap<>();
            for (GroupRule rule : store.now().rules()) {
                String peer = rule.block().map(Object::toString).orElse(rule.peerId());
                String text = String.join(
                        " ",
                        rule.groupId(),
                        rule.isIngress() ? "in" : "out",
                        rule.protocol(),
                        String.valueOf(rule.fromPort()),
                        String.valueOf(rule.toPort()),
                        peer);
                assertEquals(null, shown.put(text, rule), text);
            }
            return shown;
        }

        private void look() {
            ids = new LinkedHashMap<>();
            descriptions = new LinkedHashMap<>();
            shown().forEach((text, rule) -> {
                ids.put(text, rule.id());
                descriptions.put(text, rule.description());
            });
        }

        private void compare() {
            Map<String, GroupRule> shown = shown();
            Map<String, String> shownIds = new LinkedHashMap<>();
            Map<String, String> shownTexts = new LinkedHashMap<>();
            shown.forEach((text, rule) -> {
                shownIds.put(text, rule.id());
                shownTexts.put(text, rule.description());
            });
            assertEquals(ids, shownIds, this::toString);
            had.addAll(ids.keySet());
            assertEquals(descriptions, shownTexts, this::toString);
            assertEquals(ids.size(), new HashSet<>(ids.values()).size(), this::toString);
            Set<String> keys = new HashSet<>();
            shown.values().forEach(rule -> keys.add(rule.key()));
            State state = store.now().state();
            if (!hasForgotten) {
                assertTrue(keys.containsAll(state.ruleIds().keySet()), this::toString);
                assertTrue(ids.values().containsAll(state.tags().keySet()), this::toString);
            }
        }

        private <T> T pick(List<T> all) {
            return all.get(random.nextInt(all.size()));
        }

        /** Half of the time, of what a rule of this group has had. */
        private String contents(String place) {
            List<String> past =
                    had.stream().filter(each -> each.startsWith(place + " ")).toList();
            if (!past.isEmpty() && random.nextBoolean()) {
                return pick(past);
            }
            List<String> peers = new ArrayList<>(BLOCKS);
            store.now().groups().forEach(group -> peers.add(group.id()));
            store.now().lists().stream().map(ManagedList::id).forEach(peers::add);
            String traffic = pick(TRAFFIC);
            if (traffic.startsWith("icmp")) {
                peers.removeIf(peer -> peer.contains(":"));
            }
            return place + " " + traffic + " " + pick(peers);
        }

        /** A group and a direction. */
        private String place() {
            return pick(store.now().groups()).id() + (random.nextBoolean() ? " in" : " out");
        }

        private List<String> present(String place) {
            List<String> present = new ArrayList<>(ids.keySet().stream()
                    .filter(each -> each.startsWith(place + " "))
                    .toList());
            Collections.shuffle(present, random);
            return present.subList(0, Math.min(present.size(), 1 + random.nextInt(3)));
        }

        private static String permissions(List<String> rules, String description) {
            StringBuilder query = new StringBuilder();
            for (int i = 0; i < rules.size(); i++) {
                String[] words = rules.get(i).split(" ");
                String path = "&IpPermissions." + (i + 1) + ".";
                String peer = words[5];
                String list = peer.startsWith("sg-")
                        ? "Groups.1.GroupId"
                        : peer.startsWith("pl-")
                                ? "PrefixListIds.1.PrefixListId"
                                : peer.contains(":") ? "Ipv6Ranges.1.CidrIpv6" : "IpRanges.1.CidrIp";
                query.append(path).append("IpProtocol=").append(words[2]);
                query.append(path).append("FromPort=").append(words[3]);
                query.append(path).append("ToPort=").append(words[4]);
                query.append(path).append(list).append('=').append(peer);
                if (!description.isEmpty()) {
                    String described = list.substring(0, list.lastIndexOf('.') + 1) + "Description=";
                    query.append(path).append(described).append(description);
                }
            }
            return query.toString();
        }

        /** Makes a call. Empty: it is done; else the code of its refusal, and nothing has changed. */
        private String call(String query) {
            log.add(query);
            List<SourceText> texts = store.texts();
            State state = store.now().state();
            String refusal = calls.refusal(query);
            if (refusal.startsWith("no refusal")) {
                done++;
                return "";
            }
            log.add(refusal);
            assertEquals(texts, store.texts(), this::toString);
            assertEquals(state, store.now().state(), this::toString);
            return refusal.substring(0, refusal.indexOf(':'));
        }

        /** A call about a part of a rule may be refused for that, and for nothing else. */
        private boolean isDone(String result, String expected, List<String> rules) {
            if (result.equals("OperationNotPermitted")) {
                assertTrue(rules.stream().anyMatch(each -> each.contains(" pl-")), this::toString);
                return false;
            }
            assertEquals(expected, result, this::toString);
            return result.isEmpty();
        }

        private static String action(String verb, String place) {
            return "Action=" + verb + (place.endsWith(" in") ? "Ingress" : "Egress") + "&GroupId="
                    + place.substring(0, place.indexOf(' '));
        }

        private void authorize() {
            String place = place();
            List<String> added = new ArrayList<>();
            int count = 1 + random.nextInt(3);
            for (int i = 0; i < count; i++) {
                added.add(contents(place));
            }
            boolean isTwice = new HashSet<>(added).size() < count;
            boolean isPresent = added.stream().anyMatch(ids::containsKey);
            String expected = isTwice ? "InvalidParameterValue" : isPresent ? "InvalidPermission.Duplicate" : "";
            boolean isTagged = random.nextBoolean();
            String tag = "&TagSpecification.1.ResourceType=security-group-rule&TagSpecification.1.Tag.1.Key=k";
            String query = action("AuthorizeSecurityGroup", place) + permissions(added, "d") + (isTagged ? tag : "");
            if (isDone(call(query), expected, added)) {
                for (String rule : added) {
                    GroupRule now = shown(rule);
                    assertTrue(!ids.containsValue(now.id()), this::toString);
                    assertEquals(isTagged ? Map.of("k", "") : Map.of(), now.tags(), this::toString);
                    ids.put(rule, now.id());
                    descriptions.put(rule, "d");
                }
            }
        }

        private GroupRule shown(String text) {
            GroupRule rule = shown().get(text);
            assertNotNull(rule, () -> text + " is not there\n" + this);
            return rule;
        }

        private void revoke() {
            String place = place();
            List<String> removed = new ArrayList<>(present(place));
            String expected = removed.isEmpty() ? "MissingParameter" : "";
            boolean isById = random.nextBoolean();
            if (!isById && random.nextInt(4) == 0) {
                String other = contents(place);
                if (!ids.containsKey(other)) {
                    removed.add(other);
                    expected = "InvalidPermission.NotFound";
                }
            }
            StringBuilder query = new StringBuilder(action("RevokeSecurityGroup", place));
            if (isById) {
                for (int i = 0; i < removed.size(); i++) {
                    query.append("&SecurityGroupRuleId.")
                            .append(i + 1)
                            .append('=')
                            .append(ids.get(removed.get(i)));
                }
            } else {
                query.append(permissions(removed, ""));
            }
            if (isDone(call(query.toString()), expected, removed)) {
                ids.keySet().removeAll(removed);
                descriptions.keySet().removeAll(removed);
            }
        }

        private void modify() {
            String place = place();
            List<String> changed = present(place);
            if (changed.isEmpty()) {
                return;
            }
            List<String> after = new ArrayList<>();
            boolean isRing = random.nextBoolean();
            for (int i = 0; i < changed.size(); i++) {
                after.add(isRing ? changed.get((i + 1) % changed.size()) : contents(place));
            }
            StringBuilder query = new StringBuilder(
                    "Action=ModifySecurityGroupRules&GroupId=" + place.substring(0, place.indexOf(' ')));
            for (int i = 0; i < changed.size(); i++) {
                String path = "&SecurityGroupRule." + (i + 1) + ".SecurityGroupRule";
                String[] words = after.get(i).split(" ");
                String member = words[5].startsWith("sg-")
                        ? "ReferencedGroupId"
                        : words[5].startsWith("pl-")
                                ? "PrefixListId"
                                : words[5].contains(":") ? "CidrIpv6" : "CidrIpv4";
                query.append(path).append("Id=").append(ids.get(changed.get(i)));
                query.append(path).append(".IpProtocol=").append(words[2]);
                query.append(path).append(".FromPort=").append(words[3]);
                query.append(path).append(".ToPort=").append(words[4]);
                query.append(path).append('.').append(member).append('=').append(words[5]);
            }
            Set<String> others = new LinkedHashSet<>(ids.keySet());
            others.removeAll(changed);
            boolean isTwice = new HashSet<>(after).size() < after.size();
            boolean isPresent = after.stream().anyMatch(others::contains);
            List<String> all = new ArrayList<>(changed);
            all.addAll(after);
            String result = call(query.toString());
            if (isTwice && isPresent) {
                assertTrue(!result.isEmpty(), this::toString);
                return;
            }
            String expected = isTwice ? "InvalidParameterValue" : isPresent ? "InvalidPermission.Duplicate" : "";
            if (isDone(result, expected, all)) {
                List<String> kept = changed.stream().map(ids::get).toList();
                ids.keySet().removeAll(changed);
                descriptions.keySet().removeAll(changed);
                for (int i = 0; i < after.size(); i++) {
                    ids.put(after.get(i), kept.get(i));
                    descriptions.put(after.get(i), "");
                }
            }
        }

        private void describe() {
            String place = place();
            List<String> described = present(place);
            String text = random.nextBoolean() ? "" : "text" + random.nextInt(3);
            String query = action("UpdateSecurityGroupRuleDescriptions", place) + permissions(described, text);
            if (isDone(call(query), described.isEmpty() ? "MissingParameter" : "", described)) {
                described.forEach(rule -> descriptions.put(rule, text));
            }
        }

        /** Somebody adds a rule to a file, or removes one. */
        private void byHand() {
            String place = place();
            List<String> present = present(place);
            String group = store.now().group(place.split(" ")[0]).orElseThrow().name();
            Direction direction = place.endsWith(" in") ? Direction.INGRESS : Direction.EGRESS;
            if (!present.isEmpty() && random.nextBoolean()) {
                String removed = present.getFirst();
                if (!removed.contains(" pl-")) {
                    Permission permission = shown(removed).permission();
                    log.add("removed by hand: " + removed);
                    store.edit(new Edit.RemoveRules(group, direction, List.of(permission)));
                    hasForgotten = true;
                    ids.remove(removed);
                    descriptions.remove(removed);
                }
                return;
            }
            String added = contents(place);
            if (!ids.containsKey(added) && BLOCKS.contains(added.substring(added.lastIndexOf(' ') + 1))) {
                log.add("added by hand: " + added);
                Permission permission = permission(added.split(" "));
                store.edit(new Edit.AddRules(group, direction, List.of(new Edit.Described(permission, "hand"))));
                ids.put(added, shown(added).id());
                descriptions.put(added, "hand");
            }
        }

        private static Permission permission(String[] words) {
            int protocol = switch (words[2]) {
                case "tcp" -> 6;
                case "udp" -> 17;
                case "icmp" -> 1;
                default -> Integer.parseInt(words[2]);
            };
            int low = Integer.parseInt(words[3]);
            int high = Integer.parseInt(words[4]);
            PortRange ports = words[2].endsWith("p") && protocol != 1 ? new PortRange(low, high) : null;
            return new Permission(
                    protocol,
                    ports,
                    protocol == 1 ? low : -1,
                    protocol == 1 ? high : -1,
                    new Peer.Net(block(words[5])));
        }

        private static Cidr block(String text) {
            int slash = text.indexOf('/');
            return new Cidr(Address.parse(text.substring(0, slash)), Integer.parseInt(text.substring(slash + 1)));
        }

        private void step() {
            switch (random.nextInt(6)) {
                case 0, 1 -> authorize();
                case 2 -> revoke();
                case 3 -> modify();
                case 4 -> byHand();
                default -> describe();
            }
        }

        @Override
        public String toString() {
            return String.join("\n", log) + "\n";
        }
    }

    @Test
    void callsDoWhatTheModelSaysAndIdsOfOtherRulesStay() {
        int done = 0;
        for (int i = 0; i < CONFIGS; i++) {
            Run run = new Run(new Random(17_000_003L + i));
            run.look();
            for (int call = 0; call < CALLS; call++) {
                run.step();
                run.compare();
            }
            done += run.done;
        }
        assertTrue(done > CONFIGS * CALLS / 3, "too many calls were refused: only " + done + " are done");
    }
}
