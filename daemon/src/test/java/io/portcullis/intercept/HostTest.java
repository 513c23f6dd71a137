package io.portcullis.intercept;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.config.Mode;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.testing.Namespace;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The programs of a host's NIC after a run that died between two steps. */
@Tag("netns")
@Timeout(60)
final class HostTest {
    @TempDir
    Path directory;

    private Host engaged() throws Exception {
        Interception.AttachRequest request = AttachRequests.of("web0", "mode: host, nic: e0", true, directory);
        Host host = Host.attach(request, (Mode.Host) request.iface().mode());
        host.engage(1);
        return host;
    }

    @Test
    void oneProgramIsLeftWhereARunDiedBetweenAttachingAndDetaching() throws Exception {
        try (Namespace namespace = new Namespace("host")) {
            namespace.ip("link add e0 type veth peer name e1");
            namespace.in(() -> {
                int nic = Nics.index("e0");
                Interception.AttachRequest request = AttachRequests.of("web0", "mode: host, nic: e0", true, directory);
                for (BpfProgram other : List.of(new Programs(request.mark()).admitOurs(null), Programs.drop())) {
                    engaged().leave();
                    JournalFile file = JournalFile.all(directory).getFirst();
                    try (Bpf program = Bpf.load(other)) {
                        Tcx.attachFirst(program, nic, true);
                        Journal.AttachedProgram attached =
                                new Journal.AttachedProgram(nic, true, 0, program.id(), other.fingerprint(), false);
                        file.write(file.read().plus(attached));
                    }
                    assertEquals(2, Tcx.query(nic, true).entries().size());
                    engaged().leave();
                    assertEquals(1, Tcx.query(nic, true).entries().size());
                    assertEquals(
                            4,
                            JournalFile.all(directory)
                                    .getFirst()
                                    .read()
                                    .programs()
                                    .size());
                }
                assertEquals(List.of(), Restoration.detachAll(directory).faults());
                assertEquals(0, Tcx.query(nic, true).entries().size());
                return true;
            });
        }
    }
}
