package io.portcullis.system.ec2;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A program: clients that add rules, tag them and remove some again, while the daemon dies and comes back. It ends when the file that
 * its argument names exists. Each line that it prints is {@code STEP RESULT PORT}: {@code try} before a call, and after it
 * {@code done}, {@code refused}, or {@code lost} for a connection that was cut before the answer. Each port is used once.
 */
final class Changers {
    private static final int CLIENTS = 8;
    private static final int PORTS_OF_A_CLIENT = 5_000;

    private Changers() {}

    public static void main(String[] arguments) throws InterruptedException {
        Path end = Path.of(arguments[0]);
        List<Thread> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            int first = 10_000 + i * PORTS_OF_A_CLIENT;
            clients.add(Thread.ofPlatform().start(() -> run(first, end)));
        }
        for (Thread each : clients) {
            each.join();
        }
    }

    private static void run(int first, Path end) {
        try (ApiClient api = new ApiClient()) {
            for (int port = first; port < first + PORTS_OF_A_CLIENT && !Files.exists(end); port++) {
                String[] rule = ApiClient.rule(Crowd.GROUP, "", port);
                String added = attempt("add", port, api, "AuthorizeSecurityGroupIngress", rule);
                if (added.isEmpty()) {
                    continue;
                }
                switch (port % 3) {
                    case 0 -> attempt("remove", port, api, "RevokeSecurityGroupIngress", rule);
                    case 1 ->
                        attempt(
                                "tag",
                                port,
                                api,
                                "CreateTags",
                                "ResourceId.1=" + added,
                                "Tag.1.Key=port",
                                "Tag.1.Value=" + port);
                    default -> {}
                }
            }
        } catch (IOException | InterruptedException e) {
            say("client", "ends", first + " " + e);
        }
    }

    /** The id of the rule in the answer, or any text; empty: the call is not known to be done. */
    private static String attempt(String step, int port, ApiClient api, String action, String... parameters)
            throws InterruptedException {
        say(step, "try", port);
        try {
            ApiClient.Answer answer = api.call(action, parameters);
            if (answer.isDone()) {
                say(step, "done", port);
                return answer.ruleIds().stream().findFirst().orElse("done");
            }
            // The daemon says that nothing has changed.
            say(step, "refused", port + " " + answer.xml().replace('\n', ' '));
        } catch (IOException cut) {
            say(step, "lost", port);
        }
        TimeUnit.MILLISECONDS.sleep(100);
        return "";
    }

    private static void say(String step, String result, Object about) {
        System.out.print(step + " " + result + " " + about + "\n");
    }
}
