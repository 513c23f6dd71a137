package io.portcullis.simulation;

import io.portcullis.conntrack.SimulatedTcp;
import io.portcullis.net.Direction;
import io.portcullis.packet.TcpFlags;
import io.portcullis.reference.Datagram;
import io.portcullis.reference.Guesser;
import io.portcullis.reference.Transport;
import java.util.SplittableRandom;

/**
 * Two correct TCP endpoints. Sometimes one of them resets the connection, or connects again from the same port. The firewall may start
 * when they are already established.
 */
final class TcpTalk implements Simulation.Conversation {
    /** A segment of one of the connections. */
    private record Spoken(int call, SimulatedTcp.Segment segment) {}

    /** The talk ends after so many timeouts without an arrival. */
    private static final int PATIENCE = 6;

    private final Simulation world;
    private final Guesser.Target target;
    private final Direction direction;
    private final SplittableRandom random;
    private final int hangsUpAfter;
    private SimulatedTcp[] ends;
    private final long[] timerNs = {Long.MAX_VALUE, Long.MAX_VALUE};
    private int arrived;
    private int silent;
    private boolean over;
    private boolean innocent = true;
    /** Segments left before the firewall starts; 0: it has started. */
    private int unguarded;

    private final boolean pickedUp;
    private boolean hasPassed;
    private boolean spared;
    private boolean callsAgain;
    private int call;

    private TcpTalk(Simulation world, Guesser.Target target, Direction direction, boolean underWay) {
        this.world = world;
        pickedUp = underWay;
        this.target = target;
        this.direction = direction;
        random = world.random().split();
        hangsUpAfter = random.nextInt(6) == 0 ? random.nextInt(1, 100) : Integer.MAX_VALUE;
        callsAgain = random.nextInt(6) == 0;
        unguarded = underWay ? random.nextInt(1, 30) : 0;
        ends = ends();
    }

    private SimulatedTcp[] ends() {
        return new SimulatedTcp[] {new SimulatedTcp(true, random.split()), new SimulatedTcp(false, random.split())};
    }

    /**
     * The originator's packets travel in this direction.
     *
     * @param underWay true: the firewall starts after the handshake
     */
    static TcpTalk begin(Simulation world, Guesser.Target target, Direction direction, boolean underWay) {
        TcpTalk talk = new TcpTalk(world, target, direction, underWay);
        talk.ends[0].connect(world.nowNs());
        // Sockets of a host have no VLAN tags.
        if (target.vlans() == 0 && talk.random.nextInt(5) == 0) {
            talk.getUnderWay();
        }
        talk.collect(0);
        talk.collect(1);
        return talk;
    }

    /** The first segments bypass the firewall. Then the connection is adopted, or picked up. */
    private void getUnderWay() {
        for (int left = random.nextInt(3, 300); left > 0; left--) {
            int from = ends[0].out().isEmpty() ? 1 : ends[1].out().isEmpty() ? 0 : random.nextInt(2);
            SimulatedTcp.Segment segment = ends[from].out().poll();
            if (segment == null) {
                break;
            }
            ends[1 - from].onSegment(segment, world.nowNs());
        }
        over = ends[0].isDone() && ends[1].isDone();
        innocent = !over && random.nextInt(3) > 0 && adopt();
    }

    /** A host derives the direction from its listening sockets, which may be wrong. */
    private boolean adopt() {
        int originator = random.nextInt(4) == 0 ? 1 : 0;
        Direction way = originator == 0 ? direction : direction.opposite();
        Transport.Tcp tcp =
                new Transport.Tcp(target.sourceNumber(way), target.destinationNumber(way), TcpFlags.ACK, 0, 0, 0);
        boolean tellsScales = random.nextInt(4) > 0;
        return world.adopt(
                target.datagram(way, tcp, 0),
                tellsScales ? ends[originator].scale() : -1,
                tellsScales ? ends[1 - originator].scale() : -1);
    }

    @Override
    public void delivered(Simulation.Arrival arrival) {
        // Late segments of the connection before fit no window of this one.
        if (over
                || !(arrival.content() instanceof Spoken(int ofCall, SimulatedTcp.Segment segment))
                || ofCall != call) {
            return;
        }
        silent = 0;
        arrived++;
        int end = segment.fromOriginator() ? 1 : 0;
        ends[end].onSegment(segment, world.nowNs());
        collect(end);
        if (arrived >= hangsUpAfter) {
            hangUp(segment);
        } else if (ends[0].isDone() && ends[1].isDone()) {
            finish();
        }
    }

    private void finish() {
        if (!callsAgain) {
            over = true;
            return;
        }
        callsAgain = false;
        call++;
        innocent = false;
        ends = ends();
        ends[0].connect(world.nowNs());
        collect(0);
    }

    /** The receiver of a segment resets the connection. */
    private void hangUp(SimulatedTcp.Segment segment) {
        over = true;
        innocent = false;
        send(
                !segment.fromOriginator(),
                new Transport.Tcp(0, 0, TcpFlags.RST, segment.acknowledgment(), 0, 0),
                0,
                segment);
    }

    @Override
    public void timer(int which) {
        timerNs[which] = Long.MAX_VALUE;
        if (over) {
            return;
        }
        if (ends[which].timerNs() <= world.nowNs()) {
            over = ++silent > PATIENCE;
            ends[which].onTimer(world.nowNs());
        }
        collect(which);
    }

    private void collect(int end) {
        for (SimulatedTcp.Segment segment = ends[end].out().poll();
                segment != null;
                segment = ends[end].out().poll()) {
            boolean sacks = segment.sackLeft() != segment.sackRight() && !segment.sackPermitted();
            Transport.Tcp tcp = new Transport.Tcp(
                    0,
                    0,
                    segment.flags(),
                    segment.sequence(),
                    segment.acknowledgment(),
                    segment.window(),
                    segment.windowScale(),
                    segment.sackPermitted(),
                    sacks ? segment.sackLeft() : 0,
                    sacks ? segment.sackRight() : 0);
            send(segment.fromOriginator(), tcp, segment.length(), segment);
        }
        if (ends[end].timerNs() < timerNs[end]) {
            timerNs[end] = ends[end].timerNs();
            world.wake(this, end, timerNs[end]);
        }
    }

    private void send(boolean fromOriginator, Transport.Tcp tcp, int length, SimulatedTcp.Segment content) {
        Direction way = fromOriginator ? direction : direction.opposite();
        Transport.Tcp addressed = new Transport.Tcp(
                target.sourceNumber(way),
                target.destinationNumber(way),
                tcp.flags(),
                tcp.sequence(),
                tcp.acknowledgment(),
                tcp.window(),
                tcp.windowScale(),
                tcp.sackPermitted(),
                tcp.sackLeft(),
                tcp.sackRight());
        Datagram datagram = target.datagram(way, addressed, length);
        if (unguarded == 0) {
            world.send(datagram, this, new Spoken(call, content));
            return;
        }
        world.sendUnguarded(datagram, this, new Spoken(call, content));
        if (ends[0].isEstablished() && ends[1].isEstablished()) {
            unguarded--;
        }
    }

    @Override
    public void passed(boolean nowSpared) {
        hasPassed = true;
        spared = nowSpared;
    }

    @Override
    public boolean isOver() {
        return over;
    }

    @Override
    public Guesser.Target target() {
        return target;
    }

    @Override
    public void disturbed() {
        innocent = false;
    }

    @Override
    public boolean isInnocent(boolean full) {
        return innocent && (hasPassed || !pickedUp) && (spared || !full);
    }
}
