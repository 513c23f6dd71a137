package io.portcullis.fastpath;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfException;
import io.portcullis.net.Direction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the programs do with single frames. */
@Tag("netns")
@Timeout(120)
final class NamespaceFastProgramTest {
    private static final FastProgram.Mark MARK = new FastProgram.Mark(0x5043_0000, 0xffff_0000);

    @Test
    void everyVariantLoads() throws Exception {
        FastProgram.Route[] routes = {
            new FastProgram.Route.Bridge(1, MARK),
            new FastProgram.Route.Host(MARK, true, false),
            new FastProgram.Route.Host(MARK, false, true)
        };
        try (TestLines lines = new TestLines(65_536)) {
            for (FastProgram.Route route : routes) {
                for (Direction direction : Direction.values()) {
                    for (FastProgram.Life life : FastProgram.Life.values()) {
                        for (boolean verifies : new boolean[] {true, false}) {
                            for (FastProgram.Features features : FastProgram.Features.values()) {
                                FastProgram program =
                                        new FastProgram(lines.array, 65_536, direction, route, 1, verifies, life);
                                try (Bpf loaded = Bpf.load(program.build(features))) {
                                    assertTrue(loaded.name().startsWith("portcullis_"));
                                } catch (BpfException refused) {
                                    String log = refused.log();
                                    System.out.println(log.substring(Math.max(0, log.length() - 3000)));
                                    throw refused;
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
