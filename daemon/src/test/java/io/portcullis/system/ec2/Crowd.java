package io.portcullis.system.ec2;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;

/**
 * A program: {@link #CLIENTS} clients at once, each with a connection of its own. Each changes rules that are its own, all in one group,
 * and checks each answer; in between all ask for the same. Prints one line for each wrong answer, and then how many were right.
 */
final class Crowd {
    static final int CLIENTS = 50;

    /** The group of all clients, and the one that one of them creates. */
    static final String GROUP = "sg-00000000000000000";

    static final String SHARED = "shared";

    private static final int CONTENDED = 9_000;

    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final Queue<String> right = new ConcurrentLinkedQueue<>();
    private final CyclicBarrier together = new CyclicBarrier(CLIENTS);

    /** What was answered to calls that all make at once: how often, by their name and the code. */
    private final Map<String, Integer> contended = new ConcurrentHashMap<>();

    private volatile String shared = "";

    private Crowd() {}

    /** The first port of a client's own. */
    private static int port(int client) {
        return 10_000 + 10 * client;
    }

    private static String name(int client) {
        return "client " + client;
    }

    /** Descriptions of the rules that are left in the group at the end, by their ports. */
    static Map<Integer, String> left() {
        Map<Integer, String> left = new TreeMap<>();
        for (int i = 0; i < CLIENTS; i++) {
            left.put(port(i), name(i) + " for good");
            left.put(port(i) + 4, name(i) + " moved");
        }
        return left;
    }

    /** As {@link #left}, in the group that a client creates. */
    static Map<Integer, String> leftInShared() {
        Map<Integer, String> left = new TreeMap<>();
        for (int i = 0; i < CLIENTS; i++) {
            left.put(port(i) + 5, name(i));
        }
        return left;
    }

    public static void main(String[] arguments) throws InterruptedException {
        Crowd crowd = new Crowd();
        List<Thread> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            int client = i;
            clients.add(Thread.ofPlatform().start(() -> crowd.run(client)));
        }
        for (Thread each : clients) {
            each.join();
        }
        crowd.checkContended();
        crowd.wrong.forEach(IO::println);
        IO.println(crowd.right.size() + " right, " + crowd.wrong.size() + " wrong");
    }

    private void run(int client) {
        try (ApiClient api = new ApiClient()) {
            own(client, api);
            contend("add", client, api, "AuthorizeSecurityGroupIngress", ApiClient.rule(GROUP, "", CONTENDED));
            contend("remove", client, api, "RevokeSecurityGroupIngress", ApiClient.rule(GROUP, "", CONTENDED));
            ApiClient.Answer created = contend(
                    "create",
                    client,
                    api,
                    "CreateSecurityGroup",
                    "GroupName=" + SHARED,
                    "GroupDescription=for all clients");
            if (created.code().isEmpty()) {
                shared = created.xml().replaceAll("(?s).*<groupId>(.*?)</groupId>.*", "$1");
            }
            together.await();
            expect(
                    "done",
                    client,
                    api,
                    "AuthorizeSecurityGroupIngress",
                    ApiClient.rule(shared, name(client), port(client) + 5));
        } catch (Exception e) {
            wrong.add(name(client) + ": " + e);
            together.reset();
        }
    }

    /** Rules that nobody else names, while all others change theirs. */
    private void own(int client, ApiClient api) throws IOException {
        int port = port(client);
        String name = name(client);
        String kept = expect("done", client, api, "AuthorizeSecurityGroupIngress", ApiClient.rule(GROUP, name, port))
                .ruleIds()
                .getFirst();
        String moved = expect("done", client, api, "AuthorizeSecurityGroupIngress", ApiClient.rule(GROUP, "", port + 1))
                .ruleIds()
                .getFirst();
        expect(
                "InvalidPermission.Duplicate",
                client,
                api,
                "AuthorizeSecurityGroupIngress",
                ApiClient.rule(GROUP, name, port));
        List<String> two = expect(
                        "done",
                        client,
                        api,
                        "AuthorizeSecurityGroupIngress",
                        ApiClient.rule(GROUP, name, port + 2, port + 3))
                .ruleIds();
        String[] move = {
            "GroupId=" + GROUP,
            "SecurityGroupRule.1.SecurityGroupRuleId=" + moved,
            "SecurityGroupRule.1.SecurityGroupRule.IpProtocol=tcp",
            "SecurityGroupRule.1.SecurityGroupRule.FromPort=" + (port + 4),
            "SecurityGroupRule.1.SecurityGroupRule.ToPort=" + (port + 4),
            "SecurityGroupRule.1.SecurityGroupRule.CidrIpv4=10.0.0.0/8",
            "SecurityGroupRule.1.SecurityGroupRule.Description=" + name + " moved"
        };
        expect("done", client, api, "ModifySecurityGroupRules", move);
        expect("done", client, api, "RevokeSecurityGroupIngress", ApiClient.rule(GROUP, "", port + 2));
        expect(
                "InvalidPermission.NotFound",
                client,
                api,
                "RevokeSecurityGroupIngress",
                ApiClient.rule(GROUP, "", port + 2));
        expect(
                "done",
                client,
                api,
                "RevokeSecurityGroupIngress",
                "GroupId=" + GROUP,
                "SecurityGroupRuleId.1=" + two.get(1));
        expect("done", client, api, "CreateTags", "ResourceId.1=" + kept, "Tag.1.Key=owner", "Tag.1.Value=" + name);
        expect(
                "done",
                client,
                api,
                "UpdateSecurityGroupRuleDescriptionsIngress",
                ApiClient.rule(GROUP, name + " for good", port));
        String seen = expect(
                        "",
                        client,
                        api,
                        "DescribeSecurityGroupRules",
                        "SecurityGroupRuleId.1=" + kept,
                        "SecurityGroupRuleId.2=" + moved)
                .xml();
        for (String own : List.of(name + " for good", "<value>" + name, name + " moved", "<fromPort>" + (port + 4))) {
            note(seen.contains(own), name + " does not see its own '" + own + "': " + seen);
        }
    }

    /** @param result {@code done}, a code, or empty: an answer that is no refusal */
    private ApiClient.Answer expect(String result, int client, ApiClient api, String action, String... parameters)
            throws IOException {
        ApiClient.Answer answer = api.call(action, parameters);
        boolean isRight =
                result.equals("done") ? answer.isDone() : answer.code().equals(result);
        note(isRight, name(client) + ": " + action + " is not '" + result + "': " + answer);
        return answer;
    }

    /** A call that all clients make at once. */
    private ApiClient.Answer contend(String name, int client, ApiClient api, String action, String... parameters)
            throws Exception {
        together.await();
        ApiClient.Answer answer = api.call(action, parameters);
        contended.merge(name + " " + answer.code(), 1, Integer::sum);
        note(answer.status() == 200 || answer.status() == 400, name(client) + ": " + action + ": " + answer);
        together.await();
        return answer;
    }

    private void checkContended() {
        Map<String, Integer> expected = Map.of(
                "add ",
                1,
                "add InvalidPermission.Duplicate",
                CLIENTS - 1,
                "remove ",
                1,
                "remove InvalidPermission.NotFound",
                CLIENTS - 1,
                "create ",
                1,
                "create InvalidGroup.Duplicate",
                CLIENTS - 1);
        note(contended.equals(expected), "of calls that all made at once: " + contended);
    }

    private void note(boolean isRight, String text) {
        (isRight ? right : wrong).add(text);
    }
}
