package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Where standard error is the journal, log events are entries of the journal with fields. */
@Tag("system")
final class JournalTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]}
            security-groups:
              web:
                log: all
                ingress:
                  - {protocol: tcp, ports: 80, from: any, description: "a site\\nof ours"}
            """;

    /** A socket as standard error, as systemd makes it; its other end is copied to standard output. */
    private static final String STREAM = """
            use Socket;
            socketpair(my $reader, my $stream, AF_UNIX, SOCK_STREAM, 0) or die $!;
            my @is = stat($stream);
            $ENV{JOURNAL_STREAM} = "$is[0]:$is[1]";
            if (fork() == 0) {
                close($stream);
                while (sysread($reader, my $text, 65536)) { syswrite(STDOUT, $text); }
                exit(0);
            }
            open(STDERR, ">&", $stream) or die $!;
            close($stream);
            close($reader);
            exec(@ARGV) or die $!;
            """;

    /** Of this test alone: what another one leaves there must not pass for this one's. */
    private final Path folder = newFolder();

    private final Path socket = folder.resolve("journal");
    private final Path entries = folder.resolve("entries");
    private final Process journal = startJournal();
    private final DaemonProcess daemon = startDaemon();

    private static Path newFolder() {
        try {
            return Files.createTempDirectory(LAB.folder(), "journal");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Process startJournal() {
        Process started = LAB.start("fw", entries, "socat", "-b", "65536", "-u", "UNIX-RECV:" + socket, "STDOUT");
        Lab.await("the journal", () -> Files.exists(socket));
        return started;
    }

    /** In a mount namespace of its own, which ip(8) makes. */
    private DaemonProcess startDaemon() {
        Home home = LAB.home(RULES);
        DaemonProcess started = home.launchThrough(
                "sh",
                "-c",
                "mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/journal" + " && ln -s " + socket
                        + " /run/systemd/journal/socket && exec \"$@\"",
                "sh",
                "perl",
                "-e",
                STREAM);
        Lab.await("the start", () -> !started.process().isAlive() || entries().contains(" started: "));
        assertTrue(started.process().isAlive(), started::log);
        return started;
    }

    private String entries() {
        return Lab.read(entries);
    }

    @AfterEach
    void stop() {
        daemon.close();
        journal.destroy();
    }

    private String entry(String field) {
        Lab.await(field, () -> entries().contains(field));
        String all = entries();
        int at = all.indexOf(field);
        int end = all.indexOf("PRIORITY=", at);
        return all.substring(all.lastIndexOf("PRIORITY=", at), end < 0 ? all.length() : end);
    }

    @Test
    void packetsAndChangesAreEntriesWithFields() {
        LAB.client("curl", "-s", "-m", "1", "http://" + Lab.SERVER + ":8443/");
        LAB.client("curl", "-s", "-m", "1", "http://" + Lab.SERVER + ":80/");
        String drop = entry("PORTCULLIS_EVENT=drop\n");
        for (String field : new String[] {
            "PRIORITY=6\nSYSLOG_IDENTIFIER=portcullis\nMESSAGE_ID=92125c9cc552411cb83347e2789a5fd1\n",
            "\nPORTCULLIS_INTERFACE=web0\n",
            "\nPORTCULLIS_DIRECTION=ingress\n",
            "\nPORTCULLIS_REASON=no-rule\n",
            "\nPORTCULLIS_RULE=web/ingress[1]\n",
            "\nPORTCULLIS_PROTOCOL=tcp\n",
            "\nPORTCULLIS_SOURCE=" + Lab.CLIENT + "\n",
            "\nPORTCULLIS_DESTINATION=" + Lab.SERVER + "\nPORTCULLIS_DESTINATION_PORT=8443\n",
            "\nPORTCULLIS_COUNT=",
            "\nPORTCULLIS_TIME=1",
            "\nMESSAGE=drop web0 ingress no-rule tcp "
        }) {
            assertTrue(drop.contains(field), field + " is missing:\n" + drop);
        }
        String accept = entry("PORTCULLIS_EVENT=accept\n");
        assertTrue(accept.contains(":80 by web/ingress[1] a site\\nof ours\n"), accept);
        daemon.edit(RULES.replace("ports: 80", "ports: [80, 81]"));
        assertTrue(entry("PORTCULLIS_EVENT=in-force\n").contains("\nMESSAGE=reloaded "), entries());
        assertTrue(entry("PORTCULLIS_EVENT=change\n").contains("\nPORTCULLIS_CHANGE="), entries());
        assertFalse(daemon.log().contains("<6>"), daemon.log());
    }

    @Test
    void withoutTheJournalsSocketTheLinesAreOnStandardError() {
        journal.destroy();
        Lab.await("the journal's end", () -> !journal.isAlive());
        LAB.client("curl", "-s", "-m", "1", "http://" + Lab.SERVER + ":9443/");
        Lab.await("the line", () -> daemon.log().contains("<6>drop web0 ingress no-rule tcp "));
        assertEquals(-1, entries().indexOf(":9443"));
    }
}
