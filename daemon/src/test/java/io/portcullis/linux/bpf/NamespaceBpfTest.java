package io.portcullis.linux.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Exit;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Load;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Set;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.linux.bpf.BpfProgram.Size;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Veth;
import io.portcullis.testing.Namespace;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs on a NIC: each test has a namespace with a veth pair, t0 and t1. */
@Tag("netns")
@Timeout(60)
final class NamespaceBpfTest {
    private Namespace namespace;
    private int nic;

    @BeforeEach
    void make() throws Exception {
        namespace = new Namespace("bpf");
        namespace.ip("link add t0 type veth peer name t1");
        nic = namespace.in(() -> Nics.index("t0"));
    }

    @AfterEach
    void remove() {
        namespace.close();
    }

    private static BpfProgram answering(String name, int answer) {
        return BpfProgram.of(name, new Set(Register.R0, answer), new Exit());
    }

    private List<Integer> ids(boolean ingress) throws Exception {
        return namespace.in(() -> Tcx.query(nic, ingress)).entries().stream()
                .map(Tcx.Entry::programId)
                .toList();
    }

    @Test
    void theMessageOfTheVerifierIsInTheError() {
        BpfProgram wild = BpfProgram.of("wild", new Load(Size.WORD, Register.R0, Register.R5, 0), new Exit());
        BpfException refused = assertThrows(BpfException.class, () -> Bpf.load(wild));
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.contains("R5 !read_ok"), message);
        assertTrue(message.startsWith("program wild: bpf(BPF_PROG_LOAD): EACCES"), message);
        assertTrue(refused.log().contains("processed"), refused.log());
    }

    @Test
    void aTestRunShowsVerdictFrameAndContext() throws Exception {
        BpfAssembly assembly = new BpfAssembly();
        assembly.load(Size.WORD, Register.R2, Register.R1, 32)
                .store(Size.WORD, Register.R1, BpfProgram.SKB_MARK, Register.R2)
                .load(Size.WORD, Register.R3, Register.R1, 176)
                .store(Size.DOUBLE_WORD, Register.R1, 152, Register.R3)
                .call(BpfProgram.Function.SKB_VLAN_POP)
                .exit(5);
        byte[] frame = new byte[60];
        frame[12] = (byte) 0x81;
        frame[15] = 9;
        frame[18] = 7;
        try (Bpf program = Bpf.load(assembly.build("copies"))) {
            BpfTestRun run = BpfTestRun.of(program, frame, new BpfTestRun.Context(1, 2, 3, 4, 1000), 1);
            assertEquals(5, run.verdict());
            assertEquals(new BpfTestRun.Context(2, 2, 1000, 4, 1000), run.context());
            assertEquals(56, run.frame().length);
            assertEquals(7, run.frame()[14]);
        }
    }

    @Test
    void programsAreFirstAndAreReplacedAndDetachedByTheirNumbers() throws Exception {
        namespace.in(() -> {
            try (Bpf other = Bpf.load(answering("other", BpfProgram.NEXT));
                    Bpf old = Bpf.load(answering("old", BpfProgram.NEXT));
                    Bpf next = Bpf.load(answering("next", BpfProgram.NEXT))) {
                assertEquals(List.of(), Tcx.query(nic, true).entries());
                Tcx.attachFirst(other, nic, true);
                Tcx.attachFirst(old, nic, true);
                assertEquals(List.of(old.id(), other.id()), ids(true));
                assertEquals(List.of(), ids(false));

                Tcx.Chain before = Tcx.query(nic, true);
                Tcx.attachBehind(next, nic, true, old.id());
                assertEquals(List.of(old.id(), next.id(), other.id()), ids(true));
                assertEquals(
                        "ESTALE",
                        Errno.name(assertThrows(ErrnoException.class, () -> Tcx.detach(old.id(), nic, true, before))
                                .errno()));
                Tcx.detach(old.id(), nic, true, Tcx.query(nic, true));
                assertEquals(List.of(next.id(), other.id()), ids(true));
                Tcx.detach(other.id(), nic, true, Tcx.query(nic, true));
                assertEquals(List.of(next.id()), ids(true));
                Tcx.detach(next.id(), nic, true, Tcx.query(nic, true));
                assertEquals(List.of(), ids(true));
                assertThrows(ErrnoException.class, () -> Tcx.detach(next.id(), nic, true, Tcx.query(nic, true)));
            }
            return true;
        });
    }

    @Test
    void aLinkEndsWithItsDescriptor() throws Exception {
        namespace.in(() -> {
            try (Bpf behind = Bpf.load(answering("behind", BpfProgram.NEXT));
                    Bpf first = Bpf.load(answering("first", BpfProgram.NEXT))) {
                Tcx.attachFirst(behind, nic, false);
                Tcx.Link link = Tcx.linkFirst(first, nic, false);
                try {
                    assertEquals(List.of(first.id(), behind.id()), ids(false));
                    assertTrue(Tcx.query(nic, false).entries().getFirst().linkId() > 0);
                } finally {
                    link.close();
                }
                assertEquals(List.of(behind.id()), ids(false));
            }
            return true;
        });
    }

    @Test
    void filtersOfClsactAreFirstAndAreReplaced() throws Exception {
        namespace.in(() -> {
            try (Bpf one = Bpf.load(answering("one", BpfProgram.NEXT));
                    Bpf two = Bpf.load(answering("two", BpfProgram.NEXT))) {
                assertEquals(List.of(), Clsact.filters(nic, true));
                assertEquals(Optional.empty(), Clsact.qdisc(nic));
                Clsact.addQdisc(nic);
                assertEquals(Optional.of("clsact"), Clsact.qdisc(nic));
                assertThrows(ErrnoException.class, () -> Clsact.addQdisc(nic));
                namespace.exec("tc filter add dev t0 ingress prio 7 u32 match u32 0 0 flowid 1:1");
                Clsact.put(one, nic, true, 5, "portcullis one");
                List<Clsact.Filter> filters = Clsact.filters(nic, true);
                assertEquals(new Clsact.Filter(1, 5, "bpf", "portcullis one", one.id()), filters.getFirst());
                assertEquals("u32", filters.getLast().kind());
                Clsact.put(two, nic, true, 5, "portcullis two");
                assertEquals(two.id(), Clsact.filters(nic, true).getFirst().programId());
                assertEquals(List.of(), Clsact.filters(nic, false));
                Clsact.remove(nic, true, 5);
                assertTrue(Clsact.filters(nic, true).stream()
                        .noneMatch(each -> each.kind().equals("bpf")));
                Clsact.removeQdisc(nic);
                assertEquals(Optional.empty(), Clsact.qdisc(nic));
            }
            return true;
        });
    }

    @Test
    void aPairOfVirtualNicsHasNoAddressesOfItsOwn() throws Exception {
        namespace.in(() -> {
            Veth pair = Veth.create("pch-web0", "pcd-web0", "portcullis web0");
            for (Nic each : List.of(pair.near(), pair.far())) {
                assertTrue(each.up());
                assertTrue(each.carrier());
                assertEquals(Veth.MTU, each.mtu());
                assertEquals(List.of(), Nics.addresses(each));
            }
            String shown = namespace.ip("-d link show pch-web0");
            assertTrue(shown.contains("NOARP"), shown);
            assertTrue(shown.contains("alias portcullis web0"), shown);
            assertTrue(shown.contains("addrgenmode none"), shown);
            assertThrows(ErrnoException.class, () -> Veth.create("pch-web0", "other", ""));
            Nics.delete(pair.near());
            Nics.delete(pair.near());
            assertFalse(Nics.find("pcd-web0").isPresent());
            return true;
        });
    }
}
