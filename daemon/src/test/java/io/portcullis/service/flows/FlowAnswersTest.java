package io.portcullis.service.flows;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.conntrack.Timeout;
import io.portcullis.conntrack.read.FlowReader;
import io.portcullis.engine.review.Flusher;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.operations.Actor;
import io.portcullis.operations.traffic.FlowConditions;
import io.portcullis.operations.traffic.FlowsReport;
import io.portcullis.operations.traffic.FlowsReport.FlowView;
import io.portcullis.operations.traffic.FlowsRequest;
import io.portcullis.operations.traffic.FlushReport;
import io.portcullis.operations.traffic.FlushRequest;
import io.portcullis.operations.traffic.TalkersReport;
import io.portcullis.operations.traffic.TalkersRequest;
import io.portcullis.packet.Tuple;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Lists, sums and ends the flows of a table in memory. */
final class FlowAnswersTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int ENTRIES = 50_000;
    private static final int HTTPS = 443;

    private final TableHeader header = new TableHeader(ENTRIES, 1, 2, new UUID(0, 0), "web0", 0, 1, 0);
    private final MemorySegment memory = Arena.ofAuto().allocate(header.bytes(), 128);
    private final long startNs = System.nanoTime();
    private final FlowTable table =
            new FlowTable(memory, header, ENTRIES, new FlowTimeouts(_ -> 600 * SECOND), startNs);
    private final List<TrackedInterface> interfaces = new ArrayList<>();
    private final Flows flows = new Flows(() -> interfaces);

    @SuppressWarnings("NullAway.Init") // set before each test
    private Policy policy;

    @BeforeEach
    void rules() throws ConfigException {
        policy = EngineBench.policy("", """
                security-groups:
                  web:
                    ingress:
                      - {protocol: tcp, ports: 443, from: any, description: https}
                      - {protocol: udp, ports: 53, from: any}
                      - {protocol: icmp, from: 0.0.0.0/0}
                """, 1);
        interfaces.add(new TrackedInterface("web0", policy, List.of(new FlowReader(memory, table::used)), this::end));
    }

    @AfterEach
    void close() {
        flows.close();
    }

    private int end(int worker, int[] entries, int[] numbers, long timeoutMs) {
        Flusher flusher = new Flusher(entries, numbers, table);
        while (!flusher.proceed(3, System.nanoTime())) {
            // The next slice.
        }
        return flusher.result();
    }

    private static Tuple tuple(int protocol, String outside, int outsidePort, String inside, int insidePort) {
        Address from = Address.parse(outside);
        Address to = Address.parse(inside);
        Tuple tuple = new Tuple();
        tuple.flags = from.isV6() ? Tuple.V6 : 0;
        tuple.outsideHigh = from.high();
        tuple.outsideLow = from.low();
        tuple.insideHigh = to.high();
        tuple.insideLow = to.low();
        tuple.service = Tuple.service(protocol, 0, outsidePort << 16 | insidePort);
        return tuple;
    }

    private Flow add(Tuple tuple, Direction direction, Timeout state, int rule, int packets) {
        long ageNs = packets * SECOND;
        Flow flow = Objects.requireNonNull(table.insert(tuple, direction, state, startNs - ageNs, rule, 0, null, null));
        table.count(flow.entry(), Direction.INGRESS, packets, 100 * packets);
        return flow;
    }

    /** One flow of each kind; the number of its packets, and of the seconds of its age, tells them apart. */
    private void fill() {
        add(
                tuple(IpProtocol.TCP, "203.0.113.9", 50_001, "10.0.5.10", HTTPS),
                Direction.INGRESS,
                Timeout.TCP_ESTABLISHED,
                policy.hash(0),
                1);
        add(
                tuple(IpProtocol.TCP, "203.0.113.7", 50_001, "10.0.5.10", HTTPS),
                Direction.INGRESS,
                Timeout.TCP_TIME_WAIT,
                policy.hash(0),
                2);
        add(
                tuple(IpProtocol.UDP, "203.0.113.9", 50_002, "10.0.5.11", 53),
                Direction.INGRESS,
                Timeout.UDP_STREAM,
                policy.hash(1),
                3);
        add(
                tuple(IpProtocol.TCP, "2001:db8::9", HTTPS, "2001:db8:1::10", 50_003),
                Direction.EGRESS,
                Timeout.TCP_ESTABLISHED,
                0,
                4);
        add(
                tuple(IpProtocol.ICMP, "203.0.113.9", 8 << 8, "10.0.5.10", 77),
                Direction.INGRESS,
                Timeout.ICMP,
                policy.hash(2),
                5);
        add(tuple(47, "198.51.100.1", 0, "10.0.5.10", 0), Direction.INGRESS, Timeout.OTHER, 0x1234_5678, 6);
    }

    private FlowsReport list(Map<String, String> conditions, FlowsRequest.Order order, int limit) {
        return flows.flows(new FlowsRequest(FlowConditions.of(conditions), order, limit))
                .join();
    }

    private List<Long> found(String... conditions) {
        Map<String, String> query = new HashMap<>();
        for (int i = 0; i < conditions.length; i += 2) {
            query.put(conditions[i], conditions[i + 1]);
        }
        return list(query, FlowsRequest.Order.AGE, 100).flows().stream()
                .map(flow -> flow.total().ingressPackets())
                .sorted()
                .toList();
    }

    @Test
    void conditionsAreJoinedByAnd() {
        fill();
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L), found());
        assertEquals(List.of(1L, 2L, 4L), found("protocol", "6"));
        assertEquals(List.of(1L, 3L, 5L), found("peer", "203.0.113.9"));
        assertEquals(List.of(1L, 2L, 5L, 6L), found("peer", "10.0.5.10/32"));
        assertEquals(List.of(4L), found("peer", "2001:db8::/64"));
        assertEquals(List.of(1L, 2L, 4L), found("port", "443"));
        assertEquals(List.of(), found("port", "77"));
        assertEquals(List.of(4L), found("direction", "egress"));
        assertEquals(List.of(1L, 4L), found("state", "established"));
        assertEquals(List.of(2L), found("state", "tcp-time-wait"));
        assertEquals(List.of(1L, 2L), found("rule", "web/ingress[1]"));
        assertEquals(List.of(1L, 2L, 3L, 5L), found("rule", "web"));
        assertEquals(List.of(6L), found("rule", "gone"));
        assertEquals(List.of(4L), found("rule", "none"));
        assertEquals(List.of(1L), found("tuple", "6 203.0.113.9 50001 10.0.5.10 443"));
        assertEquals(List.of(1L), found("tuple", "6 10.0.5.10 443 203.0.113.9 50001"));
        assertEquals(List.of(), found("tuple", "6 203.0.113.9 443 10.0.5.10 50001"));
        assertEquals(List.of(1L), found("rule", "web", "protocol", "6", "peer", "203.0.113.9/32", "interface", "web0"));
    }

    @Test
    void aNameThatDoesNotExistIsRefused() {
        fill();
        for (Map.Entry<String, String> bad : Map.of(
                        "interface", "no interface web9 is guarded: there is web0",
                        "state", "no state web9: there is tcp-syn-sent",
                        "rule", "no rule web9 is in force")
                .entrySet()) {
            CompletionException refusal =
                    assertThrows(CompletionException.class, () -> found(bad.getKey(), "web9"), bad.getKey());
            Throwable misuse = assertInstanceOf(IllegalArgumentException.class, refusal.getCause());
            assertTrue(String.valueOf(misuse.getMessage()).startsWith(bad.getValue()), misuse.getMessage());
        }
    }

    @Test
    void theFirstOfEachOrderAreListed() {
        fill();
        Map<FlowsRequest.Order, List<Long>> expected = Map.of(
                FlowsRequest.Order.BYTES, List.of(6L, 5L),
                FlowsRequest.Order.PACKETS, List.of(6L, 5L),
                FlowsRequest.Order.AGE, List.of(6L, 5L),
                FlowsRequest.Order.NEW, List.of(1L, 2L),
                FlowsRequest.Order.IDLE, List.of(6L, 5L));
        assertEquals(FlowsRequest.Order.values().length, expected.size());
        expected.forEach((order, packets) -> {
            FlowsReport report = list(Map.of(), order, 2);
            assertEquals(6, report.matching());
            assertEquals(6, report.tracked());
            assertEquals(
                    packets,
                    report.flows().stream()
                            .map(flow -> flow.total().ingressPackets())
                            .toList(),
                    order.label());
        });
    }

    @Test
    void aFlowIsShownAsItsFirstPacketWent() {
        fill();
        FlowView inward =
                list(Map.of("port", "53"), FlowsRequest.Order.BYTES, 1).flows().getFirst();
        assertEquals("203.0.113.9", inward.source());
        assertEquals(50_002, inward.sourcePort());
        assertEquals("10.0.5.11", inward.destination());
        assertEquals(53, inward.destinationPort());
        assertEquals("web/ingress[2]", inward.rule().id());
        FlowView outward = list(Map.of("direction", "egress"), FlowsRequest.Order.BYTES, 1)
                .flows()
                .getFirst();
        assertEquals("2001:db8:1::10", outward.source());
        assertEquals(HTTPS, outward.destinationPort());
        assertEquals("none", outward.rule().kind());
        FlowView ping = list(Map.of("protocol", "1"), FlowsRequest.Order.BYTES, 1)
                .flows()
                .getFirst();
        assertEquals("type 8 code 0 id 77", ping.icmp());
        assertEquals(0, ping.sourcePort());
    }

    @Test
    void aFlushEndsWhatItShowsUnlessItIsADryRunOrTheOwnSession() {
        fill();
        FlowConditions https = FlowConditions.of(Map.of("rule", "web/ingress[1]"));
        FlushReport dry = flows.flush(new FlushRequest(https, false, true, false, "", 10), Actor.UNKNOWN);
        assertEquals(2, dry.matching());
        assertEquals(0, dry.ended());
        assertEquals(6, table.size());

        String session = "203.0.113.7 50001 10.0.5.10 443";
        FlushReport refused = flows.flush(new FlushRequest(https, false, false, false, session, 10), Actor.UNKNOWN);
        assertFalse(refused.ok());
        assertEquals(6, table.size());
        FlushReport allowed = flows.flush(new FlushRequest(https, false, false, true, session, 1), Actor.UNKNOWN);
        assertTrue(allowed.ok());
        assertEquals(2, allowed.ended());
        assertEquals(1, allowed.flows().size());
        assertEquals(List.of(3L, 4L, 5L, 6L), found());

        FlushReport all =
                flows.flush(new FlushRequest(FlowConditions.ALL, true, false, false, session, 10), Actor.UNKNOWN);
        assertEquals(4, all.ended());
        assertEquals(0, table.size());
    }

    @Test
    void aFlushSparesTheFlowThatHasTakenTheEntryMeanwhile() {
        fill();
        Flow first = Objects.requireNonNull(
                table.find(tuple(IpProtocol.TCP, "203.0.113.9", 50_001, "10.0.5.10", HTTPS), startNs));
        int entry = first.entry();
        int number = first.number();
        assertEquals(0, end(0, new int[] {entry}, new int[] {number + 100}, 0));
        assertEquals(1, end(0, new int[] {entry, entry}, new int[] {number, number}, 0));
        assertEquals(5, table.size());
    }

    private TalkersReport talkers(TalkersRequest.By by, TalkersRequest.Order order, int limit) {
        return flows.talkers(new TalkersRequest(FlowConditions.ALL, by, order, TalkersRequest.SHORTEST_MS, limit))
                .join();
    }

    /** Among 40,000 peers with little traffic each: a large one has traffic in many flows, of which each is small. */
    @Test
    void theLargestTalkersAreFoundAmongManySmallOnes() {
        List<Integer> small = new ArrayList<>();
        List<Integer> large = new ArrayList<>();
        for (int i = 0; i < 40_000; i++) {
            Tuple tuple = tuple(
                    IpProtocol.UDP,
                    "10." + (i >>> 16) + "." + (i >>> 8 & 255) + "." + (i & 255),
                    1_000,
                    "192.0.2.1",
                    53);
            small.add(add(tuple, Direction.INGRESS, Timeout.UDP, policy.hash(1), 1)
                    .entry());
        }
        for (int i = 0; i < 500; i++) {
            Tuple tuple = tuple(IpProtocol.TCP, "203.0.113.9", 10_000 + i, "192.0.2.1", HTTPS);
            large.add(add(tuple, Direction.INGRESS, Timeout.TCP_ESTABLISHED, policy.hash(0), 1)
                    .entry());
        }
        CompletableFuture<TalkersReport> asked = flows.talkers(new TalkersRequest(
                FlowConditions.ALL,
                TalkersRequest.By.PEER,
                TalkersRequest.Order.PACKETS,
                TalkersRequest.LONGEST_MS,
                3));
        // The first reading is over when a request that came after it is answered.
        list(Map.of(), FlowsRequest.Order.BYTES, 1);
        small.forEach(entry -> table.count(entry, Direction.EGRESS, 1, 1_500));
        large.forEach(entry -> table.count(entry, Direction.INGRESS, 2, 120));
        TalkersReport report = asked.join();
        double seconds = report.overMs() / 1_000.0;
        TalkersReport.Talker first = report.talkers().getFirst();
        assertEquals("203.0.113.9", first.name());
        assertEquals(500, first.flows());
        assertEquals(1_000 / seconds, (double) first.perSecond().ingressPackets(), 10 / seconds);
        assertEquals(500 * 3, first.total().ingressPackets());
        assertEquals(3, report.talkers().size());
        assertEquals(40_500, report.active());
        assertEquals(40_500, report.tracked());
        assertEquals(0, report.notMeasured());
        assertEquals(40_000 / seconds, (double) report.perSecond().egressPackets(), 400 / seconds);
    }

    @Test
    void trafficIsSummedByFlowRuleAndPort() {
        fill();
        Flow https = Objects.requireNonNull(
                table.find(tuple(IpProtocol.TCP, "203.0.113.9", 50_001, "10.0.5.10", HTTPS), startNs));
        int entry = https.entry();
        Map<TalkersRequest.By, String> expected = Map.of(
                TalkersRequest.By.PEER, "203.0.113.9",
                TalkersRequest.By.FLOW, "tcp 203.0.113.9:50001 → 10.0.5.10:443",
                TalkersRequest.By.RULE, "web/ingress[1]",
                TalkersRequest.By.PORT, "tcp 443");
        assertEquals(TalkersRequest.By.values().length, expected.size());
        expected.forEach((by, name) -> {
            CompletableFuture<TalkersReport> asked = flows.talkers(new TalkersRequest(
                    FlowConditions.ALL, by, TalkersRequest.Order.BYTES, TalkersRequest.SHORTEST_MS, 5));
            list(Map.of(), FlowsRequest.Order.BYTES, 1);
            table.count(entry, Direction.INGRESS, 10, 100_000);
            TalkersReport report = asked.join();
            assertEquals(
                    List.of(name),
                    report.talkers().stream().map(TalkersReport.Talker::name).toList());
            assertEquals(
                    100_000 * 1_000.0 / report.overMs(),
                    (double) report.talkers().getFirst().perSecond().ingressBytes(),
                    100_000 * 10.0 / report.overMs());
        });
        assertEquals(
                List.of(),
                talkers(TalkersRequest.By.PEER, TalkersRequest.Order.BYTES, 5).talkers());
    }

    @Test
    void tooManyRequestsAtOnceAreRefused() {
        CountDownLatch mayAnswer = new CountDownLatch(1);
        try (Flows slow = new Flows(() -> {
            try {
                mayAnswer.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return List.of();
        })) {
            List<CompletableFuture<FlowsReport>> asked = new ArrayList<>();
            FlowsRequest request = new FlowsRequest(FlowConditions.ALL, FlowsRequest.Order.BYTES, 1);
            for (int i = 0; i < 20; i++) {
                asked.add(slow.flows(request));
            }
            assertEquals(
                    4,
                    asked.stream()
                            .filter(CompletableFuture::isCompletedExceptionally)
                            .count());
            mayAnswer.countDown();
            asked.stream().filter(answer -> !answer.isCompletedExceptionally()).forEach(CompletableFuture::join);
            assertEquals(0, slow.flows(request).join().tracked());
        }
    }
}
