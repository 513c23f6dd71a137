package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A daemon that is killed while clients change rules: what it has confirmed is in the files, what it has refused is not, and the files are
 * whole at each death and after each start.
 */
@Tag("system")
final class Ec2CrashTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final int KILLS = 6;
    private static final Pattern TAGGED = Pattern.compile("<key>port</key>.*?<value>(\\d+)</value>", Pattern.DOTALL);

    /** What clients know of the rules, by port. */
    private record Known(Set<Integer> present, Set<Integer> absent, Set<Integer> tagged) {
        /** Reads the lines of {@link Changers}; the last one may be half written. */
        static Known of(String lines) {
            Known known = new Known(new TreeSet<>(), new TreeSet<>(), new TreeSet<>());
            for (String line : lines.substring(0, lines.lastIndexOf('\n') + 1).split("\n", -1)) {
                String[] words = line.split(" ", 4);
                if (words.length < 3) {
                    continue;
                }
                int port = Integer.parseInt(words[2]);
                switch (words[0] + " " + words[1]) {
                    case "add done", "remove refused" -> known.present.add(port);
                    case "add refused", "remove done" -> known.absent.add(port);
                    case "remove try" -> known.present.remove(port);
                    case "tag done" -> known.tagged.add(port);
                    default -> {}
                }
            }
            return known;
        }

        /** Without the rules that a client may have removed since. */
        Known stillIn(Known later) {
            Set<Integer> both = new TreeSet<>(present);
            both.retainAll(later.present);
            return new Known(both, absent, tagged);
        }
    }

    @Test
    void aKilledDaemonHasLostNothingThatItConfirmed() throws Exception {
        long seed = Long.getLong("portcullis.seed", System.nanoTime());
        System.out.println("seed " + seed);
        RandomGenerator random = RandomGeneratorFactory.getDefault().create(seed);
        Path said = LAB.file("changers", "");
        Path end = LAB.folder().resolve("changers-end");
        try (Ec2Host host = new Ec2Host(LAB, Ec2CrowdTest.RULES)) {
            Process changers = LAB.startJava("fw", said, Changers.class, end.toString());
            DaemonProcess daemon = host.daemon();
            for (int kill = 1; kill <= KILLS; kill++) {
                String about = "seed " + seed + ", kill " + kill + ": ";
                int before = Known.of(Lab.read(said)).present.size();
                Lab.await("clients", () -> Known.of(Lab.read(said)).present.size() > before);
                Lab.pause(random.nextInt(1_500));
                daemon.crash();
                // Before the clients' lines: they may say more, and nothing is confirmed any more.
                Set<Integer> ports = ports(daemon);
                Known atDeath = Known.of(Lab.read(said));
                assertKept(about + "at its death: ", atDeath, ports);
                daemon = host.again();
                ports = ports(daemon);
                assertKept(about + "after the start: ", atDeath.stillIn(Known.of(Lab.read(said))), ports);
                assertTrue(tagged(host).containsAll(atDeath.tagged), about + atDeath.tagged);
            }
            Files.createFile(end);
            changers.waitFor();
            Known known = Known.of(Lab.read(said));
            assertKept("seed " + seed + ", at the end: ", known, ports(daemon));
            assertTrue(known.tagged.size() > KILLS, Lab.read(said));
            Ec2CrowdTest.assertInForce(daemon);
            daemon.cli("reload").ok();
        }
    }

    private static Set<Integer> ports(DaemonProcess daemon) throws ConfigException {
        return Ec2CrowdTest.rules(ConfigReader.load(daemon.config()), "web").keySet();
    }

    private static void assertKept(String about, Known known, Set<Integer> ports) throws IOException {
        Set<Integer> lost = new TreeSet<>(known.present);
        lost.removeAll(ports);
        assertEquals(Set.of(), lost, about + "confirmed, and not in the file");
        Set<Integer> back = new TreeSet<>(known.absent);
        back.retainAll(ports);
        assertEquals(Set.of(), back, about + "removed or refused, and in the file");
    }

    private static Set<Integer> tagged(Ec2Host host) {
        Set<Integer> ports = new HashSet<>();
        Matcher tag = TAGGED.matcher(host.call("DescribeTags"));
        while (tag.find()) {
            ports.add(Integer.parseInt(tag.group(1)));
        }
        return ports;
    }
}
