package io.portcullis.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.AclEntry;
import io.portcullis.config.Location;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Network ACLs with entries about lists of blocks, of both families. */
final class AclTest {
    private static final Location PLACE = new Location("acl", 1, 1);
    private static final int TCP = 6;
    private static final int ICMP = 1;
    private static final List<Cidr> EVERYBODY = List.of(Cidr.ALL_V4, Cidr.ALL_V6);

    private static AclEntry entry(int number, boolean allow, int protocol, Peer peer, List<Cidr> blocks) {
        Rule packets = new Rule(protocol, List.of(), Rule.ALL, Rule.ALL, List.of(peer), "", PLACE);
        return new AclEntry(number, allow, packets, blocks);
    }

    private static Acl acl(AclEntry... ingress) {
        return new Acl(new NetworkAcl("edge", List.of(ingress), List.of(), null, PLACE));
    }

    private static String decides(Acl acl, int protocol, int selector, String from) {
        Address peer = Address.parse(from);
        return acl.id(true, acl.match(true, peer.isV6(), protocol, selector, peer.high(), peer.low()));
    }

    @Test
    void anEntryIsAboutAllBlocksOfItsList() {
        List<Cidr> banned = List.of(
                Cidr.of(Address.parse("::5")), Cidr.of(Address.parse("192.0.2.7")), Cidr.of(Address.parse("::9")));
        Acl acl = acl(
                entry(100, false, Rule.ALL, new Peer.Prefixes("banned"), banned),
                entry(110, true, Rule.ALL, new Peer.Any(), EVERYBODY));
        assertEquals("edge/ingress[100]", decides(acl, TCP, 443, "::5"));
        assertEquals("edge/ingress[100]", decides(acl, TCP, 443, "::9"));
        assertEquals("edge/ingress[100]", decides(acl, TCP, 443, "192.0.2.7"));
        assertEquals("edge/ingress[110]", decides(acl, TCP, 443, "192.0.2.8"));
        assertEquals("edge/ingress[110]", decides(acl, TCP, 443, "::6"));
    }

    @Test
    void overlappingAndRepeatedBlocksAreOneEntry() {
        Cidr wide = new Cidr(Address.parse("10.0.0.0"), 8);
        Cidr narrow = new Cidr(Address.parse("10.1.0.0"), 16);
        Acl acl = acl(
                entry(1, true, TCP, new Peer.Net(narrow), List.of(narrow)),
                entry(2, false, Rule.ALL, new Peer.Prefixes("l"), List.of(narrow, wide, narrow, wide)));
        assertEquals("edge/ingress[1]", decides(acl, TCP, 80, "10.1.2.3"));
        assertEquals("edge/ingress[2]", decides(acl, 17, 80, "10.1.2.3"));
        assertEquals("edge/ingress[2]", decides(acl, TCP, 80, "10.2.2.3"));
        assertEquals("edge/ingress[*]", decides(acl, TCP, 80, "11.0.0.0"));
    }

    @Test
    void icmpFromAnywhereMeansItsOwnFamily() {
        Acl acl = acl(entry(1, true, ICMP, new Peer.Any(), EVERYBODY));
        assertEquals("edge/ingress[1]", decides(acl, ICMP, 8 << 8, "10.1.2.3"));
        assertEquals("edge/ingress[*]", decides(acl, ICMP, 8 << 8, "2001:db8::1"));
    }

    @Test
    void anEmptyListMatchesNobody() {
        Acl acl = acl(entry(1, true, Rule.ALL, new Peer.Prefixes("empty"), List.of()));
        assertEquals("edge/ingress[*]", decides(acl, TCP, 80, "10.1.2.3"));
    }

    @Test
    void entriesAreNumberedThroughBothDirections() {
        AclEntry in = entry(5, true, TCP, new Peer.Any(), EVERYBODY);
        AclEntry out = entry(5, true, TCP, new Peer.Any(), EVERYBODY);
        AclEntry last = entry(6, false, TCP, new Peer.Any(), EVERYBODY);
        Acl acl = new Acl(new NetworkAcl("edge", List.of(in), List.of(out, last), null, PLACE));
        assertEquals(
                List.of("edge/ingress[*]", "edge/ingress[5]", "edge/egress[*]", "edge/egress[5]", "edge/egress[6]"),
                IntStream.range(0, acl.size()).mapToObj(acl::id).toList());
        assertEquals(1, acl.number(true, 0));
        assertEquals(0, acl.number(true, Acl.DEFAULT));
        assertEquals(2, acl.number(false, Acl.DEFAULT));
        assertEquals(4, acl.number(false, 1));
        assertNotEquals(acl.identity(1), acl.identity(3), "the direction counts");
        assertFalse(acl.allows(false, 1));
        assertTrue(acl.allows(false, 0));
    }

    /** Tens of thousands of blocks of both families in several entries, compared with the naive evaluation. */
    @Test
    @Tag("property")
    void longListsGiveTheVerdictsOfShortOnes() {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        List<Set<Cidr>> lists = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Set<Cidr> list = new LinkedHashSet<>();
            while (list.size() < 20_000) {
                list.add(block(random));
            }
            lists.add(list);
        }
        List<AclEntry> entries = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Rule packets = new Rule(
                    TCP,
                    List.of(new PortRange(i * 100, i * 100 + 150)),
                    Rule.ALL,
                    Rule.ALL,
                    List.of(new Peer.Prefixes("l" + i % 3)),
                    "",
                    PLACE);
            entries.add(new AclEntry(i + 1, i % 2 == 0, packets, List.copyOf(lists.get(i % 3))));
        }
        Acl acl = acl(entries.toArray(AclEntry[]::new));
        for (int i = 0; i < 20_000; i++) {
            Cidr near = random.nextBoolean()
                    ? block(random)
                    : lists.get(random.nextInt(3)).iterator().next();
            Address peer = random.nextBoolean() ? near.network() : near.last();
            int port = random.nextInt(800);
            int expected = IntStream.range(0, entries.size())
                    .filter(e -> e * 100 <= port && port <= e * 100 + 150)
                    .filter(e -> encloses(lists.get(e % 3), peer))
                    .findFirst()
                    .orElse(Acl.DEFAULT);
            assertEquals(
                    expected,
                    acl.match(true, peer.isV6(), TCP, port, peer.high(), peer.low()),
                    () -> peer + ", " + seed);
        }
    }

    private static Cidr block(SplittableRandom random) {
        boolean isV6 = random.nextBoolean();
        int length = isV6 ? random.nextInt(32, 129) : random.nextInt(12, 33);
        Address address = isV6
                ? new Address(
                        true, random.nextInt(4) == 0 ? 0 : 0x20010db8L << 32 | random.nextInt(256), random.nextInt())
                : new Address(false, 0, random.nextInt() & 0xffff_ffffL);
        return new Cidr(address.network(length), length);
    }

    private static boolean encloses(Set<Cidr> list, Address address) {
        return IntStream.rangeClosed(0, address.bits())
                .anyMatch(length -> list.contains(new Cidr(address.network(length), length)));
    }
}
