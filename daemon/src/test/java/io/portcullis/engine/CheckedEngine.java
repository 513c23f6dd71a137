package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.Packet;
import io.portcullis.policy.Enforcement;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An engine with checks of every decision, for any frames: each gets one verdict, is counted, has no side effects, and gets the
 * same verdict alone as in a batch.
 */
final class CheckedEngine {
    /** The configuration that admits nothing. */
    private static final int CLOSED = 0;

    private static final List<Policy> POLICIES = withOtherEnforcements(
            policy("", "security-groups: {web: {ingress: [], egress: []}}\n"),
            policy("checksums: trust", """
                    security-groups: {web: {ingress: [{protocol: all, from: any}]}}
                    conntrack: {max-flows: 8}
                    """),
            policy("timeouts: {tcp-established: 60s}", """
                    security-groups: {web: {ingress: [{protocol: tcp, ports: 80, from: any}]}}
                    conntrack: {tcp-strict: false, on-reload: recheck, max-flows: 3}
                    """),
            policy(
                    "network-acl: edge, source-check: true, learn: 10s, ethertypes: [0x88f7], pass-through:"
                            + " [arp, ndp-redirect, dhcp-server, igmp, lldp, slow, pppoe, other]",
                    """
                    security-groups: {web: {ingress: [{protocol: all, from: any}]}}
                    network-acls:
                      edge:
                        ingress:
                          - {rule: 1, action: allow, protocol: udp, from: 0.0.0.0/0}
                          - {rule: 2, action: deny, protocol: gre, from: 198.51.100.0/24}
                    failsafe: {ingress: [{protocol: tcp, ports: 80, from: any}, {protocol: icmp, from: any}]}
                    """),
            policy("enforce: audit", "security-groups: {web: {ingress: [], egress: []}}\n"));

    private final boolean unmarkedOffload;
    private final Engine engine;
    /** Gets the same frames, one at a time. */
    private final Engine twin;

    private final Packet packet = new Packet();
    private final Set<Reason> reasons = EnumSet.noneOf(Reason.class);
    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
    private final List<Consumer<Batch>> additions = new ArrayList<>();
    private @Nullable Direction direction;
    private int held;
    private int twinReleased;
    private boolean superFrames;
    private boolean everOpen;
    private long nowNs = 1;
    /**
     * An engine with one of a handful of configurations.
     *
     * @param number of the configuration, any byte
     */
    CheckedEngine(int number, boolean unmarkedOffload) {
        this.unmarkedOffload = unmarkedOffload;
        engine = new Engine(byNumber(number), Shard.ALL, 1, 2);
        twin = new Engine(byNumber(number), Shard.ALL, 3, 4);
        engine.startedAt(nowNs);
        twin.startedAt(nowNs);
        everOpen = byNumber(number) != POLICIES.get(CLOSED);
    }

    private static Policy policy(String attributes, String rest) {
        try {
            return EngineBench.policy(attributes, rest, 1);
        } catch (ConfigException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static List<Policy> withOtherEnforcements(Policy... policies) {
        List<Policy> all = new ArrayList<>(List.of(policies));
        for (Enforcement enforcement : Enforcement.values()) {
            if (enforcement != Enforcement.RULES) {
                all.add(policies[policies.length - 2].under(enforcement));
            }
        }
        return List.copyOf(all);
    }

    private static Policy byNumber(int number) {
        return POLICIES.get((number & 0xff) % POLICIES.size());
    }

    /** Reasons for which the frames were dropped, or would be; NONE if passed. */
    Set<Reason> reasons() {
        return reasons;
    }

    /** Adds a frame to the batch, or to a new one if the batch is full. */
    void add(byte[] frame, Direction way, Consumer<Batch> offloads) {
        if (direction != way || additions.size() == Batch.CAPACITY) {
            decide();
        }
        direction = way;
        if (!unmarkedOffload) {
            waiting.writeBytes(new byte[Batch.VNET_HEADER]);
        }
        int offset = waiting.size();
        waiting.writeBytes(frame);
        additions.add(batch -> {
            batch.add(offset, frame.length);
            offloads.accept(batch);
        });
    }

    /** Makes the next frame a super-frame. */
    void announceSuperFrame() {
        superFrames = true;
    }

    /** Installs another configuration. */
    void install(int number) {
        decide();
        everOpen |= byNumber(number) != POLICIES.get(CLOSED);
        engine.install(byNumber(number), nowNs);
        twin.install(byNumber(number), nowNs);
    }

    /** Lets time pass. */
    void sleepNs(long ns) {
        decide();
        nowNs += ns;
        assertEquals(engine.expire(nowNs, 2), twin.expire(nowNs, 2));
        for (Direction way : Direction.values()) {
            int released = release(engine, way);
            held -= released;
            assertEquals(released, release(twin, way), "released by the twin");
        }
    }

    /** Explains a frame, and checks that nothing changes. */
    void explain(byte[] frame, Direction way) {
        decide();
        long flows = engine.counters().total(Counters.Total.FLOWS);
        long packets = countedPackets();
        Explained explained = engine.explain(frame.clone(), way, nowNs);
        // A lookup of a flow that was idle for its timeout expires it.
        assertEquals(explained, twin.explain(frame.clone(), way, nowNs));
        assertTrue(explained.rule() < engine.policy().ruleCount());
        assertEquals(flows, engine.counters().total(Counters.Total.FLOWS));
        assertEquals(packets, countedPackets());
    }

    /** Decides about the added frames. */
    void decide() {
        Direction way = direction;
        if (way == null) {
            return;
        }
        byte[] memory = waiting.toByteArray();
        Batch batch = new Batch(MemorySegment.ofArray(memory), unmarkedOffload);
        additions.forEach(each -> each.accept(batch));
        long before = countedPackets();
        int heldBefore = held;
        twinReleased = 0;
        engine.decide(batch, way, nowNs);
        for (int i = 0; i < batch.size(); i++) {
            checkVerdict(batch, i);
            compareWithTwin(batch, i, way);
        }
        int released = release(engine, way);
        held -= released;
        assertEquals(released, twinReleased, "released by the twin");
        assertEquals(held, engine.counters().total(Counters.Total.FRAGMENTS_HELD));
        assertEquals(0, batch.elsewhere());
        assertEquals(0, batch.accepted() >>> batch.size() - 1 >>> 1, "a verdict for a frame that is not there");
        long counted = countedPackets() - before;
        int told = batch.size() + heldBefore - held;
        assertTrue(superFrames ? counted >= told : counted == told, counted + " packets counted of " + told);
        assertTrue(unmarkedOffload || Arrays.equals(memory, waiting.toByteArray()), "a frame was written to");
        long flows = engine.counters().total(Counters.Total.FLOWS);
        assertTrue(flows >= 0 && (everOpen || flows == 0), flows + " flows");
        assertTrue(flows <= mostFlows(), flows + " flows");
        assertEquals(flows, twin.counters().total(Counters.Total.FLOWS), "flows of the twin");
        engine.dropSamples()
                .take(2)
                .drops()
                .forEach(drop -> assertFalse(drop.toString().isBlank()));
        direction = null;
        superFrames = false;
        waiting.reset();
        additions.clear();
    }

    /** Takes out the released frames; their number. */
    private int release(Engine from, Direction way) {
        int released = 0;
        for (Batch batch = from.released(way); batch != null; batch = from.released(way)) {
            for (int i = 0; i < batch.size(); i++) {
                reasons.add(Reason.of(batch.reason(i)));
                assertFalse(batch.isHeld(i), "released and held");
            }
            released += batch.size();
        }
        return released;
    }

    private void checkVerdict(Batch batch, int i) {
        if (batch.isHeld(i)) {
            held++;
            assertFalse(batch.isAccepted(i), "waits and passes");
            return;
        }
        Policy policy = engine.policy();
        Reason reason = Reason.of(batch.reason(i));
        reasons.add(reason);
        if (batch.isAccepted(i)) {
            assertTrue(reason == Reason.NONE || policy.audits(), "passes and is dropped as " + reason);
            assertTrue(batch.rule(i) >= Batch.NO_RULE && batch.rule(i) < policy.ruleCount(), "rule " + batch.rule(i));
            if (!everOpen) {
                packet.parse(batch.memory(), batch.offset(i), batch.length(i));
                assertTrue(!packet.isIp() || isLinkTraffic(), "nothing else passes where nothing is admitted");
            }
        } else {
            assertNotEquals(Reason.NONE, reason);
            assertFalse(policy.audits(), "an audit drops nothing");
        }
    }

    private void compareWithTwin(Batch batch, int i, Direction way) {
        Batch alone = new Batch(MemorySegment.ofArray(waiting.toByteArray()), unmarkedOffload);
        additions.get(i).accept(alone);
        twin.decide(alone, way, nowNs);
        twinReleased += release(twin, way);
        assertEquals(batch.isHeld(i), alone.isHeld(0), "alone and in a batch");
        assertEquals(batch.isAccepted(i), alone.isAccepted(0), "alone and in a batch");
        assertEquals(Reason.of(batch.reason(i)), Reason.of(alone.reason(0)));
        assertEquals(batch.rule(i), alone.rule(0));
    }

    private boolean isLinkTraffic() {
        boolean discovery = packet.isV6() && packet.isIcmp() && packet.icmpType() >= 130;
        return LinkTraffic.isDhcp(packet)
                || !packet.isFragment() && discovery && !Icmp.isError(true, packet.icmpType());
    }

    private long countedPackets() {
        long[] sum = new long[1];
        engine.counters().forEach((way, reason, audited, packets, bytes) -> sum[0] += packets);
        return sum[0];
    }

    private static long mostFlows() {
        return POLICIES.stream().mapToLong(Policy::maxFlows).max().orElseThrow();
    }
}
