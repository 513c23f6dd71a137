package io.portcullis.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.PacketMark;
import io.portcullis.intercept.Gate;
import io.portcullis.linux.packet.SocketFilter;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Namespace;
import io.portcullis.testing.SmallTmpfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The batch file: its content, and the result of the real tc. */
@Tag("netns")
final class BootFileTest {
    @TempDir
    private Path folder;

    private static Gate.Filters filters(String failsafe) throws Exception {
        Policy policy = EngineBench.policy(
                "", "security-groups: {web: {ingress: [], egress: []}}\nfailsafe: " + failsafe + "\n", 1);
        GateFilters compiled = GateFilters.of(policy, new PacketMark(0x100, 0x100));
        assertTrue(compiled.complete());
        return compiled.filters();
    }

    @Test
    void isWrittenOnceAndReadBack() throws Exception {
        Path path = folder.resolve("boot.tc");
        BootFile file = new BootFile(path);
        assertEquals(Set.of(), file.nics());
        Map<String, Gate.Filters> gates = new LinkedHashMap<>();
        gates.put("eth0", filters("{ingress: [{protocol: tcp, ports: 22, from: any}]}"));
        gates.put("br-lan.7", GateFilters.SHUT);
        assertEquals("", file.write(gates).orElse(""));
        assertEquals(Set.of("eth0", "br-lan.7"), file.nics());
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        assertTrue(Files.readString(path)
                .contains("filter replace dev br-lan.7 egress protocol all pref 2 handle 0x5043 bpf da bytecode"
                        + " \"1,6 0 0 2\"\n"));
        FileTime longAgo = FileTime.fromMillis(1_000);
        Files.setLastModifiedTime(path, longAgo);
        assertEquals("", file.write(gates).orElse(""));
        assertEquals(longAgo, Files.getLastModifiedTime(path), "the same gates are not written again");
        gates.remove("br-lan.7");
        assertEquals("", file.write(gates).orElse(""));
        assertEquals(Set.of("eth0"), file.nics());
        try (var left = Files.list(folder)) {
            assertEquals(List.of(path), left.toList());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "a b",
                "a\nb",
                "a\tb",
                "a'b",
                "a\"b",
                "a#b",
                "a\\b",
                "-batch",
                "$x",
                "a;b",
                "äöü",
                "a\u0000b",
                "0123456789abcdef"
            })
    void aNameThatCouldBeMoreThanAWordIsRefused(String name) {
        assertFalse(BootFile.isSafe(name));
        BootFile file = new BootFile(folder.resolve("boot.tc"));
        assertThrows(IllegalArgumentException.class, () -> file.write(Map.of(name, GateFilters.SHUT)));
        assertFalse(Files.exists(folder.resolve("boot.tc")));
    }

    @Test
    void aFolderWritableByOthersGetsNoFile() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path path = folder.resolve("boot.tc");
        String why = new BootFile(path).write(Map.of("eth0", GateFilters.SHUT)).orElseThrow();
        assertTrue(why.contains("may be written by others"), why);
        assertFalse(Files.exists(path));
    }

    @Test
    void aFileIsNotFollowed() throws Exception {
        Path elsewhere = Files.writeString(folder.resolve("elsewhere"), "qdisc replace dev eth9 clsact\n");
        Path path = folder.resolve("boot.tc");
        Files.createSymbolicLink(path, elsewhere);
        BootFile file = new BootFile(path);
        assertEquals(Set.of(), file.nics());
        assertEquals("", file.write(Map.of("eth0", GateFilters.SHUT)).orElse(""));
        assertFalse(Files.isSymbolicLink(path));
        assertEquals("qdisc replace dev eth9 clsact\n", Files.readString(elsewhere));
    }

    /** tc accepts the longest program that is ever written, and a missing NIC stops nothing. */
    @Test
    void tcLoadsTheLongestProgram() throws Exception {
        String most = IntStream.range(0, 700)
                .mapToObj(i -> "10." + i / 256 + "." + i % 256 + ".0/24")
                .collect(Collectors.joining(", "));
        Gate.Filters large = filters("{ingress: [{protocol: tcp, ports: 22, from: [" + most + "]}]}");
        assertTrue(
                large.ingress().length() > GateCode.MOST - 500,
                () -> "" + large.ingress().length());
        Path path = folder.resolve("boot.tc");
        Map<String, Gate.Filters> gates = new LinkedHashMap<>();
        gates.put("missing0", GateFilters.SHUT);
        gates.put("out0", large);
        gates.put("out1", longest());
        assertEquals("", new BootFile(path).write(gates).orElse(""));
        try (Namespace host = new Namespace("boot")) {
            host.ip("link add out0 type veth peer name in0");
            host.ip("link add out1 type veth peer name in1");
            String said = load(host, path);
            List<String> faults = said.lines()
                    .filter(line -> !line.contains("missing0") && !line.startsWith("Command failed"))
                    .toList();
            assertEquals(List.of(), faults);
            assertTrue(said.contains("missing0"), said);
            for (int again = 0; again < 2; again++) {
                for (String nic : List.of("out0", "out1")) {
                    for (String direction : List.of("ingress", "egress")) {
                        String shown = host.exec("tc filter show dev " + nic + " " + direction);
                        assertTrue(shown.contains("pref 2 bpf chain 0 handle 0x5043 direct-action"), shown);
                    }
                }
                load(host, path);
            }
        }
    }

    /** Runs tc as the unit does; returns its output. */
    private String load(Namespace host, Path file) throws IOException {
        Path script = Files.writeString(folder.resolve("load"), "tc -force -b " + file + " || :\n");
        return host.exec("sh " + script);
    }

    private static Gate.Filters longest() {
        SocketFilter.Assembly program = new SocketFilter.Assembly();
        for (int i = 1; i < GateCode.MOST; i++) {
            program.add(SocketFilter.BPF_LD | SocketFilter.BPF_IMM, -i);
        }
        SocketFilter drop = program.add(SocketFilter.BPF_RET, GateCode.DROP).done();
        return new Gate.Filters(drop, drop);
    }

    @Test
    void aFullDiskLeavesTheFileAsItWas() throws Exception {
        Path path = folder.resolve("boot.tc");
        SmallTmpfs.run(folder, 16 << 10, () -> {
            BootFile file = new BootFile(path);
            assertEquals("", file.write(Map.of("eth0", GateFilters.SHUT)).orElse(""));
            String before = Files.readString(path);
            String why = file.write(Map.of("eth0", longest())).orElseThrow();
            assertTrue(why.contains("No space left"), why);
            assertEquals(before, Files.readString(path));
            assertFalse(Files.exists(folder.resolve("boot.tc.new")));
            return null;
        });
    }
}
