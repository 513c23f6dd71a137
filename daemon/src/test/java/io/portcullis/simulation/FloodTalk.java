package io.portcullis.simulation;

import io.portcullis.net.Direction;
import io.portcullis.packet.TcpFlags;
import io.portcullis.reference.Datagram;
import io.portcullis.reference.Guesser;
import io.portcullis.reference.Transport;

/** One source of a flood: it asks once and is answered. Some close the connection that they opened at once. */
final class FloodTalk implements Simulation.Conversation {
    private static final int SEQUENCE = 1_000;
    private static final int ANSWER = 9_000;
    private static final int WINDOW = 65_535;

    private final Simulation world;
    private final Guesser.Target target;
    private final Direction direction;
    private final Guesser guesser;

    private FloodTalk(Simulation world, Guesser.Target target, Direction direction, Guesser guesser) {
        this.world = world;
        this.target = target;
        this.direction = direction;
        this.guesser = guesser;
    }

    static void begin(Simulation world, Guesser.Target target, Direction direction, Guesser guesser) {
        FloodTalk talk = new FloodTalk(world, target, direction, guesser);
        if (target.kind() == Guesser.Kind.TCP) {
            talk.segment(direction, TcpFlags.SYN, SEQUENCE, 0);
        } else {
            talk.send(guesser.first(target, direction));
        }
    }

    private void send(Datagram datagram) {
        world.send(datagram, this, datagram);
    }

    private void segment(Direction way, int flags, int sequence, int acknowledgment) {
        Transport.Tcp tcp = new Transport.Tcp(
                target.sourceNumber(way), target.destinationNumber(way), flags, sequence, acknowledgment, WINDOW);
        send(target.datagram(way, tcp, 0));
    }

    @Override
    public void delivered(Simulation.Arrival arrival) {
        Datagram datagram = arrival.datagram();
        boolean asks = datagram.direction() == direction;
        if (!(datagram.transport() instanceof Transport.Tcp tcp)) {
            if (asks) {
                send(guesser.reply(target, direction.opposite()));
            }
        } else if (tcp.has(TcpFlags.SYN) && asks) {
            segment(direction.opposite(), TcpFlags.SYN | TcpFlags.ACK, ANSWER, SEQUENCE + 1);
        } else if (tcp.has(TcpFlags.SYN) && world.random().nextBoolean()) {
            int closes = world.random().nextBoolean() ? TcpFlags.RST : TcpFlags.FIN;
            segment(direction, TcpFlags.ACK, SEQUENCE + 1, ANSWER + 1);
            segment(direction, closes | TcpFlags.ACK, SEQUENCE + 1, ANSWER + 1);
        }
    }

    @Override
    public void timer(int which) {
        // It sets no timer.
    }

    @Override
    public boolean isOver() {
        return true;
    }

    @Override
    public Guesser.Target target() {
        return target;
    }

    @Override
    public void disturbed() {
        // Floods are not forged.
    }

    @Override
    public boolean isInnocent(boolean full) {
        return false;
    }
}
