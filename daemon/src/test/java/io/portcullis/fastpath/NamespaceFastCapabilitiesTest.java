package io.portcullis.fastpath;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfTestRun;
import io.portcullis.net.Direction;
import io.portcullis.testing.Frame;
import io.portcullis.testing.NamespaceJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The programs load with the capabilities of the unit, and no others: the verifier masks addresses then. */
@Tag("netns")
@Timeout(120)
final class NamespaceFastCapabilitiesTest {
    private static final String CAPABILITIES = "-all,+net_admin,+net_raw,+cap_39";

    private NamespaceJvm jvm;

    /** Loads each variant, and prints the capabilities and the time of a run. */
    static final class Main {
        private Main() {}

        public static void main(String... arguments) throws Exception {
            System.out.println(Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("CapEff"))
                    .findFirst()
                    .orElseThrow());
            FastProgram.Mark mark = new FastProgram.Mark(1, 1);
            List<FastProgram.Route> routes =
                    List.of(new FastProgram.Route.Bridge(1, mark), new FastProgram.Route.Host(mark, true, true));
            byte[] frame = Frame.udp("192.0.2.1", 1, "192.0.2.2", 2).bytes();
            try (TestLines lines = new TestLines(65_536)) {
                for (FastProgram.Route route : routes) {
                    for (Direction direction : Direction.values()) {
                        for (FastProgram.Life life : FastProgram.Life.values()) {
                            try (Bpf program =
                                    new FastProgram(lines.array, 65_536, direction, route, 1, true, life).load()) {
                                BpfTestRun run = BpfTestRun.of(program, frame, BpfTestRun.Context.NONE, 1);
                                System.out.println("loaded " + life + " " + run.verdict());
                            }
                        }
                    }
                }
            }
        }
    }

    @BeforeEach
    void make() throws Exception {
        jvm = new NamespaceJvm("caps");
    }

    @AfterEach
    void remove() throws Exception {
        jvm.remove();
    }

    @Test
    void threeCapabilitiesAreEnough() throws Exception {
        List<String> lines = jvm.output(
                        List.of("setpriv", "--bounding-set", CAPABILITIES, "--inh-caps", "-all"), List.of(), Main.class)
                .lines()
                .toList();
        assertTrue(lines.getFirst().endsWith("0000008000003000"), lines.toString());
        assertEquals(
                List.of(
                        "loaded LIVE 7",
                        "loaded DEAD 2",
                        "loaded LIVE 7",
                        "loaded DEAD 2",
                        "loaded LIVE 7",
                        "loaded DEAD 2",
                        "loaded LIVE 7",
                        "loaded DEAD 2"),
                lines.subList(1, lines.size()));
    }
}
