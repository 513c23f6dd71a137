package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.config.ConfigException;
import io.portcullis.net.Direction;
import io.portcullis.packet.AddressPair;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Adopted connections (security-groups.md, section 3), and connections that a start without flows learns. */
final class AdoptedTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final long A_BITS = 198L << 24 | 51 << 16 | 100 << 8 | 7;
    private static final long B_BITS = 10L << 24 | 1;
    private static final String STRICT = "security-groups: {web: {egress: []}}\n";
    private static final int ACK = TcpFlags.ACK;
    private static final int SCALE = 7;

    /** The side inside listens on port 22. */
    private static final Adopted SSH = adopted(40000, 22, Direction.INGRESS);

    private static Adopted adopted(int outsidePort, int insidePort, Direction direction) {
        return new Adopted(false, 0, A_BITS, outsidePort, 0, B_BITS, insidePort, direction, SCALE, SCALE);
    }

    private static Frame fromOutside(int flags, int sequence, int ack) {
        return Frame.tcp(A, 40000, B, 22, flags).numbers(sequence, ack).window(512);
    }

    private static Frame fromInside(int flags, int sequence, int ack) {
        return Frame.tcp(B, 22, A, 40000, flags).numbers(sequence, ack).window(512);
    }

    private static EngineBench bench() throws ConfigException {
        EngineBench bench = new EngineBench(STRICT);
        assertEquals(1, bench.adopt(SSH));
        return bench;
    }

    @Test
    void itGoesOnThoughNoRuleAdmitsIt() throws ConfigException {
        EngineBench bench = bench();
        assertEquals(1, bench.engine().counters().total(Counters.Total.FLOWS));
        assertEquals(Reason.NONE, bench.in(fromOutside(ACK, 5000, 9000).payload(100)));
        assertEquals(Reason.NONE, bench.out(fromInside(ACK, 9000, 5100).payload(300)));
        assertEquals(Reason.NONE, bench.in(fromOutside(ACK, 5100, 9300)));
        assertEquals(Reason.TCP_NO_SYN, bench.in(Frame.tcp(A, 40001, B, 22, ACK).numbers(5000, 9000)));
        assertEquals(Reason.NO_RULE, bench.in(Frame.tcp(A, 40001, B, 22, TcpFlags.SYN)));
        bench.sleepSeconds(431_999);
        assertEquals(Reason.NONE, bench.out(fromInside(ACK, 9300, 5100).payload(10)), "as any established one");
        bench.sleepSeconds(432_000);
        assertEquals(Reason.TCP_NO_SYN, bench.out(fromInside(ACK, 9310, 5100)));
    }

    @Test
    void itsWindowsCountOnceBothSidesHaveBeenSeen() throws ConfigException {
        EngineBench bench = bench();
        // The side inside sends far beyond its own window, before the other has sent anything.
        assertEquals(Reason.NONE, bench.out(fromInside(ACK, 9000, 5000).payload(1000)));
        assertEquals(
                Reason.NONE, bench.out(fromInside(ACK, 9000 + 500_000, 5000).payload(1000)));
        int end = 9000 + 501_000;
        assertEquals(Reason.NONE, bench.in(fromOutside(ACK, 5000, end)));
        int allowed = end + (512 << SCALE);
        assertEquals(
                Reason.TCP_WINDOW, bench.out(fromInside(ACK, allowed + 1, 5000).payload(1)), "beyond A's window");
        assertEquals(
                Reason.TCP_WINDOW, bench.in(fromOutside(ACK, 5000, allowed + 1)), "of data that B can't have sent");
        assertEquals(
                Reason.NONE, bench.out(fromInside(ACK, allowed - 1000, 5000).payload(1000)), "the scale is known");
        assertEquals(Reason.TCP_WINDOW, bench.in(fromOutside(ACK, 5000, allowed + 1)), "of data that B has not sent");
    }

    @Test
    void dataFromBeforeTheStartMayBeSentAgainAndAcknowledged() throws ConfigException {
        EngineBench bench = bench();
        // B repeats an old segment. A has received all of it, and more that the engine never saw.
        assertEquals(Reason.NONE, bench.out(fromInside(ACK, 9000, 5000).payload(100)));
        assertEquals(Reason.NONE, bench.in(fromOutside(ACK, 5000, 9500)));
        assertEquals(Reason.NONE, bench.out(fromInside(ACK, 9500, 5000).payload(100)));
        assertEquals(Reason.NONE, bench.in(fromOutside(ACK, 5000, 9600)));
    }

    @Test
    void itsResetsCountOnceBothSidesHaveBeenSeen() throws ConfigException {
        EngineBench bench = bench();
        int rst = TcpFlags.RST;
        assertEquals(Reason.NONE, bench.in(fromOutside(ACK, 5000, 9000)));
        assertEquals(Reason.NONE, bench.in(fromOutside(rst, 123, 0)), "passes, and touches nothing");
        assertEquals(Reason.NONE, bench.out(fromInside(ACK, 9000, 5000).payload(10)));
        assertEquals(Reason.TCP_WINDOW, bench.in(fromOutside(rst, 123, 0)));
        assertEquals(Reason.NONE, bench.in(fromOutside(rst, 5000, 0)));
        bench.sleepSeconds(11);
        assertEquals(Reason.TCP_NO_SYN, bench.out(fromInside(ACK, 9010, 5000)), "closed");
    }

    @Test
    void itClosesAsOthersDo() throws ConfigException {
        EngineBench bench = bench();
        assertEquals(Reason.NONE, bench.in(fromOutside(TcpFlags.FIN | ACK, 5000, 9000)));
        assertEquals(Reason.NONE, bench.out(fromInside(ACK, 9000, 5001)));
        assertEquals(Reason.NONE, bench.out(fromInside(TcpFlags.FIN | ACK, 9000, 5001)));
        assertEquals(Reason.NONE, bench.in(fromOutside(ACK, 5001, 9001)));
        bench.sleepSeconds(121);
        assertEquals(Reason.TCP_NO_SYN, bench.in(fromOutside(ACK, 5001, 9001)));
    }

    @Test
    void eachWorkerAdoptsItsOwnAsFarAsTheTableHasSpace() throws ConfigException {
        int seed = 4711;
        int home = AddressPair.worker(AddressPair.hash(seed, 0, A_BITS, 0, B_BITS), 2);
        for (int worker = 0; worker < 2; worker++) {
            Engine engine = new Engine(EngineBench.policy("", STRICT, 1), new Shard(worker, 2, seed), 1, 2);
            assertEquals(worker == home ? 1 : 0, engine.adopt(List.of(SSH), 1));
        }
        EngineBench small = new EngineBench(STRICT + "conntrack: {max-flows: 2}\n");
        assertEquals(
                2,
                small.adopt(
                        adopted(1, 22, Direction.INGRESS),
                        adopted(2, 22, Direction.INGRESS),
                        adopted(3, 22, Direction.INGRESS)));
        assertEquals(0, small.adopt(adopted(1, 22, Direction.INGRESS)), "is there already");
    }

    @Test
    void itIsNotEvicted() throws ConfigException {
        EngineBench bench = new EngineBench("security-groups: {web: {}}\nconntrack: {max-flows: 1}\n");
        bench.adopt(SSH);
        assertEquals(Reason.FLOW_LIMIT, bench.out(Frame.udp(B, 1, A, 2)));
    }

    @Test
    void aBridgeMayLearnForAWhile() throws ConfigException {
        String web = "security-groups: {web: {ingress: [{protocol: tcp, ports: 80, from: any}], egress: []}}\n";
        EngineBench bench = new EngineBench("learn: 30s", web, false);
        Frame ack = Frame.tcp(A, 1, B, 80, ACK).numbers(5000, 9000).window(512);
        assertEquals(Reason.TCP_NO_SYN, bench.in(ack), "not before the start");
        bench.start();
        bench.sleepSeconds(29);
        assertEquals(Reason.NONE, bench.in(ack));
        assertEquals(
                Reason.NONE,
                bench.out(Frame.tcp(B, 80, A, 1, ACK).numbers(9000, 5000).payload(10)));
        assertEquals(Reason.NO_RULE, bench.in(Frame.tcp(A, 1, B, 81, ACK)), "only what a rule admits");
        assertEquals(Reason.TCP_NO_SYN, bench.in(Frame.tcp(A, 2, B, 80, ACK | TcpFlags.FIN)), "only a plain ACK");
        bench.install(EngineBench.policy("learn: 30s", web, 2));
        bench.sleepSeconds(1);
        assertEquals(Reason.TCP_NO_SYN, bench.in(Frame.tcp(A, 3, B, 80, ACK)), "a reload does not begin anew");
        assertEquals(Reason.NONE, bench.in(ack), "what was learnt goes on");
    }
}
