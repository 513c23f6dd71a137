package io.portcullis.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.linux.netlink.TcpListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The ports of sshd, on a host that is a few files. */
final class SshPortsTest {
    private static final int ROOT = 0;
    private static final int SOMEBODY = 1000;
    private static final long NONE = 0;

    @TempDir
    Path host;

    private SshPorts.Places places;

    @BeforeEach
    void places() {
        places = new SshPorts.Places(host.resolve("proc"), host.resolve("system.slice"), host.resolve("ssh"));
    }

    private Map<Integer, Set<SshPorts.Way>> find(TcpListener... listeners) {
        return SshPorts.find(List.of(listeners), places);
    }

    private void process(int pid, String command, long socket) throws IOException {
        Path descriptors = Files.createDirectories(host.resolve("proc/" + pid + "/fd"));
        Files.writeString(descriptors.resolveSibling("comm"), command + "\n");
        Files.createSymbolicLink(descriptors.resolve("0"), Path.of("anon_inode:[eventpoll]"));
        Files.createSymbolicLink(descriptors.resolve("3"), Path.of("socket:[" + socket + "]"));
    }

    private void configuration(String name, String text, String mode) throws IOException {
        Path file = host.resolve("ssh").resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    @Test
    void withoutAListenerOfRootThereIsNone() throws IOException {
        process(7, "sshd", 70);
        configuration("sshd_config", "Port 2222\n", "rw-r--r--");
        assertEquals(Map.of(), find());
        assertEquals(
                Map.of(),
                find(new TcpListener(22, SOMEBODY, 70, NONE), new TcpListener(2222, SOMEBODY, 71, NONE)),
                "no other user makes a port count");
    }

    @Test
    void theUsualPortCountsByItself() {
        assertEquals(
                Map.of(22, EnumSet.of(SshPorts.Way.USUAL)),
                find(
                        new TcpListener(22, ROOT, 1, NONE),
                        new TcpListener(22, ROOT, 2, NONE),
                        new TcpListener(80, ROOT, 3, NONE)));
    }

    @Test
    void aSocketOfAProcessSshdCounts() throws IOException {
        process(7, "sshd", 70);
        process(8, "nginx", 80);
        Files.createDirectories(host.resolve("proc/9"));
        Map<Integer, Set<SshPorts.Way>> found =
                find(new TcpListener(2222, ROOT, 70, NONE), new TcpListener(80, ROOT, 80, NONE));
        assertEquals(Map.of(2222, EnumSet.of(SshPorts.Way.PROCESS)), found);
        assertEquals(List.of(2222), SshPorts.hiddenFromTheService(found));
    }

    @ParameterizedTest
    @CsvSource({
        "ssh.service, true",
        "sshd.service, true",
        "ssh.socket, true",
        "sshd@7-203.0.113.80:22-198.51.100.7:4.service, true",
        "system-sshd.slice/sshd@1.service, true",
        "dropbear.service, true",
        "nginx.service, false",
        "sshfs.service, false"
    })
    void aSocketOfItsServiceCounts(String unit, boolean counts) throws IOException {
        Path group = Files.createDirectories(host.resolve("system.slice").resolve(unit));
        long inode = (Long) Files.getAttribute(group, "unix:ino");
        Map<Integer, Set<SshPorts.Way>> found =
                find(new TcpListener(2222, ROOT, 1, inode), new TcpListener(2223, ROOT, 2, inode + 1_000_000));
        assertEquals(counts ? Map.of(2222, EnumSet.of(SshPorts.Way.SERVICE)) : Map.of(), found);
        assertEquals(List.of(), SshPorts.hiddenFromTheService(found));
    }

    @Test
    void aPortOfTheConfigurationCountsWhereRootListens() throws IOException {
        configuration("sshd_config", "# gr\u00fc\u00dfe\nPort 2200\n", "rw-r--r--");
        configuration("sshd_config.d/10-more.conf", "ListenAddress [2001:db8::80]:2201\n", "rw-------");
        configuration("sshd_config.d/old.bak", "Port 2202\n", "rw-r--r--");
        Map<Integer, Set<SshPorts.Way>> found = find(
                new TcpListener(2200, ROOT, 1, NONE),
                new TcpListener(2201, ROOT, 2, NONE),
                new TcpListener(2202, ROOT, 3, NONE));
        assertEquals(
                Map.of(
                        2200,
                        EnumSet.of(SshPorts.Way.CONFIGURATION),
                        2201,
                        EnumSet.of(SshPorts.Way.PRIVATE_CONFIGURATION)),
                found);
        assertEquals(List.of(2201), SshPorts.hiddenFromTheService(found));
        assertEquals("2200 (sshd_config), 2201 (sshd_config, which root alone may read)", SshPorts.text(found));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            Port 2222                            | 2222
            port=2222                            | 2222
              PORT   "2222"                      | 2222
            #Port 2222                           |
            Port                                 |
            Port many                            |
            ListenAddress 203.0.113.80:2222      | 2222
            ListenAddress host:2222 rdomain red  | 2222
            ListenAddress [2001:db8::80]:2222    | 2222
            ListenAddress 203.0.113.80           |
            ListenAddress 2001:db8::2222         |
            ListenAddress [2001:db8::80]         |
            PermitRootLogin no                   |
            """)
    void aLineOfTheConfigurationIsUnderstood(String line, Integer port) {
        assertEquals(port == null ? Set.of() : Set.of(port), SshPorts.ports("X11Forwarding no\n" + line + "\n"));
    }
}
