package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher gives the JVM what a rehearsal has recorded, so that a command answers at once. */
@Tag("system")
final class LauncherTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static DaemonProcess daemon;

    @BeforeAll
    static void daemon() {
        daemon = LAB.daemon("""
                version: 1
                interfaces:
                  web0: {%s, security-groups: [web]}
                security-groups:
                  web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
                """.formatted(Lab.bridge("ring")));
    }

    @AfterAll
    static void end() {
        daemon.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "status",
                "status --json",
                "drops",
                "rules",
                "flows",
                "history",
                "explain --interface web0 --ingress --protocol tcp --from 198.51.100.7:40000 --to 10.0.0.1:443"
            })
    void theClassesOfACommandComeFromTheRecord(String line) {
        List<String> words = new ArrayList<>(List.of("env", "PORTCULLIS_JAVA_OPTS=-Xlog:class+load", Home.PROGRAM));
        words.addAll(List.of(line.split(" ")));
        words.addAll(List.of("--socket", daemon.socket().toString()));
        Command command = Command.run(words);
        List<String> loaded =
                command.out().lines().filter(each -> each.contains(" source: ")).toList();
        List<String> read = loaded.stream()
                .filter(each -> each.contains("io.portcullis.") || each.contains("com.fasterxml."))
                .filter(each -> !each.contains("shared objects file") && !each.contains("$$"))
                .toList();
        assertTrue(
                loaded.stream().anyMatch(each -> each.contains("io.portcullis.cli.Cli source: shared objects file")),
                command.out());
        assertTrue(read.size() <= FEW, read::toString);
    }

    /** Classes that depend on what the answer holds. */
    private static final int FEW = 20;
}
