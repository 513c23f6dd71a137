package io.portcullis.simulation;

import io.portcullis.net.Direction;
import io.portcullis.reference.Datagram;
import io.portcullis.reference.Guesser;

/** Requests and replies without a connection: UDP, SCTP, ICMP queries, any other protocol. Sometimes a router sends an error. */
final class DatagramTalk implements Simulation.Conversation {
    private static final long MILLI = 1_000_000L;

    private final Simulation world;
    private final Guesser.Target target;
    private final Direction direction;
    private final Guesser guesser;
    private int left;

    private DatagramTalk(Simulation world, Guesser.Target target, Direction direction, Guesser guesser) {
        this.world = world;
        this.target = target;
        this.direction = direction;
        this.guesser = guesser;
        left = world.random().nextInt(1, 30);
    }

    static DatagramTalk begin(Simulation world, Guesser.Target target, Direction direction, Guesser guesser) {
        DatagramTalk talk = new DatagramTalk(world, target, direction, guesser);
        talk.request();
        return talk;
    }

    private void request() {
        left--;
        Datagram request = guesser.first(target, direction);
        world.send(request, this, request);
        // A pause longer than some timeouts, now and then.
        long pause = world.random().nextInt(8) == 0 ? 40_000 * MILLI : 500 * MILLI;
        world.wake(this, 0, world.nowNs() + world.random().nextLong(pause));
    }

    @Override
    public void delivered(Simulation.Arrival arrival) {
        Datagram datagram = arrival.datagram();
        if (datagram.direction() != direction) {
            return;
        }
        if (world.random().nextInt(10) == 0) {
            Datagram complaint = guesser.complaint(target, datagram);
            world.send(complaint, this, complaint);
            return;
        }
        Datagram reply = guesser.reply(target, direction.opposite());
        world.send(reply, this, reply);
    }

    @Override
    public void timer(int which) {
        if (left > 0) {
            request();
        }
    }

    @Override
    public boolean isOver() {
        return left <= 0;
    }

    @Override
    public Guesser.Target target() {
        return target;
    }

    @Override
    public void disturbed() {
        left = Math.min(left, 5);
    }

    @Override
    public boolean isInnocent(boolean full) {
        return false;
    }
}
