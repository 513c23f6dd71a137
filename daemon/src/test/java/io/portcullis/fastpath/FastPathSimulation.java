package io.portcullis.fastpath;

import io.portcullis.config.ConfigException;
import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.FlowLine;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Shard;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.SipHash;
import io.portcullis.packet.Tuple;
import io.portcullis.policy.Enforcement;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Hosts, processors that run programs, and a daemon that is reloaded and killed, all over one memory. One random number after the
 * other says whose single step is next. The packets of one direction of a flow are on one processor, as a NIC spreads them.
 */
@SuppressWarnings("NullAway.Init") // start() is called by the constructor
final class FastPathSimulation {
    static final int LINES = 4;
    private static final int ENTRIES = 7;
    private static final int PROCESSORS = 3;
    private static final int RING = 24;
    private static final int BATCH = 4;
    private static final int SLOT = 256;
    private static final long US = 1_000;
    private static final long SECOND = 1_000_000_000L;
    private static final Direction[] DIRECTIONS = Direction.values();

    /** A rule set, and what it refuses: 2 * index of the flow + direction, or all. */
    private record Variant(Policy policy, List<Integer> refuses, boolean refusesAll) {
        boolean permits(SimulatedFlow flow, Direction direction) {
            return !refusesAll && !refuses.contains(2 * flow.index + direction.ordinal());
        }
    }

    /** A policy that programs may still follow. */
    private static final class InForce {
        private final Variant variant;
        private long over = Long.MAX_VALUE;

        InForce(Variant variant) {
            this.variant = variant;
        }
    }

    /** A frame in a ring. */
    private record Sent(SimulatedPacket packet, int line, int count) {}

    private final class Grace implements GracePeriod {
        private final List<SimulatedProgram> waitsFor = new ArrayList<>();

        @Override
        public void begin() {
            for (SimulatedProgram program : running) {
                if (program != null) {
                    waitsFor.add(program);
                }
            }
        }

        @Override
        public boolean isOver() {
            for (SimulatedProgram program : running) {
                if (program != null && waitsFor.contains(program)) {
                    return false;
                }
            }
            waitsFor.clear();
            return true;
        }
    }

    private final SplittableRandom random;
    private final MemorySegment fast = Arena.ofAuto().allocate(FastLayout.bytes(LINES), 64);
    private final TableHeader header = new TableHeader(ENTRIES, 1, 2, new UUID(0, 0), "", 0, 1, 0);
    private final MemorySegment slab = Arena.ofAuto().allocate(TableHeader.bytes(ENTRIES), 128);
    private final MemorySegment frames = Arena.ofAuto().allocate(BATCH * SLOT, 8);
    private final Batch batch = new Batch(frames, false);
    private final List<SimulatedFlow> flows = new ArrayList<>();
    private final List<Variant> variants = new ArrayList<>();
    private final List<InForce> inForce = new ArrayList<>();
    private final List<Deque<SimulatedPacket>> arriving = new ArrayList<>();
    private final @Nullable SimulatedProgram[] running = new SimulatedProgram[PROCESSORS];
    private final int[] numberOfLine = new int[PROCESSORS];
    private final boolean[] existed = new boolean[PROCESSORS];
    private final List<Deque<Sent>> rings = List.of(new ArrayDeque<>(), new ArrayDeque<>());
    private final Deque<SimulatedPacket> toWrite = new ArrayDeque<>();

    private int variant;
    private int daemon;
    private boolean alive;
    private int phase;
    private int daemonShare = 20;
    private long clockStepNs = 20 * US;
    private long nowNs = SECOND;
    private long step;
    private SipHash hash;
    private FlowTable table;
    private FlowLine line;
    private Engine engine;
    private Grants grants;

    // Of the whole run.
    long forwarded;
    long forwardedByDead;
    long late;
    long forced;
    long reloads;
    long kills;
    long ends;

    FastPathSimulation(long seed) throws ConfigException {
        random = new SplittableRandom(seed);
        header.writeTo(slab);
        flows.add(tcp(0, 40_000));
        flows.add(tcp(1, 40_001));
        flows.add(udp(2, "198.51.100.2", Direction.INGRESS));
        flows.add(udp(3, "198.51.100.3", Direction.INGRESS));
        flows.add(udp(4, "198.51.100.4", Direction.EGRESS));
        flows.add(udp(5, "2001:db8::5", Direction.INGRESS));
        flows.add(new SimulatedFlow(
                6,
                Direction.INGRESS,
                Frame.icmp("198.51.100.6", "10.0.0.1", 8, 0, 77),
                Frame.icmp("10.0.0.1", "198.51.100.6", 0, 0, 77),
                false));
        String open =
                "security-groups: {web: {ingress: [{protocol: all, from: any}], egress: [{protocol: udp, to: any}]}}\n";
        String keys = "conntrack: {max-flows: 6, timeouts: {udp: 20s, udp-stream: 40s, icmp: 10s}}\n";
        String acl = """
                network-acls:
                  edge:
                    ingress: [{rule: 7, action: deny, protocol: udp, from: 198.51.100.2/32}, {rule: 9, action: allow, protocol: all, from: any}]
                    egress: [{rule: 7, action: deny, protocol: udp, to: 198.51.100.3/32}, {rule: 9, action: allow, protocol: all, to: any}]
                """;
        Policy plain = EngineBench.policy("", open + keys, 1);
        add(plain, List.of());
        add(EngineBench.policy("", open + keys, 2), List.of());
        add(EngineBench.policy("network-acl: edge", open + keys + acl, 3), List.of(4, 7));
        add(
                EngineBench.policy(
                        "",
                        "security-groups: {web: {ingress: [{protocol: tcp, from: any}, {protocol: udp, from: 198.51.100.2/32},"
                                + " {protocol: icmp, from: any}], egress: [{protocol: udp, to: 198.51.100.4/32},"
                                + " {protocol: udp, to: 198.51.100.2/32}]}}\n"
                                + keys.replace("{max", "{on-reload: recheck, max"),
                        4),
                List.of(6, 7, 10, 11));
        addAll(EngineBench.policy("enforce: audit", open + keys, 5));
        addAll(plain.under(Enforcement.PANIC));
        addAll(plain.under(Enforcement.BYPASS));
        addAll(plain.under(Enforcement.FAILSAFE_ONLY));
        inForce.add(new InForce(variants.getFirst()));
        for (int i = 0; i < PROCESSORS; i++) {
            arriving.add(new ArrayDeque<>());
        }
        start();
    }

    private void add(Policy policy, List<Integer> refuses) {
        variants.add(new Variant(policy, refuses, false));
    }

    private void addAll(Policy policy) {
        variants.add(new Variant(policy, List.of(), true));
    }

    private static SimulatedFlow tcp(int index, int port) {
        return new SimulatedFlow(
                index,
                Direction.INGRESS,
                Frame.tcp("198.51.100.1", port, "10.0.0.1", 80, 2),
                Frame.tcp("10.0.0.1", 80, "198.51.100.1", port, 2),
                true);
    }

    private static SimulatedFlow udp(int index, String peer, Direction original) {
        String own = peer.contains(":") ? "2001:db8::1" : "10.0.0.1";
        Frame in = Frame.udp(peer, 5_000 + index, own, 53).payload(10);
        Frame out = Frame.udp(own, 53, peer, 5_000 + index).payload(10);
        boolean inward = original == Direction.INGRESS;
        return new SimulatedFlow(index, original, inward ? in : out, inward ? out : in, false);
    }

    /** Starts a daemon over what the one before has left. */
    private void start() {
        Policy policy = variants.get(variant).policy();
        daemon++;
        table = new FlowTable(slab, header, 6, new FlowTimeouts(policy::timeoutNs), nowNs);
        table.onEnd((flow, _) -> ended(flow));
        line = table.line();
        hash = new SipHash(table.derivedKey(2), table.derivedKey(3));
        FastTable fastTable = FastTable.open(fast, LINES, table.derivedKey(2), table.derivedKey(3));
        grants = new Grants(fastTable, line, new Grace(), nowNs);
        table.offload(grants);
        table.recover(nowNs);
        grants.recovered();
        engine = new Engine(policy, Shard.ALL, table);
        engine.offload(grants);
        noteReload(variants.get(variant));
        alive = true;
        phase = 0;
    }

    private void kill() {
        kills++;
        late += engine.counters().total(Counters.Total.LATE_FRAMES);
        forced += grants.forced();
        alive = false;
        rings.forEach(Deque::clear);
        toWrite.clear();
    }

    private void noteReload(Variant next) {
        inForce.add(new InForce(next));
        if (next.refusesAll) {
            noteReviewed();
        }
    }

    private void noteReviewed() {
        for (int i = 0; i < inForce.size() - 1; i++) {
            inForce.get(i).over = Math.min(inForce.get(i).over, step);
        }
        if (inForce.size() > 20) {
            inForce.subList(0, inForce.size() - 20).clear();
        }
    }

    private void ended(Flow flow) {
        for (SimulatedFlow each : flows) {
            if (each.tuple.outsideLow == flow.outsideLow()
                    && each.tuple.outsideHigh == flow.outsideHigh()
                    && each.tuple.selector() == flow.selector()) {
                ends++;
                each.endedAt = step;
                each.ended[0] += flow.packets(Direction.INGRESS);
                each.ended[1] += flow.packets(Direction.EGRESS);
            }
        }
    }

    private int entryOf(SimulatedFlow flow) {
        Tuple tuple = flow.tuple;
        for (int entry = 0; entry < ENTRIES; entry++) {
            if (line.hasFlow(entry)
                    && line.word(entry, FlowLayout.OUTSIDE_LOW) == tuple.outsideLow
                    && line.word(entry, FlowLayout.OUTSIDE_HIGH) == tuple.outsideHigh
                    && line.word(entry, FlowLayout.SERVICE) == tuple.service) {
                return entry;
            }
        }
        return -1;
    }

    /** One step of one of them. Throws where an invariant does not hold. */
    void step() {
        step++;
        int who = random.nextInt(100 + daemonShare);
        if (who < 70) {
            processor(random.nextInt(PROCESSORS));
        } else if (who < 95) {
            arrive();
        } else if (who < 100) {
            rare();
        } else if (alive) {
            daemonStep();
        }
    }

    private void arrive() {
        // Few flows at a time: some of them are then quick.
        int range = step / 2_000 % 2 == 0 ? flows.size() : 2;
        SimulatedFlow flow = flows.get((int) ((step / 5_000 + random.nextInt(range)) % flows.size()));
        Direction direction = DIRECTIONS[random.nextInt(2)];
        Deque<SimulatedPacket> queue = arriving.get((flow.index * 2 + direction.ordinal()) % PROCESSORS);
        boolean begins = direction == flow.original || flow.isTcp() || flow.deliveries[flow.original.ordinal()] > 0;
        if (queue.size() < 10 && begins) {
            SimulatedPacket packet = flow.next(direction, random);
            if (packet != null) {
                queue.add(packet);
            }
        }
    }

    private void rare() {
        nowNs += random.nextLong(clockStepNs);
        int what = random.nextInt(2_000);
        if (what < 20) {
            daemonShare = new int[] {2, 10, 40, 200}[random.nextInt(4)];
            clockStepNs = new long[] {20 * US, 2_000 * US, 20_000 * US}[random.nextInt(3)];
        } else if (what < 30) {
            if (alive) {
                reload();
            }
        } else if (what < 36) {
            if (alive) {
                kill();
            } else {
                start();
            }
        } else if (what < 40) {
            // No frame is in a ring for seconds.
            boolean isQuiet = rings.stream().allMatch(Deque::isEmpty);
            nowNs += isQuiet ? random.nextLong(60 * SECOND) : SECOND;
        } else if (what < 50 && alive) {
            int entry = random.nextInt(ENTRIES);
            if (line.hasFlow(entry)) {
                engine.flush(new int[] {entry}, new int[] {line.flow(entry).number()})
                        .proceed(1, nowNs);
            }
        } else if (what < 80 && alive) {
            for (Deque<Sent> ring : rings) {
                ring.pollFirst();
            }
        } else if (!alive && what < 200) {
            start();
        }
    }

    private void reload() {
        reloads++;
        // Often back to the rules by which programs forward.
        variant = random.nextBoolean() ? random.nextInt(2) : random.nextInt(variants.size());
        engine.install(variants.get(variant).policy(), nowNs);
        noteReload(variants.get(variant));
    }

    private void processor(int number) {
        SimulatedProgram program = running[number];
        if (program == null) {
            SimulatedPacket packet = arriving.get(number).poll();
            if (packet != null) {
                running[number] = new SimulatedProgram(fast, LINES, hash, packet, !alive, nowNs, step, daemon);
                existed[number] = entryOf(packet.flow()) >= 0;
            }
            return;
        }
        int lineBefore = program.line;
        if (program.writesLine()) {
            int now = fast.get(FastTable.INT, FastLayout.line(LINES, program.line) + FastLayout.NUMBER);
            check(now == numberOfLine[number], program, "writes to the line of another flow");
        }
        if (program.countsPacket() && isInIndex(program.line)) {
            program.packet.flow().counted[program.packet.direction().ordinal()]++;
        }
        SimulatedProgram.End end = program.step();
        if (program.line >= 0 && lineBefore != program.line) {
            numberOfLine[number] = fast.get(FastTable.INT, FastLayout.line(LINES, program.line) + FastLayout.NUMBER);
        }
        if (end != SimulatedProgram.End.RUNS) {
            running[number] = null;
            conclude(program, end, existed[number]);
        }
    }

    private boolean isInIndex(int wanted) {
        for (int slot = 0; slot < FastLayout.slots(LINES); slot++) {
            if ((int) fast.get(FastTable.LONG, FastLayout.slot(slot)) == wanted + 1) {
                return true;
            }
        }
        return false;
    }

    private void conclude(SimulatedProgram program, SimulatedProgram.End end, boolean existedAtStart) {
        SimulatedPacket packet = program.packet;
        SimulatedFlow flow = packet.flow();
        if (end == SimulatedProgram.End.FORWARDED) {
            forwarded++;
            forwardedByDead += program.dead ? 1 : 0;
            check(
                    existedAtStart || entryOf(flow) >= 0 || flow.endedAt >= program.began,
                    program,
                    "forwards for a flow that has ended");
            boolean permitted = inForce.stream()
                    .anyMatch(each -> each.over >= program.began && each.variant.permits(flow, packet.direction()));
            check(permitted, program, "forwards what the policy refuses");
            deliver(packet);
        } else if (end == SimulatedProgram.End.SENT_UP && alive && program.daemon == daemon) {
            Deque<Sent> ring = rings.get(packet.direction().ordinal());
            if (ring.size() < RING) {
                ring.add(new Sent(packet, program.line, program.count));
            }
        }
    }

    private void deliver(SimulatedPacket packet) {
        String fault = packet.flow().deliver(packet, random);
        if (fault != null) {
            throw new AssertionError("step " + step + ": flow " + packet.flow().index + ": order: " + fault);
        }
    }

    private void check(boolean holds, SimulatedProgram program, String fault) {
        if (!holds) {
            throw new AssertionError("step " + step + ": flow " + program.packet.flow().index + " "
                    + program.packet.direction() + ": " + fault + " (line " + program.line + ", began " + program.began
                    + ", in force " + variant + ")");
        }
    }

    private void daemonStep() {
        if (!toWrite.isEmpty()) {
            deliver(toWrite.remove());
            return;
        }
        switch (phase) {
            case 0 -> grants.settle(nowNs);
            case 1 -> decide(Direction.INGRESS);
            case 2 -> decide(Direction.EGRESS);
            case 3 -> {
                if (grants.isDue(nowNs)) {
                    boolean reviewed = grants.isReviewing();
                    grants.proceed(nowNs);
                    if (reviewed && !grants.isReviewing()) {
                        noteReviewed();
                    }
                }
            }
            default -> {
                if (random.nextInt(10) == 0) {
                    engine.expire(nowNs, 4);
                }
            }
        }
        phase = (phase + 1) % 5;
    }

    private void decide(Direction direction) {
        Deque<Sent> ring = rings.get(direction.ordinal());
        batch.clear();
        List<SimulatedPacket> taken = new ArrayList<>();
        int most = random.nextInt(BATCH + 1);
        while (!ring.isEmpty() && taken.size() < most) {
            Sent sent = ring.remove();
            long at = (long) taken.size() * SLOT + 16;
            batch.add(at, sent.packet.flow().write(sent.packet, frames, at));
            batch.verified();
            if (sent.line >= 0) {
                batch.tag(sent.line, sent.count & FastLayout.COUNT_MASK);
            }
            taken.add(sent.packet);
        }
        answer(direction, ring.isEmpty(), taken.size());
        if (taken.isEmpty()) {
            return;
        }
        engine.decide(batch, direction, nowNs);
        for (int i = 0; i < taken.size(); i++) {
            if (batch.isAccepted(i)) {
                toWrite.add(taken.get(i));
                taken.get(i).flow().counted[direction.ordinal()] += batch.reason(i) == 0 ? 1 : 0;
            }
        }
    }

    /** As the port does: says how many frames it has taken. */
    private void answer(Direction direction, boolean empty, int frames) {
        long way = (long) direction.ordinal() * FastLayout.PER_DIRECTION;
        long up = fast.get(FastTable.LONG, FastLayout.GATE_UP + FastLayout.UP + way);
        long before = fast.get(FastTable.LONG, FastLayout.GATE_TAKEN + way);
        fast.set(FastTable.LONG, FastLayout.GATE_TAKEN + way, empty ? up : Math.min(before + frames, up));
    }

    /** Ends all programs and checks that every packet has been counted once. */
    void end() {
        for (int i = 0; i < PROCESSORS; i++) {
            arriving.get(i).clear();
            while (running[i] != null) {
                processor(i);
            }
        }
        if (!alive) {
            start();
        }
        kill();
        for (SimulatedFlow flow : flows) {
            int entry = entryOf(flow);
            long[] sum = flow.ended.clone();
            if (entry >= 0) {
                grants.fold(entry, nowNs);
                sum[0] += line.flow(entry).packets(Direction.INGRESS);
                sum[1] += line.flow(entry).packets(Direction.EGRESS);
            }
            for (int way = 0; way < 2; way++) {
                if (sum[way] != flow.counted[way]) {
                    throw new AssertionError(
                            "flow " + flow.index + " has " + sum[way] + " packets, not " + flow.counted[way]);
                }
            }
        }
    }
}
