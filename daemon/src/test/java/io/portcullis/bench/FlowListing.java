package io.portcullis.bench;

import io.portcullis.bench.lab.Console;
import io.portcullis.config.ConfigException;
import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.conntrack.Timeout;
import io.portcullis.conntrack.read.FlowReader;
import io.portcullis.engine.review.Flusher;
import io.portcullis.http.Response;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.operations.traffic.FlowConditions;
import io.portcullis.operations.traffic.FlowsRequest;
import io.portcullis.operations.traffic.TalkersRequest;
import io.portcullis.packet.Tuple;
import io.portcullis.policy.Policy;
import io.portcullis.service.flows.Flows;
import io.portcullis.service.flows.TrackedInterface;
import io.portcullis.testing.EngineBench;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * What {@code portcullis flows} costs with a million flows: the time of an answer, with its JSON, and what a worker notices of it. The worker
 * here looks up, renews and counts batches of 64 packets of random flows; the time of its batches is measured alone and while flows are listed all
 * the time. Then the parts of a flush, which the worker itself does between batches. {@code scripts/bench --flows} runs it.
 */
public final class FlowListing {
    private static final int FLOWS = 1_000_000;
    private static final int BATCH = 64;
    private static final int ENTRIES_A_PART = 8;
    private static final int ROUNDS = 7;
    private static final long SECOND = 1_000_000_000L;
    private static final long MEASURE_NS = 3 * SECOND;
    private static final int MOST_SAMPLES = 1 << 21;

    private final TableHeader header = new TableHeader(FLOWS, 1, 2, new UUID(0, 0), "web0", 0, 1, 0);
    private final MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(FLOWS), 128);
    private final FlowTable table;
    private final Flows flows;
    private final Tuple[] tuples = new Tuple[BATCH];
    private final SplittableRandom random = new SplittableRandom(1);
    private final long[] samples = new long[MOST_SAMPLES];
    private int sampled;
    private volatile boolean lists;

    private FlowListing(Policy policy) {
        header.writeTo(memory);
        table = new FlowTable(memory, header, FLOWS, new FlowTimeouts(policy::timeoutNs), System.nanoTime());
        FlowReader reader = new FlowReader(memory, table::used);
        flows = new Flows(() ->
                List.of(new TrackedInterface("web0", policy, List.of(reader), (_, entries, _, _) -> entries.length)));
        Arrays.setAll(tuples, _ -> new Tuple());
        long nowNs = System.nanoTime();
        int rule = policy.hash(0);
        for (int i = 0; i < FLOWS; i++) {
            Flow flow = table.insert(
                    tuple(0, i),
                    Direction.INGRESS,
                    Timeout.TCP_ESTABLISHED,
                    nowNs,
                    rule,
                    FlowTable.BOTH_SPOKE,
                    null,
                    null);
            if (flow == null) {
                throw new IllegalStateException("the table is full");
            }
            table.count(flow.entry(), Direction.INGRESS, random.nextInt(1_000), random.nextInt(1_000_000));
        }
    }

    /** Flow {@code i}: of 65,536 peers, from 10.0.0.0 on. */
    private Tuple tuple(int slot, int i) {
        Tuple tuple = tuples[slot];
        tuple.outsideLow = 10L << 24 | i & 0xffff;
        tuple.insideLow = 0xc000_0201L;
        tuple.service = Tuple.service(IpProtocol.TCP, 0, 1_024 + (i >>> 16) << 16 | 443);
        tuple.hash = 0;
        return tuple;
    }

    /** Starts the measurement; there are no arguments. */
    public static void main(String[] arguments) throws ConfigException, InterruptedException {
        Policy policy = EngineBench.policy("", """
                security-groups: {web: {ingress: [{protocol: tcp, ports: 443, from: any, description: https}]}}
                conntrack: {max-flows: 1000000}
                """, 1);
        FlowListing listing = new FlowListing(policy);
        listing.answers();
        listing.worker();
        listing.flush();
        listing.flows.close();
    }

    private void answers() {
        FlowConditions peer = FlowConditions.of(Map.of("peer", "10.0.7.0/24"));
        FlowConditions rule = FlowConditions.of(Map.of("rule", "web/ingress[1]", "state", "established"));
        answer(
                "50 by bytes",
                () -> flows.flows(new FlowsRequest(FlowConditions.ALL, FlowsRequest.Order.BYTES, 50))
                        .join());
        answer(
                "50 by idle of a /24",
                () -> flows.flows(new FlowsRequest(peer, FlowsRequest.Order.IDLE, 50))
                        .join());
        answer(
                "50 by age of a rule and a state",
                () -> flows.flows(new FlowsRequest(rule, FlowsRequest.Order.AGE, 50))
                        .join());
        answer(
                "10,000 by bytes",
                () -> flows.flows(new FlowsRequest(FlowConditions.ALL, FlowsRequest.Order.BYTES, FlowsRequest.MOST))
                        .join());
        for (TalkersRequest.By by : TalkersRequest.By.values()) {
            answer(
                    "top by " + by.label() + ", less 200 ms of waiting",
                    () -> flows.talkers(new TalkersRequest(
                                    FlowConditions.ALL, by, TalkersRequest.Order.BYTES, TalkersRequest.SHORTEST_MS, 20))
                            .join());
        }
    }

    private static void answer(String what, Supplier<Object> question) {
        double[] ms = new double[ROUNDS];
        long allocatedBefore = allocated();
        for (int round = 0; round < ROUNDS; round++) {
            long startNs = System.nanoTime();
            Response.json(200, question.get());
            ms[round] = (System.nanoTime() - startNs) / 1e6 - (what.startsWith("top") ? TalkersRequest.SHORTEST_MS : 0);
        }
        double first = ms[0];
        Arrays.sort(ms);
        Console.say(
                "%-40s %5.0f ms, the first %5.0f ms, %,d kB of the heap",
                what, ms[ROUNDS / 2], first, (allocated() - allocatedBefore) / ROUNDS / 1_000);
    }

    /** Bytes that all threads have allocated. */
    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getTotalThreadAllocatedBytes();
    }

    private void worker() throws InterruptedException {
        batches();
        batches();
        report("a batch of 64 packets alone");
        lists = true;
        Thread lister = Thread.ofPlatform().start(() -> {
            while (lists) {
                flows.flows(new FlowsRequest(FlowConditions.ALL, FlowsRequest.Order.BYTES, 50))
                        .join();
            }
        });
        batches();
        lists = false;
        lister.join();
        report("while flows are listed all the time");
    }

    private void batches() {
        long untilNs = System.nanoTime() + MEASURE_NS;
        measure(() -> {
            batch();
            return System.nanoTime() - untilNs < 0;
        });
    }

    private void batch() {
        long nowNs = System.nanoTime();
        for (int i = 0; i < BATCH; i++) {
            table.hash(tuple(i, random.nextInt(FLOWS)));
        }
        table.prefetch(tuples, -1);
        for (Tuple tuple : tuples) {
            Flow flow = table.find(tuple, nowNs);
            if (flow != null) {
                table.renew(flow, Timeout.TCP_ESTABLISHED, nowNs);
                table.count(flow.entry(), Direction.INGRESS, 1, 1_000);
            }
        }
    }

    /** Ends half of the flows, in random order, in the parts of a long command. */
    private void flush() {
        int[] entries = new int[FLOWS / 2];
        int[] numbers = new int[FLOWS / 2];
        for (int i = 0; i < entries.length; i++) {
            entries[i] = 2 * i;
            numbers[i] = 2 * i + 1;
        }
        Flusher flusher = new Flusher(entries, numbers, table);
        measure(() -> !flusher.proceed(ENTRIES_A_PART, System.nanoTime()));
        report("a part of a flush, 8 flows");
        if (flusher.result() != entries.length) {
            throw new IllegalStateException(flusher.result() + " flows have ended");
        }
    }

    /** Measures steps, as long as they say that there are more. */
    private void measure(BooleanSupplier step) {
        sampled = 0;
        boolean goesOn = true;
        long beforeNs = System.nanoTime();
        while (goesOn && sampled < MOST_SAMPLES) {
            goesOn = step.getAsBoolean();
            long nowNs = System.nanoTime();
            samples[sampled] = nowNs - beforeNs;
            sampled++;
            beforeNs = nowNs;
        }
    }

    private void report(String what) {
        long[] sorted = Arrays.copyOf(samples, sampled);
        Arrays.sort(sorted);
        Console.say(
                "%-40s %5.1f us at the median, p99 %.1f, p99.9 %.1f, longest %.0f",
                what,
                sorted[sampled / 2] / 1e3,
                sorted[(int) (sampled * 0.99)] / 1e3,
                sorted[(int) (sampled * 0.999)] / 1e3,
                sorted[sampled - 1] / 1e3);
    }
}
